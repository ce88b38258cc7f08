"""What ``nextims.predict`` and its neighbours are: the package as a script or notebook uses it."""
