"""Which records are used for training, as one ordered list of checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from ...chemistry.molecule import MoleculeError
from ...chemistry.possible_masses import possible_masses
from ...config import DataConfig
from ...formats.fields import NO_BASE_PEAK
from ...spectra.record import BadRecord, Record

# Peaks this far above the molecular ion cannot be its isotopes; derivatives under their parent's
# name reach 72 Da (one trimethylsilyl group) and more beyond.
DERIVATIVE_MARGIN = 8
DERIVATIVE_SHARE = 0.02
# Of the base peak; air and column bleed are below it in most spectra.
_IMPOSSIBLE_SHARE = 0.1

# The faults of records whose structure may be derivatised to fit.
_UNDER_PARENT, _ABOVE_ION = "derivative under its parent's name", "peaks above the molecular ion"
DERIVATIVE_FAULTS = (_UNDER_PARENT, _ABOVE_ION)

# What titles and comments say of derivatisation, and what it leaves in a structure.
_DERIVATISATIONS = (
    (
        re.compile(
            r"(?:\b|(?<=[\dnx]))(?:TMS|TBDMS|MSTFA|BSTFA)\b|TRIMETHYLSILYL|BUTYLDIMETHYLSILYL",
            re.IGNORECASE,
        ),
        Chem.MolFromSmarts("[Si]"),
    ),
    (
        re.compile(r"(?:\b|(?<=[\dnx]))MEOX\b|METHOXIM", re.IGNORECASE),
        Chem.MolFromSmarts("C=NO[CH3]"),
    ),
    (re.compile("DERIVATI[SZ]", re.IGNORECASE), Chem.MolFromSmarts("[Si,$(C=NO[CH3])]")),
)
# "0 TMS" says that a compound took up no trimethylsilyl group.
_UNDERIVATISED = re.compile(
    r"\b0\s*(?:TMS|TBDMS|MEOX)\b|\b(?:un|non-?|not\s+|without\s+)derivati[sz]\w*", re.IGNORECASE
)
# Silylation needs a hydrogen on N, O or S, methoximation an aldehyde or a ketone; without them a
# compound comes through the treatment as it is (caffeine, anthracene) and shows its own M.
_REACTIVE = Chem.MolFromSmarts("[$([#7,#8,#16;!H0]),$([CX3;!H0]=O),$([CX3](=O)([#6])[#6])]")


class Drop(NamedTuple):
    """Why a record is not used: a phrase to count by, and what exactly was found."""

    reason: str
    detail: str = ""


def require_positive_ms1(record: Record, config: DataConfig) -> Drop | None:
    """Keep full scans of positive ions from electron ionization."""
    if record.ionization != "EI":
        return Drop("not electron ionization", record.ionization)
    if record.ion_mode != "positive":
        return Drop("not positive ions", record.ion_mode)
    if record.ms_level != 1:
        return Drop("product-ion spectrum", f"MS{record.ms_level}")
    return None


def require_peaks(record: Record, config: DataConfig) -> Drop | None:
    """Keep spectra with ``data.min_peaks`` peaks or more."""
    if len(record.spectrum) < config.min_peaks:
        return Drop("too few peaks", f"{len(record.spectrum)} of {config.min_peaks} needed")
    return None


def require_base_peak(record: Record, config: DataConfig) -> Drop | None:
    """Keep spectra that have their highest peak, as far as their format tells."""
    return Drop(NO_BASE_PEAK) if NO_BASE_PEAK in record.notes else None


def require_structure(record: Record, config: DataConfig) -> Drop | None:
    """Keep records that come with a structure."""
    if not record.structures:
        return Drop("no structure", record.structure_problem)
    return None


def require_usable_structure(record: Record, config: DataConfig) -> Drop | None:
    """Keep structures that RDKit reads: one component, supported elements, up to ``max_mz``."""
    try:
        molecule = record.molecule
    except MoleculeError as error:
        return Drop(error.reason, error.detail or _shown(record.structures[-1]))
    if molecule.nominal_mass > config.max_mz:
        return Drop("mass above max_mz", f"{molecule.nominal_mass} Da")
    return None


def _shown(structure: str) -> str:
    return "its MOL block" if "\n" in structure else structure


def require_inchikey(record: Record, config: DataConfig) -> Drop | None:
    """Keep structures with an InChIKey, by which spectra are split and looked up."""
    if not record.molecule.inchikey:
        return Drop("no InChIKey", record.molecule.smiles)
    return None


def require_underivatised(record: Record, config: DataConfig) -> Drop | None:
    """Drop derivatives that stand under the structure of their parent."""
    molecule = record.molecule
    for remark in record.remarks:
        for pattern, product in _DERIVATISATIONS:
            found = pattern.search(_UNDERIVATISED.sub("", remark))
            if not found or molecule.mol.HasSubstructMatch(product):
                continue
            if molecule.mol.HasSubstructMatch(_REACTIVE) or not _shows_molecular_ion(record):
                return Drop(_UNDER_PARENT, f"says {found[0]!r}")
    return None


def require_peaks_below_ion(record: Record, config: DataConfig) -> Drop | None:
    """Drop spectra that reach above the molecular ion: derivatives and mixtures."""
    molecule = record.molecule
    if len(record.bins) <= molecule.nominal_mass + DERIVATIVE_MARGIN:
        return None
    # The pattern of a polyhalogenated ion itself reaches beyond the margin.
    limit = max(molecule.nominal_mass + DERIVATIVE_MARGIN, molecule.highest_mz)
    high = record.bins[limit:] >= DERIVATIVE_SHARE
    if high.any():
        mz = limit + 1 + int(high.nonzero()[0][-1])
        return Drop(_ABOVE_ION, f"m/z {mz}, M {molecule.nominal_mass}")
    return None


def require_possible_peaks(record: Record, config: DataConfig) -> Drop | None:
    """Drop spectra with a high peak that no part of the molecule explains: mixtures, others'."""
    molecule, bins = record.molecule, record.bins
    possible = possible_masses(*molecule.atoms(), len(bins), doubly_charged=True)
    impossible = np.where(possible, 0, bins)
    if impossible.max() < _IMPOSSIBLE_SHARE:
        return None
    return Drop("a high peak is impossible", f"m/z {impossible.argmax() + 1}, {molecule.formula}")


