"""MassBank's own text format."""
