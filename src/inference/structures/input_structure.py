"""One structure as the user gave it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class InputStructure:
    """One structure as the user gave it.

    Attributes:
        line: line of the file, from 1; of a folder, as though its files were one.
        smiles: text in the structure's place, unchecked: SMILES, InChI or MOL block; may be empty.
        name: name; empty where there is none.
        fault: why it cannot be predicted, where that is known before a model sees it.
        number: what its spectrum goes by in a file, where several come of one line; 0: the line.
        file: name of the file of a folder; empty where the input is one file.
        file_line: line of that file, from 1; 0 where the input is one file.
        columns: what further columns that are kept say of it, each with its name.
        note: how its file was taken, where a user should know; of the first structure alone.
    """

    line: int
    smiles: str
    name: str = ""
    fault: str = ""
    number: int = 0
    file: str = ""
    file_line: int = 0
    columns: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def shown(self) -> str:
        """Its text in one line."""
        text = str(self.smiles)
        return "MOL block" if "\n" in text.strip() else text

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.file}, line {self.file_line}" if self.file else f"line {self.line}"
