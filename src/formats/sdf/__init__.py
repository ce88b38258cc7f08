"""SDF with the tags of spectra."""
