"""Arguments as they are given: what is said of a name that there is none of, and of no path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from os import PathLike
from pathlib import Path
from typing import TypeVar, cast

# What the command line, or American English, calls them.
_MEANT = {"metric": "score", "derivatize": "derivatise"}

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def names_checked(function: FunctionT) -> FunctionT:
    """Return a function that says which argument is meant where there is none of a name.

    Example:
        >>> from nextims.api.options import names_checked
        >>> @names_checked
        ... def draw(*, score=1):
        ...     return score
        >>> draw(metric=2)
        Traceback (most recent call last):
        TypeError: draw(): no argument metric (did you mean score?)
    """
    known = list(inspect.signature(function).parameters)

    @wraps(function)
    def checked(*args: object, **options: object) -> object:
        for name in options:
            if name not in known and "options" not in known:
                meant = [_MEANT[name]] if _MEANT.get(name) in known else []
                nearest = meant or get_close_matches(name, known, 1)
                hint = f" (did you mean {nearest[0]}?)" if nearest else ""
                raise TypeError(f"{function.__name__}(): no argument {name}{hint}")
        return function(*args, **options)

    return cast(FunctionT, checked)


def spectra_path(option: str, given: object) -> Path | None:
    """Return the path of a file of spectra that an option names, ``None`` for none.

    Raises:
        TypeError: it is no path.

    Example:
        >>> from nextims.api.options import spectra_path
        >>> spectra_path("instrument", ["lab.msp"])
        Traceback (most recent call last):
        TypeError: instrument: expected the path of a file of spectra, found ['lab.msp']
    """
    if given is None:
        return None
    if not isinstance(given, (str, PathLike)):
        raise TypeError(f"{option}: expected the path of a file of spectra, found {given!r}")
    return Path(given)
