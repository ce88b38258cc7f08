"""The running average of a model's weights over the steps of its training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class RunningAverage(AveragedModel):
    """The exponential moving average of a model's weights, that forgets its beginning.

    It lies nearer to the middle of a minimum than the last step (Polyak and Juditsky, SIAM J.
    Control Optim. 1992, 30, 838).

    Args:
        model: the model in training.
        decay: share of the average that a step keeps; less in the first steps.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> from nextims.training.averaging import RunningAverage
        >>> model = nn.Linear(1, 1, bias=False)
        >>> average = RunningAverage(model, 0.5)
        >>> for value in (0.0, 1.0, 1.0):
        ...     _ = nn.init.constant_(model.weight, value)
        ...     average.update_parameters(model)
        >>> with average.used_by(model):
        ...     print(f"{model.weight.item():.2f}")
        0.95
        >>> model.weight.item()
        1.0
    """

    def __init__(self, model: nn.Module, decay: float):
        super().__init__(model, multi_avg_fn=_update(decay), use_buffers=True)

    @contextmanager
    def used_by(self, model: nn.Module) -> Iterator[None]:
        """Give the model the average within the context, and its own weights back after it."""
        own = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.module.state_dict())
        try:
            yield
        finally:
            model.load_state_dict(own)


def _update(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """Return the update of the average.

    The share that is kept rises as (1 + n) / (10 + n) over the steps n to ``decay``, or the first
    weights, which know nothing, would stay in the average for epochs.
    """

    @torch.no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        kept = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for mean, value in zip(averaged, current, strict=True):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - kept)
            else:
                mean.copy_(value)  # a count of batches

    return update
