"""Derivatives as they go into a gas chromatograph: reagents, and what they react with."""