def _shows_molecular_ion(record: Record) -> bool:
    bins, mass = record.bins, record.molecule.nominal_mass
    return mass <= len(bins) and bins[mass - 1] >= DERIVATIVE_SHARE


# In this order: a record is counted under the first check that it fails.
FILTERS: tuple[Callable[[Record, DataConfig], Drop | None], ...] = (
    require_positive_ms1,
    require_peaks,
    require_base_peak,
    require_structure,
    require_usable_structure,
    require_inchikey,
    require_underivatised,
    require_peaks_below_ion,
    require_possible_peaks,
)


def find_fault(record: Record, config: DataConfig) -> BadRecord | None:
    """Return why a record is not used for training, or ``None``.

    Energies are no reason: the range is chosen when a store is read.

    Args:
        record: a record.
        config: gives ``min_peaks`` and ``max_mz``.

    Example:
        >>> from nextims.config import DataConfig
        >>> from nextims.data.library.filters import find_fault
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> water = Record("a.txt", 1, "1", "Water", Spectrum([17, 18], [20, 99]), ("O",))
        >>> find_fault(water, DataConfig()).reason
        'too few peaks'
    """
    return find_faults([record], config)[0]


def find_faults(records: Sequence[Record], config: DataConfig) -> list[BadRecord | None]:
    """Return what ``find_fault`` says of each record, in less time than for one at a time.

    Example:
        >>> from nextims.config import DataConfig
        >>> from nextims.data.library.filters import find_faults
        >>> find_faults([], DataConfig())
        []
    """
    faults: list[BadRecord | None] = [None] * len(records)
    # Check by check, not record by record: the processor keeps the code of one at a time at hand.
    for check in FILTERS:
        for position, record in enumerate(records):
            if faults[position] is None and (drop := check(record, config)):
                faults[position] = record.rejected(*drop)
    return faults
