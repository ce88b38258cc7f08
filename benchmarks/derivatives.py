"""How often does a derivative's record get the right structure? Counted on structures known.

    python benchmarks/derivatives.py --records MassBank-data-2025.05.1.tar.gz

Taken are the records whose structure is silylated as published: the silyl groups are taken off, and
the structure is to be found again from the parent and the peaks, with their number named and not
named. What must come to nothing: the same records under a wrong number, and every 10th record of a
molecule that is no derivative, said to be one. Also counted: where a title gives a number, how
often the peaks alone say the same.

Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rdkit import Chem
from tqdm import tqdm

from nextims.chemistry.derivatives.reactions import count_sites
from nextims.chemistry.derivatives.reagents import REAGENTS
from nextims.chemistry.molecule import Molecule, MoleculeError, read_molecule
from nextims.config import DataConfig
from nextims.data.library.derivative_records import named_groups, recover
from nextims.data.library.filters import DERIVATIVE_FAULTS, find_fault
from nextims.data.library.ingest import IngestError
from nextims.data.massbank import read_massbank
from nextims.spectra.record import BadRecord, Record

SILYLS = {
    "tms": Chem.MolFromSmarts("[O,N,S][Si]([CH3])([CH3])[CH3]"),
    "tbdms": Chem.MolFromSmarts("[O,N,S][Si]([CH3])([CH3])C([CH3])([CH3])[CH3]"),
}
CONFIG = DataConfig(validation_fraction=0, test_fraction=0)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, required=True, metavar="PATH")
    arguments = parser.parse_args(argv)
    tables = {"published": Counter(), "no derivative": Counter(), "titles": Counter()}
    try:
        for i, record in enumerate(tqdm(read_massbank(arguments.records), disable=None)):
            if isinstance(record, Record):
                _count(record, tables, sample=i % 10 == 0)
    except (IngestError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for name, counts in tables.items():
        print(f"\n| {name} | records |\n| --- | ---: |")
        for label, number in sorted(counts.items()):
            print(f"| {label} | {number} |")
    return 0


def _count(record: Record, tables: dict[str, Counter[str]], *, sample: bool) -> None:
    fault = find_fault(record, CONFIG)
    if fault is not None:
        if fault.reason == DERIVATIVE_FAULTS[0]:
            _compare_with_title(record, tables["titles"])
        return
    parent, key, number = _strip(record.molecule)
    if number:
        bare = replace(record, structures=(parent.smiles,), formula="", inchikey="")
        for label, said in _claims(key, number):
            found = recover(replace(bare, remarks=(said,)), CONFIG)
            tables["published"][f"{label}: {_judge(found, record.molecule)}"] += 1
    elif sample and count_sites(record.molecule, "tms"):
        for label, said in (("said to be n TMS", "n TMS"), ("said to be 1 TMS", "1 TMS")):
            found = recover(replace(record, remarks=(said,)), CONFIG)
            tables["no derivative"][f"{label}: {_judge(found, None)}"] += 1


def _claims(key: str, number: int) -> Iterator[tuple[str, str]]:
    name = REAGENTS[key].name
    yield "number named", f"{number} {name}"
    yield "number not named", f"n {name}"
    yield "one more named", f"{number + 1} {name}"
    if number > 1:
        yield "one less named", f"{number - 1} {name}"


def _judge(found: Record | BadRecord | None, expected: Molecule | None) -> str:
    if not isinstance(found, Record):
        return "left out"
    if expected is not None and _flat(found.molecule) == _flat(expected):
        return "right structure"
    return "wrong structure"


def _compare_with_title(record: Record, counts: Counter[str]) -> None:
    """Count whether the peaks alone say the number that is named."""
    named = named_groups(record.remarks)
    numbers = {key: values for key, values in named.items() if values}
    if not numbers:
        return
    unnumbered = tuple(f"n {REAGENTS[key].name}" for key in named)
    found = recover(replace(record, remarks=unnumbered), CONFIG)
    if not isinstance(found, Record):
        counts["left out"] += 1
        return
    groups = found.name[len(record.name) :].split()
    agree = all(
        any(f"{number}{REAGENTS[key].name}" in groups for number in values)
        for key, values in numbers.items()
    )
    counts["the same number" if agree else "another number"] += 1


def _strip(molecule: Molecule) -> tuple[Molecule, str, int]:
    """Return a molecule without its silyl groups, their kind and number; 0 if of two kinds."""
    matches = {key: molecule.mol.GetSubstructMatches(smarts) for key, smarts in SILYLS.items()}
    kinds = [key for key, found in matches.items() if found]
    if len(kinds) != 1:
        return molecule, "", 0
    (key,) = kinds
    edited = Chem.RWMol(molecule.mol)
    for atom, *_ in matches[key]:
        edited.GetAtomWithIdx(atom).SetNoImplicit(False)
    silyls = {match[1]: match[1:] for match in matches[key]}
    edited.BeginBatchEdit()
    for index in {index for group in silyls.values() for index in group}:
        edited.RemoveAtom(index)
    edited.CommitBatchEdit()
    try:
        Chem.SanitizeMol(edited)
        return read_molecule(edited.GetMol()), key, len(silyls)
    except (MoleculeError, Chem.MolSanitizeException):
        return molecule, "", 0


def _flat(molecule: Molecule) -> str:
    mol = Chem.Mol(molecule.mol)
    Chem.RemoveStereochemistry(mol)
    return Chem.MolToSmiles(mol)


if __name__ == "__main__":
    sys.exit(main())
