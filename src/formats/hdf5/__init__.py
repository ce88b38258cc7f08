"""HDF5: the layout of the store that training reads."""
