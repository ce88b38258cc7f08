"""NExtIMS: electron-ionization mass spectra predicted from structures.

Example:
    >>> import nextims
    >>> ethanol = nextims.predict("CCO")
    >>> ethanol.highest_peaks(1)[0].mz
    31
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .api.comparison import compare
    from .api.files import read, write
    from .api.prediction import Predictor, predict
    from .api.search import search

__all__ = ["Predictor", "__version__", "compare", "predict", "read", "search", "write"]

# Each is loaded when it is first asked for: RDKit and NumPy alone take a third of a second.
_PLACES = {
    "Predictor": "prediction",
    "compare": "comparison",
    "predict": "prediction",
    "read": "files",
    "search": "search",
    "write": "files",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".api.{_PLACES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
