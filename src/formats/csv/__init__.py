"""CSV: one row a peak, or two columns m/z and intensity."""
