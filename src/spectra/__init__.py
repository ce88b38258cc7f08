"""The value types: spectra, measured records, predicted spectra with their ions and uncertainty."""
