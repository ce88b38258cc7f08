"""The user's library, which the page searches."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from ..searching.entries import Entry, SearchError
from ..searching.index_layout import index_path
from ..searching.libraries import read_library
from ..searching.ranking import SearchResult, search
from ..spectra.record import Record

# Read into memory at the start; to compare with as many takes about a second.
_MOST = 20_000


class Library:
    r"""A file of spectra, by its index where it has one, else in memory.

    Args:
        path: the file.

    Attributes:
        name: of the file.

    Raises:
        SearchError: it cannot be read, holds nothing, or is so large that it needs an index.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.web.library import Library
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: Water\nSMILES: O\nNum Peaks: 2\n17 212; 18 999")
        >>> Library(path).name
        'water.msp'
    """

    def __init__(self, path: Path):
        self.name = path.name
        self._index = None
        self._entries: list[Entry] = []
        if index_path(path).exists():
            from ..searching.library_index import LibraryIndex

            self._index = LibraryIndex(path)
            return
        usable = (each for each in read_library(path) if isinstance(each, Entry))
        self._entries = list(islice(usable, _MOST + 1))
        if not self._entries:
            raise SearchError(f"{path}: holds no spectrum to search in")
        if len(self._entries) > _MOST:
            raise SearchError(
                f"{path}: more than {_MOST:,} spectra, which need an index: nextims index "
                f"--library {path}"
            )

    def search(self, query: Record, options: dict[str, Any]) -> SearchResult:
        """Search a measured spectrum, with the options of ``ranking.search``."""
        if self._index is None:
            return search([query], self._entries, **options)[0]
        from ..searching.indexed_search import search_index

        return search_index([query], self._index, **options)[0]
