"""The folder of MOL files beside a NIST text library."""

from __future__ import annotations

import os
import re
from pathlib import Path

_USUAL_NAME = re.compile(r"(id|s)([0-9]+)(\.mol)", re.IGNORECASE)


class MolFiles:
    """Finds MOL files by name, whatever the case.

    Keeps the ways of writing that occur in the folder (``ID….MOL``, ``s….mol``), not the names: a
    library has hundreds of thousands.

    Args:
        folder: ``None`` or a missing folder for no files.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from nextims.formats.mol_folder.reading import MolFiles
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / "ID5.Mol").touch()
        >>> MolFiles(folder).find("id5.mol").name
        'ID5.Mol'
    """

    def __init__(self, folder: str | Path | None):
        self._folder = "" if folder is None else str(folder)
        # How each of "id" and "s" is written, with which ending.
        self._spellings: dict[str, dict[tuple[str, str], None]] = {"id": {}, "s": {}}
        self._unusual: dict[str, str] = {}
        if not Path(self._folder).is_dir() or not self._folder:
            return
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if found := _USUAL_NAME.fullmatch(entry.name):
                    self._spellings[found[1].lower()][found[1], found[3]] = None
                elif entry.name.lower().endswith(".mol"):
                    self._unusual[entry.name.lower()] = entry.name

    def find(self, name: str) -> Path | None:
        """Return the file of this name, ``None`` where there is none.

        Args:
            name: in lower case.
        """
        if found := _USUAL_NAME.fullmatch(name):
            for prefix, ending in self._spellings[found[1]]:
                path = os.path.join(self._folder, f"{prefix}{found[2]}{ending}")  # noqa: PTH118
                if os.path.exists(path):  # noqa: PTH110 - half the time of pathlib's
                    return Path(path)
        elif name in self._unusual:
            return Path(self._folder, self._unusual[name])
        return None
