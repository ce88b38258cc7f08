"""Entries that cannot be compared with: counted, some named at once, all listed in the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..files.writing import write_text_whole
from ..formats.csv.writing import csv_text
from ..formats.spectrum_writer import ERROR_COLUMNS, errors_path
from .entries import Entry, Skipped

# So many are named in the terminal.
_NAMED = 20


class LeftOut:
    """Watches the entries of a library or of candidates as they are read.

    Args:
        listed: whether all that are left out will be listed in a file.

    Attributes:
        number: how many entries were left out.
        usable: how many were not.

    Example:
        >>> from nextims.searching.entries import Skipped
        >>> from nextims.searching.left_out import LeftOut
        >>> left_out = LeftOut()
        >>> left_out.add(Skipped(3, "blank", "", "no peak"), print)
        line 3: blank: no peak
        >>> left_out.number
        1
    """

    def __init__(self, *, listed: bool = False):
        self.number = self.usable = 0
        self._listed = listed
        self._rows: list[Skipped] = []

    def watched(
        self, found: Iterable[Entry | Skipped], total: int | None = None
    ) -> Iterator[Entry | Skipped]:
        """Yield all that is found, with a progress bar on standard error.

        Args:
            found: entries, and what cannot be used.
            total: how many there are, where that is known.
        """
        from tqdm import tqdm

        with tqdm(found, total=total, unit=" spectra", disable=None) as progress:
            for item in progress:
                if isinstance(item, Entry):
                    self.usable += 1
                else:
                    self.add(item, lambda text: progress.write(text, file=sys.stderr))
                yield item

    def usable_of(
        self, found: Iterable[Entry | Skipped], total: int | None = None
    ) -> Iterator[Entry]:
        """Yield the entries alone; arguments as in :meth:`watched`."""
        return (item for item in self.watched(found, total) if isinstance(item, Entry))

    def add(self, skipped: Skipped, write: Callable[[str], object]) -> None:
        """Count an entry, and name it if it is one of the first."""
        self.number += 1
        if self._listed:
            self._rows.append(skipped)
        if self.number <= _NAMED:
            write(f"line {skipped.line}: {skipped.text or '(empty)'}: {skipped.reason}")

    def report(self, output: Path | None = None, *, lists_all: str = "--output") -> None:
        """Say on standard error how many there were, and list them beside an output.

        Args:
            output: file of hits, for a list ``OUTPUT.errors.csv``; that of an earlier run is
                removed where there is nothing to list.
            lists_all: what would list those that are not named.

        Raises:
            OSError: the list cannot be written.
        """
        if output is not None and not self.number:
            errors_path(output).unlink(missing_ok=True)
        if not self.number:
            return
        said = f"{self.number} of {self.number + self.usable} entries could not be used"
        if output is not None:
            write_text_whole(errors_path(output), csv_text([ERROR_COLUMNS, *self._rows]))
            said += f", listed in {errors_path(output)}"
        elif self.number > _NAMED:
            said += f"; the first {_NAMED} are named above, {lists_all} lists all"
        print(said, file=sys.stderr)
