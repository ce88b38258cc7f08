"""Two spectra compared by all scores, whatever they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..files.endings import known_ending
from ..formats.opening import without_gzip
from ..formats.raw_record import RawRecord
from ..formats.reading import READERS
from ..inference.measured import all_scores
from ..searching.entries import predicted_entry
from ..searching.libraries import read_queries
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import BadRecord, Record
from ..spectra.spectrum import Spectrum

# Minutes. matchms makes seconds of a time with a unit, and keeps one without as its file has it.
_LONGEST_RUN = 180


def as_record(given: Any) -> Record:
    """Return what a user gives as a spectrum as a measured record.

    Args:
        given: one of ours, predicted or measured; one of matchms, whose retention time is taken as
            seconds above 180, else as minutes; a pair of arrays, m/z and intensity; the path of a
            file with one spectrum; or several of these that are one only.

    Raises:
        TypeError: it is something else, or several spectra.
        UserError: the file cannot be read.
        ValueError: it holds values that no spectrum can have.

    Example:
        >>> from nextims.api.comparison import as_record
        >>> as_record(([31, 45], [999, 510])).spectrum.mz
        array([31., 45.])
    """
    if isinstance(given, Record):
        return given
    if isinstance(given, PredictedSpectrum):
        return predicted_entry(given).record
    if isinstance(given, Spectrum):
        return _nameless(given)
    if _is_matchms(given):
        return _of_matchms(given)
    if _is_pair(given):
        return _nameless(Spectrum(*given))
    many = several(given)
    if isinstance(given, Path) or (isinstance(given, str) and _is_file(given)):
        many = read_queries(given)[0]
    if many is None:
        raise TypeError(
            "expected a spectrum of nextims or matchms, the path of a file with one, or a pair of "
            f"arrays (m/z, intensity), found {_shown(given)}"
        )
    if not many:
        raise TypeError("found no spectrum at all")
    if len(many) > 1:
        whole = f"nextims.read({str(given)!r})" if isinstance(given, str | Path) else "spectra"
        raise TypeError(f"found {len(many)} spectra; give one of them: {whole}[0], say")
    return as_record(many[0])


def several(given: Any) -> list[Any] | None:
    """Return the items of what may be several spectra, ``None`` where it is one or none.

    Example:
        >>> from nextims.api.comparison import several
        >>> peak = ([31, 45], [999, 510])
        >>> len(several([peak, peak])), several(peak), several("CCO")
        (2, None, None)
    """
    is_one = isinstance(given, Record | PredictedSpectrum | Spectrum | str | Path | dict)
    if is_one or not isinstance(given, Iterable) or _is_matchms(given) or _is_pair(given):
        return None
    return list(given)


def _is_file(text: str) -> bool:
    return known_ending(without_gzip(Path(text)), READERS) in READERS


def _is_matchms(given: Any) -> bool:
    """Say whether it is a spectrum of matchms, which takes seconds to import."""
    return hasattr(given, "peaks") and hasattr(given, "get")


def _of_matchms(given: Any) -> Record:
    """Return a spectrum of matchms with what it says, which is what a file would say."""
    peaks = np.column_stack([given.peaks.mz, given.peaks.intensities])
    raw = RawRecord(1, pairs=peaks)
    for name, value in given.metadata.items():
        if isinstance(value, str | int | float):
            raw.add(name, value)
    record = raw.record("", 1)
    if isinstance(record, BadRecord):
        raise ValueError(record.why)
    if (record.retention_time or 0) > _LONGEST_RUN:
        return replace(record, retention_time=round(record.retention_time / 60, 6))
    return record


def _is_pair(given: Any) -> bool:
    """Say whether it is two arrays of numbers."""
    if isinstance(given, str) or not hasattr(given, "__len__") or len(given) != 2:
        return False
    try:
        return all(np.ndim(values) == 1 for values in given)
    except ValueError:  # of lists that differ in length
        return False


def _shown(given: Any) -> str:
    hint = ": a structure, or a name? nextims.predict makes spectra of structures"
    return f"{given!r}{hint}" if isinstance(given, str) else type(given).__name__


def _nameless(spectrum: Spectrum) -> Record:
    return Record("", 1, "1", "", spectrum)


def compare(measured: object, reference: object) -> dict[str, float]:
    """Return every score of two spectra.

    Two equal spectra score 1, or 999; ``stein_scott_composite`` gives 1 − 1/(2N) for N peaks, as
    its authors divide N − 1 ratios of neighbouring peaks by N (Stein and Scott, J. Am. Soc. Mass
    Spectrom. 1994, 5, 859).

    Args:
        measured: the unknown, as ``as_record`` takes it; m/z below its lowest peak are left out.
        reference: what it is compared with: a predicted spectrum, or another measured one.

    Returns:
        Name of the score → value: from 0 to 1, of NIST's match factors from 0 to 999, the higher
        the more alike; see ``nextims.evaluation.metrics.compare``.

    Raises:
        TypeError: one of them is no spectrum, or several.
        ValueError: see ``as_record``; or the measured one has no peak.

    Example:
        >>> import nextims
        >>> measured = ([29, 31, 45, 46], [299, 999, 517, 216])
        >>> scores = nextims.compare(measured, ([31, 45, 46], [999, 600, 150]))
        >>> round(scores["cosine"], 3), scores["nist_identity_reverse_match_factor"]
        (0.964, 936)
    """
    return all_scores(as_record(reference).of_known, as_record(measured))
