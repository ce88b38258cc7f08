"""Makes the split files of the open benchmark, and stores that are split by them.

    python scripts/prepare_library.py massbank-ei.tar.gz open-ei.jsonl.gz --output STORE
    python benchmarks/open_ei_splits.py --store STORE --records massbank-ei.tar.gz

Writes ``open_ei/splits.csv``: a row for each molecule by the first block of its InChIKey, in
alphabetical order, and a column for each scheme. The same libraries give the same bytes; more
molecules change no row that is there, as a split follows from the molecule and its own spectra.

random, scaffold: by the project's hashes of the InChIKey and of the Murcko scaffold.
time: test are molecules that all their MassBank records date after 2016. The records' first dates
count ("Created" where given: most were edited once in 2016); other libraries give none, and
molecules of theirs alone are empty.
A library's name: its molecules are test, whatever else has measured them.

Of the last two, those that are not test validate where they do by the hash of the InChIKey.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np
from rdkit import Chem

from nextims.chemistry.molecule import Molecule, first_block, load_canonical
from nextims.config import DataConfig
from nextims.data.library.splits import LEFT_OUT, SPLITS, assign_split
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.files.digest import written_with_digest
from nextims.files.writing import written_whole
from nextims.spectra.spectrum import STANDARD_ENERGY, STANDARD_ENERGY_RANGE

FOLDER = Path(__file__).with_name("open_ei")
SPLIT_FILE = FOLDER / "splits.csv"
MASSBANK = "MassBank"
# The libraries of open-ei.jsonl.gz, as their spectra name them.
LIBRARIES = (
    "gchrmsexplain",
    "hmdb-cms",
    "massbank-nilu-2025-09",
    "nist-fentanyl-classifier",
    "orgmassspec-halogenated",
    "pnnl-metv-20191015",
    "recetox-gc-ei-20201028",
)
SCHEMES = ("random", "scaffold", "time", *LIBRARIES)
LAST_YEAR = 2016

_RECORD = re.compile(rb"^ACCESSION: (\S+)", re.MULTILINE)
_YEAR = re.compile(rb"^DATE: (\d{4})(?:.*?\(Created (\d{4}))?", re.MULTILINE)

Splits = dict[str, dict[str, str]]  # first block → scheme → split, empty where in none


def main(argv: list[str] | None = None) -> int:
    """Write the split file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, required=True, help="store of all libraries")
    parser.add_argument(
        "--records", type=Path, required=True, help="the MassBank records: a folder or .tar.gz"
    )
    parser.add_argument(
        "--output", type=Path, default=SPLIT_FILE, metavar="FILE.csv", help="default: %(default)s"
    )
    arguments = parser.parse_args(argv)
    try:
        with SpectrumStore(arguments.store) as store:
            splits = assign(store, read_years(arguments.records))
        with written_whole(arguments.output) as path, path.open("w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("molecule", *SCHEMES))
            table.writerows((block, *own.values()) for block, own in splits.items())
    except (UserError, OSError, tarfile.TarError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for scheme in SCHEMES:
        numbers = (sum(own[scheme] == split for own in splits.values()) for split in SPLITS)
        print(scheme, *(f"{n} {split}" for n, split in zip(numbers, SPLITS, strict=True)))
    return 0


def read_years(records: Path) -> dict[str, int]:
    """Return accession → year in which each MassBank record of a folder or archive was made."""
    return {
        name[1].decode(): int(year[2] or year[1])
        for text in _texts(records)
        if (name := _RECORD.search(text)) and (year := _YEAR.search(text))
    }


def _texts(records: Path) -> Iterator[bytes]:
    if records.is_dir():
        yield from (path.read_bytes() for path in records.rglob("*.txt"))
        return
    with tarfile.open(records) as archive:
        for member in archive:
            if member.name.endswith(".txt"):
                yield archive.extractfile(member).read()


def read_splits(path: Path = SPLIT_FILE) -> Splits:
    """Read a split file."""
    with path.open(newline="", encoding="ascii") as file:
        return {row.pop("molecule"): row for row in csv.DictReader(file)}


def assign(store: SpectrumStore, years: Mapping[str, int]) -> Splits:
    """Return the split of each molecule by each scheme, in the order of the molecules.

    Args:
        store: the libraries.
        years: accession → year of MassBank's records, see ``read_years``.
    """
    sets = spectrum_sets(store)
    smiles, keys, ids = (store.column(name) for name in ("smiles", "inchikey", "id"))
    rows: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        if sets[i] and store.index.split[i] != LEFT_OUT:
            rows.setdefault(first_block(key), []).append(i)
    splits = {}
    for block in sorted(rows):
        molecule = load_canonical(min(smiles[i] for i in rows[block]))
        Chem.GetSymmSSSR(molecule.mol)
        own = {"random": _hashed(molecule, "inchikey"), "scaffold": _hashed(molecule, "scaffold")}
        rest = "validation" if own["random"] == "validation" else "train"
        made = [years[ids[i]] for i in rows[block] if sets[i] == MASSBANK]
        own["time"] = ("test" if min(made) > LAST_YEAR else rest) if made else ""
        measured_in = {sets[i] for i in rows[block]}
        own |= {name: "test" if name in measured_in else rest for name in LIBRARIES}
        splits[block] = own
    return splits


def _hashed(molecule: Molecule, split_by: str) -> str:
    return SPLITS[assign_split(molecule, DataConfig(split_by=split_by))]


def spectrum_sets(store: SpectrumStore) -> list[str]:
    """Return which library each spectrum is of; empty for those that are not of the benchmark."""
    pairs = zip(store.column("source"), store.column("id"), strict=True)
    return [
        source if source in LIBRARIES else MASSBANK if id_.startswith("MSBNK-") else ""
        for source, id_ in pairs
    ]


def of_usual_energy(store: SpectrumStore) -> np.ndarray:
    """Return whether each spectrum is of 60 to 80 eV, as all that give none, ``(spectra,)``."""
    low, high = STANDARD_ENERGY_RANGE
    energy = np.nan_to_num(store.index.energy, nan=STANDARD_ENERGY)
    return (energy >= low) & (energy <= high)


def split_of_rows(store: SpectrumStore, splits: Splits, scheme: str) -> np.ndarray:
    """Return the position in ``SPLITS`` of each spectrum of a store, else ``LEFT_OUT``.

    Tested are spectra of 60 to 80 eV, of the library that is left out alone, and MassBank's alone
    by time. Those of isotope-labelled molecules are not: the first block of an InChIKey does not
    tell them from the others.
    """
    found = np.full(len(store), LEFT_OUT, np.uint8)
    usual = of_usual_energy(store)
    columns = spectrum_sets(store), store.column("inchikey"), store.column("smiles")
    for i, (library, key, smiles) in enumerate(zip(*columns, strict=True)):
        split = splits.get(first_block(key), {}).get(scheme, "")
        kept = library and split and store.index.split[i] != LEFT_OUT
        if scheme == "time":
            kept = kept and library == MASSBANK
        if split == "test":
            kept = kept and usual[i] and (scheme not in LIBRARIES or library == scheme)
            kept = kept and not load_canonical(smiles).labels
        if kept:
            found[i] = SPLITS.index(split)
    return found


def write_split_store(path: Path, splits: Splits, scheme: str, output: Path) -> None:
    """Write a copy of a store that is split by a scheme, for all that trains and scores on one."""
    with SpectrumStore(path) as store:
        split = split_of_rows(store, splits, scheme)
    with written_with_digest(output) as temporary:
        shutil.copyfile(path, temporary)
        with h5py.File(temporary, "r+") as file:
            file["metadata/split"][:] = split


if __name__ == "__main__":
    sys.exit(main())
