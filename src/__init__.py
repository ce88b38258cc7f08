"""NExtIMS: electron-ionization mass spectra predicted from structures."""

from .version import __version__

__all__ = ["__version__"]
