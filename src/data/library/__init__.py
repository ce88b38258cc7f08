"""From the records of a library to the store of spectra: filters, corrections, splits."""
