"""What follows from a structure alone: its formula, its isotopes, its graph, how it breaks."""
