"""Which device a model runs on."""

from __future__ import annotations

import os

import torch

from ..errors import UserError

# What oneDNN and PyTorch's layer above it read the capacities of their caches from.
_CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")


class DeviceError(UserError):
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


def bound_caches() -> None:
    """Let oneDNN keep what it has prepared for 16 shapes of tensors, not for a thousand.

    Hardly two batches of molecules have as many atoms: in training, the caches would grow by
    several MB a step, to some GB. To be called before the first computation; what the user has set
    in the environment stays.

    Example:
        >>> from nextims.models.device import bound_caches
        >>> bound_caches()
    """
    for name in _CACHES:
        os.environ.setdefault(name, "16")
