"""NIST text libraries: MSP with its MOL files, in NIST's and in other programs' dialects."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..config import Config
from .msp import MspEntry, read_msp
from .record import BadRecord, Record, clean_spectrum, is_given, parse_energy
from .spectrum import nominal_mz

_ELECTRON = re.compile(r"(?:^|[^A-Z])EI(?:$|[^A-Z])|ELECTRON")
_OTHER_IONIZATION = re.compile(
    r"(?:^|[^A-Z])(?:N?ESI|APCI|APPI|CI|MALDI|FAB|FD|FI|DART|LC|HCD|CID|NSI)(?:$|[^A-Z])"
)
# Da; a mass beyond it is a slip of the pen.
_HEAVIEST = 1e5
# The molecular ion itself; any adduct or deprotonated ion tells of soft ionization.
_MOLECULAR_ION = re.compile(r"\[?M\]?[+.*·]*\+[+.*·]*")


def read_nist(msp: str | Path, mol_dir: str | Path | None = None) -> Iterator[Record | BadRecord]:
    """Read the records of a NIST text library one by one.

    A record's structure is its MOL file, named as lib2nist names them whatever the case
    (``ID<id>.MOL``, else ``S<CAS number without dashes>.MOL``), else the SMILES, else the InChI of
    the record, in a field of its own or as ``"SMILES=…"`` in the comments.

    Args:
        msp: the library.
        mol_dir: folder with MOL files; ``None`` or a missing folder for none.

    Yields:
        Records; bad ones with the reason.

    Raises:
        OSError: the library cannot be read.
    """
    msp = Path(msp)
    molfiles = _list_molfiles(mol_dir)
    with msp.open("rb") as file:
        for number, entry in enumerate(read_msp(file), 1):
            yield _read_entry(entry, str(msp), number, molfiles)


def ensure_store(config: Config) -> Path:
    """Return the store of spectra, made from the user's NIST library if there is none yet.

    Args:
        config: names the store, the library and the MOL files.

    Returns:
        Path of the store; it exists.

    Raises:
        StoreError: there is neither store nor library, or the store was made with other settings;
            the message says how to get one.
        IngestError: the library holds nothing to use.
    """
    from .ingest import ingest
    from .store import HOW_TO_MAKE, StoreError, matches_settings

    data = config.data
    if data.store.is_file():
        if not matches_settings(data.store, data):
            raise StoreError(
                f"{data.store}: made with another split or other filters than the config's; delete "
                "it to have it made anew, or restore the settings"
            )
        return data.store
    if not data.nist_msp.is_file():
        raise StoreError(
            f"{data.store}: no store of spectra; make it from MassBank with: {HOW_TO_MAKE} (or "
            f"--download), or put a NIST library at {data.nist_msp} and its MOL files into "
            f"{data.mol_dir}"
        )
    print(f"reading {data.nist_msp} and {data.mol_dir}")
    report = ingest(
        read_nist(data.nist_msp, data.mol_dir),
        data.store,
        config=data,
        source=data.nist_msp.name,
    )
    print(report.table())
    return data.store


def _list_molfiles(folder: str | Path | None) -> dict[str, Path]:
    """Return the MOL files of a folder by their names in lower case."""
    if folder is None or not Path(folder).is_dir():
        return {}
    with os.scandir(folder) as entries:
        return {
            entry.name.lower(): Path(entry.path)
            for entry in entries
            if entry.name.lower().endswith(".mol")
        }


def _read_entry(
    entry: MspEntry, file: str, number: int, molfiles: dict[str, Path]
) -> Record | BadRecord:
    name = entry.first("name")
    id_ = _identifier(entry) or f"#{number}"
    try:
        peaks = entry.peaks()
        spectrum = clean_spectrum(peaks[:, 0], peaks[:, 1])
    except ValueError as error:
        return BadRecord(file, entry.line, id_, name, "peak list cannot be read", str(error))
    names = _molfile_names(entry)
    structures = [molfiles[name] for name in names if name in molfiles]
    structures += [text for text in _written_structures(entry) if is_given(text)]
    energy, notes = _energy(entry)
    if entry.latin1:
        notes += ("not UTF-8, read as Latin-1",)
    if not entry.first("numpeaks"):
        notes += ("no Num Peaks, all peaks taken",)
    return Record(
        file=file,
        line=entry.line,
        id=id_,
        name=name,
        spectrum=spectrum,
        structures=tuple(structures),
        structure_problem=_missing_structure(entry, names),
        formula=entry.first("formula"),
        nominal_mass=_nominal_mass(entry),
        inchikey=_given(entry.first("inchikey") or entry.comment("inchikey")),
        energy=energy,
        instrument=entry.first("instrument", "instrumenttype", "sourceinstrument"),
        ionization=_ionization(entry),
        ion_mode=_ion_mode(entry),
        ms_level=_ms_level(entry),
        licence=entry.first("license", "licence") or entry.comment("license", "licence"),
        remarks=(name, *entry.fields.get("comments", []), *entry.fields.get("comment", [])),
        notes=notes,
    )


def _identifier(entry: MspEntry) -> str:
    """Return the number by which lib2nist names MOL files: one kind of number per record.

    Trying the next kind where a file is missing would find other compounds' files, for the
    numbers of different kinds overlap.
    """
    return entry.first("id", "db", "nist")


def _molfile_names(entry: MspEntry) -> list[str]:
    names = []
    if identifier := _identifier(entry):
        names.append(f"id{identifier.lower()}.mol")
    cas = re.sub(r"\D", "", entry.first("cas", "casno", "casrn"))
    if cas.strip("0"):
        names.append(f"s{cas}.mol")
    return names


def _written_structures(entry: MspEntry) -> list[str]:
    smiles = entry.first("smiles", "canonicalsmiles") or entry.comment(
        "smiles", "canonical smiles", "computed smiles"
    )
    inchi = entry.first("inchi", "inchicode") or entry.comment("inchi", "computed inchi")
    if inchi.startswith("1"):
        inchi = f"InChI={inchi}"
    return [smiles, inchi]


def _missing_structure(entry: MspEntry, names: list[str]) -> str:
    tried = " or ".join(names) if names else "neither ID nor CAS number for a MOL file"
    given = "only an InChIKey" if entry.first("inchikey") else "no SMILES or InChI"
    return f"{tried} not found, {given} in the record" if names else f"{tried}, {given}"


def _nominal_mass(entry: MspEntry) -> int | None:
    """Return the molecular mass given, the exact one first: an MW may be an average."""
    for text in (entry.first("exactmass"), entry.first("mw"), entry.first("molecularweight")):
        try:
            mass = float(text)
        except ValueError:
            continue
        if 0 < mass < _HEAVIEST:
            return int(nominal_mz(mass))
    return None


def _given(text: str) -> str:
    return text if is_given(text) else ""


def _energy(entry: MspEntry) -> tuple[float | None, tuple[str, ...]]:
    """Return the ionization energy in eV and what is to be noted about it.

    A collision energy is none: it belongs to another stage of the instrument.
    """
    text = entry.first("ionizationenergy", "electronenergy") or entry.comment(
        "ionization energy", "electron energy", "ionization_energy"
    )
    try:
        return parse_energy(text), ()
    except ValueError:
        return None, ("energy cannot be read, taken as not given",)


def _ionization(entry: MspEntry) -> str:
    """Return ``EI`` unless the record says otherwise: NIST's libraries of EI spectra do not say."""
    given = " ".join(
        text
        for text in (
            entry.first("ionization", "ionizationmode") or entry.comment("ionization"),
            entry.first("instrumenttype") or entry.comment("instrument type"),
        )
        if is_given(text)
    ).upper()
    if _ELECTRON.search(given):
        return "EI"
    if _OTHER_IONIZATION.search(given):
        return given
    ion = entry.first("precursortype", "adduct")
    return ion if is_given(ion) and not _MOLECULAR_ION.fullmatch(ion) else "EI"


def _ion_mode(entry: MspEntry) -> str:
    text = (entry.first("ionmode", "polarity") or entry.comment("ion mode")).strip().lower()
    return "negative" if text.startswith(("n", "-")) and is_given(text) else "positive"


def _ms_level(entry: MspEntry) -> int:
    text = entry.first("spectrumtype", "mslevel", "mstype") or entry.comment("ms level")
    found = re.fullmatch(r"(?:MS)?(\d)", text.strip().upper())
    return int(found[1]) if found else 1
