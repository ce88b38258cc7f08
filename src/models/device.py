"""Which device a model runs on."""

from __future__ import annotations

import torch


class DeviceError(ValueError):
    """The device that was asked for is not there."""


def choose_device(name: str) -> str:
    """Return "cpu" or "cuda" for the name of a device in the settings.

    Args:
        name: "cpu", "cuda", or "auto": CUDA where there is a GPU for it.

    Raises:
        DeviceError: "cuda" is asked for and PyTorch finds no GPU.

    Example:
        >>> from nextims.models.device import choose_device
        >>> choose_device("cpu")
        'cpu'
    """
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda: PyTorch finds no GPU here; use cpu or auto")
    return name
