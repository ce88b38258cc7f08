"""JSON of spectra."""
