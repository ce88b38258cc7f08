"""Searching for a measured spectrum among the spectra of a library, or of predicted candidates."""
