"""Models made again from their arguments and weights, whatever a file says these are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

# No model of ours has an argument near this.
_LARGEST_ARGUMENT = 100_000
# Older weights know fewer elements, see ``accept_fewer_elements``.
_GROWTH = 1.25


def rebuilt(
    make: Callable[..., nn.Module], arguments: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> nn.Module:
    """Return a model with its weights as float32, in memory only once the two agree in size.

    Args:
        make: the model's class.
        arguments: what it is made with.
        weights: its parameters and buffers.

    Raises:
        ValueError: the weights are of another model than the arguments.
        Exception: whatever the class makes of arbitrary arguments.

    Example:
        >>> from torch import nn
        >>> from nextims.models.rebuilding import rebuilt
        >>> weights = nn.Linear(3, 2).state_dict()
        >>> rebuilt(nn.Linear, {"in_features": 3, "out_features": 2}, weights)
        Linear(in_features=3, out_features=2, bias=True)
        >>> rebuilt(nn.Linear, {"in_features": 60_000, "out_features": 60_000}, weights)
        Traceback (most recent call last):
        ValueError: there are fewer weights than the model has
    """
    for name, value in arguments.items():
        if isinstance(value, int | float) and not 0 <= value <= _LARGEST_ARGUMENT:
            raise ValueError(f"{name} is {value}")
    weights = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }
    # On this device tensors have sizes and no memory.
    with torch.device("meta"), _no_more_parameters(weights):
        outline = make(**arguments)
    try:
        outline.load_state_dict({name: tensor.to("meta") for name, tensor in weights.items()})
    except RuntimeError as error:
        _, first, *_ = map(str.strip, f"{error}\n".splitlines())
        raise ValueError(first) from None
    model = make(**arguments)
    model.load_state_dict(weights)
    return model


@contextmanager
def _no_more_parameters(weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Stop the making of a model that has more parameters than there are weights for."""
    size = sum(tensor.numel() for tensor in weights.values())
    left = {"number": len(weights), "size": int(_GROWTH * size)}

    def count(owner: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        if parameter is not None:
            left["number"] -= 1
            left["size"] -= parameter.numel()
            if min(left.values()) < 0:
                raise ValueError("there are fewer weights than the model has")

    hook = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        hook.remove()
