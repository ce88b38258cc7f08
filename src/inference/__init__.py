"""Predicting spectra with trained weights and writing them to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .predictor import Predictor
    from .results import FailedPrediction, PredictedSpectrum

__all__ = ["FailedPrediction", "PredictedSpectrum", "Predictor"]


def __getattr__(name: str) -> Any:
    # PyTorch takes seconds to import; reading input and writing files does without it.
    if name == "Predictor":
        from .predictor import Predictor

        return Predictor
    if name in __all__:
        from . import results

        return getattr(results, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
