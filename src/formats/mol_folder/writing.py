"""The folder of MOL files that NIST's lib2nist reads beside an MSP."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path

from ...files.writing import OutputError

_OUR_FILES = re.compile(r"ID\d+\.mol", re.IGNORECASE)


class MolFolder:
    """Writes ``LIBRARY.MOL/ID1.mol`` and so on beside ``LIBRARY.msp``.

    lib2nist gives a record the structure of the file that has its ID. The folder is written under
    a temporary name, and put in the place of an earlier run's by ``finish``.

    Args:
        msp: the MSP that the folder goes with.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.formats.mol_folder.writing import MolFolder
        >>> msp = pathlib.Path(tempfile.mkdtemp(), "alcohols.msp")
        >>> folder = MolFolder(msp)
        >>> folder.write(1, "a structure")
        >>> folder.finish()
        >>> [path.name for path in msp.with_suffix(".MOL").iterdir()]
        ['ID1.mol']
    """

    def __init__(self, msp: Path):
        self.path = msp.with_suffix(".MOL")
        self._temporary = self.path.with_name(self.path.name + ".tmp")
        self._begun = False

    @staticmethod
    def check(msp: Path) -> None:
        """Check that the folder may be written.

        Raises:
            OutputError: there is one that holds anything but MOL files of an earlier run.
        """
        folder = MolFolder(msp).path
        if not folder.exists():
            return
        if not folder.is_dir():
            raise OutputError(f"{folder}: is a file, and would be the folder of MOL files")
        for file in folder.iterdir():
            if not _OUR_FILES.fullmatch(file.name):
                raise OutputError(f"{folder}: holds {file.name}, and would be overwritten")

    def write(self, line: int, mol_block: str) -> None:
        """Write the structure of the record whose ID is ``line``."""
        self._begin()
        path = self._temporary / f"ID{line}.mol"
        path.write_text(mol_block, encoding="utf-8", newline="")

    def finish(self) -> None:
        """Give the folder its name."""
        self._begin()
        if self.path.exists():
            shutil.rmtree(self.path)
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what has no name yet."""
        if self._begun:
            with suppress(OSError):
                shutil.rmtree(self._temporary)

    def _begin(self) -> None:
        if self._begun:
            return
        if self._temporary.is_symlink():  # what it leads to is not ours
            self._temporary.unlink()
        if self._temporary.exists():  # a run that was killed left it
            shutil.rmtree(self._temporary)
        self._temporary.mkdir()
        self._begun = True
