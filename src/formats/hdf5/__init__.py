"""HDF5: predicted spectra in the layout of the store that training reads."""
