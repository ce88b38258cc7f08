"""The page that ``nextims app`` opens, and the HTTP API behind it."""
