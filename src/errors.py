"""What goes wrong and can be mended by the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

# What training and the teacher need beyond the exported student: the extra "train" of setup.py.
_OF_TRAINING = ("torch", "torch_geometric", "lightning_fabric", "numba")


class UserError(ValueError):
    """Something that the user can mend; the message says what and where, in one line."""


class MissingPackageError(UserError):
    """A package is not installed; the message says what installs it."""


@contextmanager
def training_packages_named() -> Iterator[None]:
    """Say what installs PyTorch and what goes with it, where one of these cannot be imported.

    Raises:
        MissingPackageError: one of them is missing.

    Example:
        >>> from nextims.errors import training_packages_named
        >>> with training_packages_named():
        ...     raise ModuleNotFoundError(name="torch.nn")
        Traceback (most recent call last):
        nextims.errors.MissingPackageError: torch is missing: pip install "nextims[train]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name not in _OF_TRAINING:
            raise
        raise MissingPackageError(f'{name} is missing: pip install "nextims[train]"') from error
