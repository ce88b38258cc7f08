"""One module a command: ``nextims NAME``, and the script of its name."""
