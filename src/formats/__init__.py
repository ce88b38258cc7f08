"""The formats of spectra, each in a folder of its own: ``reading.py``, ``writing.py`` or both."""
