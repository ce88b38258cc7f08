"""Predicting spectra with trained weights, of one structure and of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import training_packages_named

if TYPE_CHECKING:
    from ..spectra.prediction import FailedPrediction, PredictedSpectrum
    from .predictor import Predictor

__all__ = ["FailedPrediction", "PredictedSpectrum", "Predictor"]


def __getattr__(name: str) -> Any:
    # PyTorch takes seconds to import; reading input and writing files does without it.
    if name == "Predictor":
        with training_packages_named():
            from .predictor import Predictor

        return Predictor
    if name in __all__:
        from ..spectra import prediction

        return getattr(prediction, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
