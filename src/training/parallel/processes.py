"""Several processes that train one model together: who does what, and what they add up.

With one process, which is how a training runs unless it was started on several devices, all of
this costs nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed

T = TypeVar("T")

# The first process may label molecules for hours while the others wait.
_PATIENCE = timedelta(days=1000)
_LEAST = 1e-9

# Carries what is said between the processes, whatever carries tensors: gloo, on the CPU.
_talk: distributed.ProcessGroup | None = None


class FirstFailedError(RuntimeError):
    """The first process has failed, and says itself why."""


def count() -> int:
    """Return the number of processes that train together.

    Example:
        >>> from nextims.training.parallel.processes import count
        >>> count()
        1
    """
    return distributed.get_world_size() if _several() else 1


def rank() -> int:
    """Return the number of this process, counted from 0."""
    return distributed.get_rank() if _several() else 0


def is_first() -> bool:
    """Return whether this is the process that writes and prints."""
    return rank() == 0


def share() -> slice:
    """Return which of several examples are this process's: each takes every so many."""
    return slice(rank(), None, count())


def meet() -> None:
    """Open the line on which the processes talk; called once by all, when they have started."""
    global _talk
    if _several() and _talk is None:
        _talk = distributed.new_group(backend="gloo", timeout=_PATIENCE)


def part() -> None:
    """Close the lines on which the processes talk; called by all, when nothing is left to say.

    Left open, their threads run on while the interpreter ends, which at times aborts the process.
    """
    global _talk
    if _several():
        _talk = None
        distributed.destroy_process_group()


@contextmanager
def first_ahead() -> Iterator[None]:
    """Let the first process go through the context before the others, as it makes their files.

    Raises:
        FirstFailedError: in the others, where the first process got an error.
    """
    if not is_first():
        if _said_by_first(None):
            raise FirstFailedError("the first process has failed")
        yield
        return
    failed = True
    try:
        yield
        failed = False
    finally:
        _said_by_first(failed)


def on_first(function: Callable[..., T], *arguments, **settings) -> T:
    """Return to all processes what a function gives in the first, where alone it is called.

    Its result can be pickled.

    Raises:
        FirstFailedError: in the others, where the first process got an error.

    Example:
        >>> from nextims.training.parallel.processes import on_first
        >>> on_first(max, 3, 5)
        5
    """
    result = None
    with first_ahead():
        if is_first():
            result = function(*arguments, **settings)
    return _said_by_first(result)


def any_says(flag: bool) -> bool:
    """Return whether a flag is set in any of the processes."""
    if count() == 1:
        return flag
    flags = torch.tensor(int(flag))
    distributed.all_reduce(flags, distributed.ReduceOp.MAX, group=_talk)
    return bool(flags)


def gathered(value: T) -> list[T]:
    """Return the value of each process, by rank; it can be pickled."""
    if count() == 1:
        return [value]
    values: list[T | None] = [None] * count()
    distributed.all_gather_object(values, value, group=_talk)
    return values


def average(tensor: Tensor) -> Tensor:
    """Return the mean of a tensor over the processes; no gradient passes."""
    if count() == 1:
        return tensor
    return _summed(tensor.detach()) / count()


def total(tensor: Tensor) -> Tensor:
    """Return the sum of a tensor over the processes, through which gradients pass.

    The gradient that comes back is that of the sum of what all processes make of it.
    """
    return _Total.apply(tensor) if count() > 1 else tensor


def whole_mean(mean: Tensor, size: Tensor | int) -> Tensor:
    """Return the mean over the batch that all processes share, from the means of their parts.

    All get the same, however unevenly the batch was shared. Its gradient, averaged over the
    processes as DDP does, is that of the whole batch as well.

    Args:
        mean: mean of this process's part, any shape.
        size: what it is the mean of: a number of examples, or the sum of their weights.

    Example:
        >>> import torch
        >>> from nextims.training.parallel.processes import whole_mean
        >>> whole_mean(torch.tensor(1.5), 4)
        tensor(1.5000)
    """
    if count() == 1:
        return mean
    size = torch.as_tensor(size, dtype=torch.float32, device=mean.device)
    sums = total(torch.cat([(mean.float() * size).flatten(), size.flatten()]))
    return sums[:-1].view(mean.shape) / sums[-1].clamp_min(_LEAST)


def batch_mean(values: Tensor) -> Tensor:
    """Return the mean over the first axis and over the parts of all processes."""
    return whole_mean(values.mean(0), len(values))


def lost_another(error: RuntimeError) -> bool:
    """Return whether an error means that another process has ended."""
    if not _several():
        return False
    return isinstance(error, distributed.DistError) or "gloo" in str(error)


def _several() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _said_by_first(value: T) -> T:
    """Return to all processes what the first one says."""
    if count() == 1:
        return value
    said = [value]
    distributed.broadcast_object_list(said, src=0, group=_talk)
    return said[0]


class _Total(torch.autograd.Function):
    """The sum over the processes; PyTorch's own that can be differentiated is not public."""

    @staticmethod
    def forward(context, tensor: Tensor) -> Tensor:
        return _summed(tensor)

    @staticmethod
    def backward(context, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(tensor: Tensor) -> Tensor:
    summed = tensor.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(summed)
    return summed
