"""What the commands share that make the store of spectra."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from ..config import load_config
from ..data.libraries import ingest_libraries, is_up_to_date
from .commands import ALL_DONE, going_on


def prepare_store(
    arguments: argparse.Namespace, source: str | None, find: Callable[[Path], Sequence[Path]]
) -> int:
    """Make the store of spectra, unless it is there and up to date.

    Args:
        arguments: with the options of ``options.add_store`` and ``command_parser``.
        source: what the store is called after, see ``source_name``; ``None`` for any.
        find: returns the libraries, given the store; it may download them to its folder.

    Returns:
        The exit status.

    Raises:
        UserError: there is another store, a library cannot be read or the store not be written.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.cli.options import add_store, command_parser
        >>> from nextims.cli.preparing import prepare_store
        >>> from nextims.errors import UserError
        >>> parser = command_parser("Make the store.", "")
        >>> add_store(parser)
        >>> options = parser.parse_args(["--output", tempfile.mkdtemp() + "/spectra.h5"])
        >>> try:
        ...     prepare_store(options, None, lambda store: [pathlib.Path("nowhere.msp")])
        ... except UserError as error:
        ...     print(error)
        nowhere.msp: no such file
    """
    data = load_config(arguments.config).data
    store = arguments.output or data.store
    if not arguments.force and is_up_to_date(store, data, source):
        print(f"{store} is up to date; --force makes it anew")
        return ALL_DONE
    with going_on(f"{store} is {'as it was before' if store.exists() else 'not written'}"):
        print(ingest_libraries(find(store), store, data).table())
    print(f"wrote {store}")
    return ALL_DONE
