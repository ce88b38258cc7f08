"""Measured spectra that say what instrument predictions are to be like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from ..chemistry.molecule import first_block
from ..config import DataConfig
from ..data.library.filters import find_fault
from ..evaluation.metrics import score
from ..evaluation.own_instrument import fit_instrument
from ..formats.opening import SpectraFileError
from ..formats.reading import read_spectra
from ..spectra.instrument import Instrument
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import BadRecord, Record
from ..spectra.spectrum import STANDARD_ENERGY_RANGE
from .streaming import StreamingPredictor
from .structures.lists import InputError, InputStructure

# Fewer molecules say little of an instrument; more say nothing new.
_FEWEST, _MOST = 5, 200


def instrument_of(
    path: str | Path,
    predictor: StreamingPredictor,
    say: Callable[[str], object] = lambda line: None,
) -> Instrument:
    """Return the instrument that recorded the spectra of a file.

    The first spectrum of each molecule counts, of 200 molecules at most. Those do not that no
    training would take (without a structure, or of a derivative under its parent's), predicted
    ones, and those of other energies than some 70 eV.

    Args:
        path: the file, of any format that ``read_spectra`` knows, with structures.
        predictor: what predicts the molecules to compare with.
        say: takes a line on what was found.

    Raises:
        InputError: the file cannot be read, or has too few such spectra.

    Example:
        >>> from nextims.config import PROJECT_ROOT, load_config
        >>> from nextims.inference.loading import open_predictor
        >>> from nextims.inference.standards import instrument_of
        >>> predictor = open_predictor(load_config().student.checkpoint)
        >>> path = PROJECT_ROOT / "docs" / "examples" / "standards.msp"
        >>> predictor.predict_as(instrument_of(path, predictor))
        >>> predictor.predict(["CCO"])[0].highest_peaks(1)[0].mz
        31
    """
    told: dict[str, list[str]] = {}
    try:
        records = list(islice(_usable(Path(path), predictor.max_mz, told), _MOST))
    except SpectraFileError as error:
        raise InputError(str(error)) from error
    structures = [InputStructure(each.line, each.molecule.smiles) for each in records]
    pairs = []
    for result, record in zip(predictor.predict(structures), records, strict=True):
        if isinstance(result, PredictedSpectrum):
            pairs.append((result.spectrum.binned(predictor.max_mz), record))
        else:
            why = f"line {record.line}: {result.reason}"
            told.setdefault("cannot be predicted", []).append(why)
    if len(pairs) < _FEWEST:
        raise InputError(
            f"{path}: different molecules with a structure (SMILES or InChI) and a spectrum "
            f"measured at some 70 eV: {len(pairs)}; at least {_FEWEST} say what an instrument is "
            "like" + _left_out(told)
        )
    predicted = np.stack([bins for bins, _ in pairs])
    measured = np.stack([each.of_molecule.binned(predictor.max_mz) for _, each in pairs])
    lowest = np.array([each.lowest_mz for _, each in pairs])
    instrument = fit_instrument(predicted, measured, lowest)
    mz = np.arange(1.0, predictor.max_mz + 1)
    before, after = (
        score(each.scaled(mz, predicted), measured, lowest) for each in (Instrument(), instrument)
    )
    gains = [
        f"{name.replace('_', ' ')} {before[name].mean():.3f} -> {after[name].mean():.3f}"
        for name in ("cosine", "entropy_similarity")
    ]
    say(
        f"{path}: {len(pairs)} molecules: {instrument}; mean similarity to their spectra, without "
        f"-> with it: {', '.join(gains)}{_left_out(told)}"
    )
    return instrument


def _left_out(told: dict[str, list[str]]) -> str:
    reasons = [f"{reason}, {len(lines)} ({lines[0]})" for reason, lines in told.items()]
    return f"; left out: {'; '.join(reasons)}" if reasons else ""


def _usable(path: Path, max_mz: int, told: dict[str, list[str]]) -> Iterator[Record]:
    low, high = STANDARD_ENERGY_RANGE
    config = DataConfig(max_mz=max_mz)
    seen: set[str] = set()

    def leave_out(record: Record | BadRecord, reason: str, detail: str = "") -> None:
        where = f"line {record.line}"
        told.setdefault(reason, []).append(f"{where}: {detail}" if detail else where)

    for record in read_spectra(path):
        if not isinstance(record, Record):
            leave_out(record, record.reason, record.detail)
            continue
        if record.predicted:
            leave_out(record, "predicted")
        elif record.energy is not None and not low <= record.energy <= high:
            leave_out(record, "measured at another energy", f"{record.energy:g} eV")
        elif fault := find_fault(record, config):
            leave_out(record, fault.reason, fault.detail)
        elif (block := first_block(record.molecule.inchikey)) not in seen:
            seen.add(block)
            yield record
