"""What the open benchmark scores: the test spectra of a scheme, and predictions of their molecules.

Shapes: ``n`` test spectra.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nextims.chemistry.molecule import first_block
from nextims.chemistry.reading.refusals import MoleculeError
from nextims.data.library.splits import LEFT_OUT, SPLITS
from nextims.data.library.store import SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.intervals import Scores
from nextims.evaluation.metrics import score
from nextims.formats.reading import read_spectra
from nextims.spectra.record import BadRecord, Record
from nextims.spectra.spectrum import Spectrum
from open_ei_splits import MASSBANK, Splits, of_usual_energy, spectrum_sets, split_of_rows
from peers import mean_of_replicates, molecule_numbers

FOREIGN, REPLICATED = "other libraries", ", with replicates"
# A library with fewer test molecules has no table of its own beside those of several.
_FEWEST = 10
# Peaks of the silyl group and their isotopes, which this library has taken out of its spectra: of
# all the first three, of three quarters the others, also of molecules without silicon.
_WITHOUT = "hmdb-cms"
_TAKEN_OUT = (73, 74, 75, 147, 148, 149)


@dataclass(frozen=True)
class Test:
    """The test spectra of a scheme.

    Attributes:
        rows: positions in the store, ``(n,)``.
        smiles: of each one's molecule, ``n``.
        block: first block of its InChIKey, ``(n,)``.
        library: where it is from, ``(n,)``.
        spectra: intensities, base peak 1, ``(n, max_mz)``.
        lowest_mz: lowest recorded m/z, ``(n,)``.
        defect: mass defect of its molecule, ``(n,)``.
        ceiling: scores against the mean of its molecule's other spectra; NaN where there are none.
        seen: number of molecules left out as the tool has learned from them.
    """

    rows: np.ndarray
    smiles: list[str]
    block: np.ndarray
    library: np.ndarray
    spectra: np.ndarray
    lowest_mz: np.ndarray
    defect: np.ndarray
    ceiling: Scores
    seen: int

    @property
    def molecules(self) -> int:
        """Number of molecules."""
        return _number(self.block)

    def score(self, predicted: np.ndarray) -> Scores:
        """Return each metric of predictions, ``(n, max_mz)``, on any scale."""
        predicted = _without_silyl(predicted, self.library == _WITHOUT)
        return score(predicted, self.spectra, self.lowest_mz)

    def as_rows(self, predicted: Mapping[str, Spectrum]) -> np.ndarray:
        """Return the prediction of each spectrum, zeros where there is none, ``(n, max_mz)``.

        Args:
            predicted: first block → spectrum.
        """
        rows = np.zeros_like(self.spectra)
        for row, block, defect in zip(rows, self.block, self.defect, strict=True):
            if block in predicted:
                row[:] = predicted[block].of(float(defect)).binned(len(row))
        return rows


def read_test(store: SpectrumStore, splits: Splits, scheme: str, seen: set[str]) -> Test:
    """Read the test spectra of a scheme, of 60 to 80 eV.

    Args:
        store: the libraries.
        splits: of all schemes, see ``open_ei_splits``.
        scheme: one of ``SCHEMES``.
        seen: first blocks of molecules to leave out.

    Raises:
        UserError: there are none.
    """
    block = np.array([first_block(key) for key in store.column("inchikey")])
    is_test = split_of_rows(store, splits, scheme) == SPLITS.index("test")
    usual = of_usual_energy(store) & (store.index.split != LEFT_OUT)
    known = np.isin(block, list(seen))
    rows = np.flatnonzero(is_test & ~known)
    if not len(rows):
        raise UserError(f"{store.path}: no test spectrum of {scheme}")
    smiles = store.column("smiles")
    # Also what other libraries have of these molecules says how alike measurements are.
    library = np.array(spectrum_sets(store))
    all_rows = np.flatnonzero(usual & (library != "") & np.isin(block, block[rows]))
    max_mz = int(store.attributes["max_mz"])
    spectra = np.stack([store.spectrum(i).binned(max_mz) for i in all_rows])
    without = np.isin(block[all_rows], block[all_rows][library[all_rows] == _WITHOUT])
    replicated, own = mean_of_replicates(
        _without_silyl(spectra, without),
        store.index.lowest_mz[all_rows],
        molecule_numbers(smiles, all_rows),
    )
    ceiling = {}
    for name, values in own.items():
        everyone = np.full(len(store), np.nan)
        everyone[all_rows[replicated]] = values
        ceiling[name] = everyone[rows]
    return Test(
        rows=rows,
        smiles=[smiles[i] for i in rows],
        block=block[rows],
        library=library[rows],
        spectra=_without_silyl(spectra[np.searchsorted(all_rows, rows)], library[rows] == _WITHOUT),
        lowest_mz=store.index.lowest_mz[rows],
        defect=store.index.mass_defect[rows],
        ceiling=ceiling,
        seen=_number(block[is_test & known]),
    )


def _without_silyl(spectra: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return spectra, some without the peaks ``_TAKEN_OUT``, their base peaks 1 again."""
    spectra = spectra.copy()
    rows = np.flatnonzero(which)
    spectra[np.ix_(rows, np.subtract(_TAKEN_OUT, 1))] = 0
    spectra[rows] /= np.maximum(spectra[rows].max(1, keepdims=True), 1e-12)
    return spectra


def sets_of(test: Test) -> dict[str, np.ndarray]:
    """Return the parts of the test that are told apart, as marks of the spectra, ``(n,)``."""
    foreign = test.library != MASSBANK
    libraries = {str(name): test.library == name for name in np.unique(test.library[foreign])}
    together = {MASSBANK: ~foreign, FOREIGN: foreign} if len(libraries) > 1 or any(~foreign) else {}
    has_replicates = ~np.isnan(test.ceiling["cosine"])
    found = {}
    for name, rows in (together | libraries).items():
        fewest = _FEWEST if together and name in libraries else 1
        for title, own in ((name, rows), (name + REPLICATED, rows & has_replicates)):
            if _number(test.block[own]) >= fewest:
                found[title] = own
    return found


def read_predictions(path: Path, wanted: set[str]) -> dict[str, Spectrum]:
    """Return first block → predicted spectrum, of the molecules wanted.

    Raises:
        UserError: the file cannot be read.
    """
    found: dict[str, Spectrum] = {}
    unread = 0
    for record in read_spectra(path):
        if isinstance(record, BadRecord):
            unread += 1
            continue
        block = next((block for block in _names(record) if block in wanted), None)
        if block:
            found.setdefault(block, record.spectrum)
    if unread:
        print(f"{path}: {unread} records could not be read", file=sys.stderr)
    return found


def _names(record: Record) -> Iterator[str]:
    yield first_block(record.inchikey)
    yield first_block(record.name)
    with suppress(MoleculeError):
        yield first_block(record.molecule.inchikey)


def _number(values: np.ndarray) -> int:
    return len(np.unique(values))
