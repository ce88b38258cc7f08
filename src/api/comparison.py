"""Two spectra compared by all scores, whatever they come from."""

from __future__ import annotations

from typing import Any

from ..inference.measured import all_scores
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record
from ..spectra.spectrum import Spectrum


def as_record(given: Any) -> Record:
    """Return what a user gives as a spectrum as a measured record.

    Args:
        given: one of ours, predicted or measured; one of matchms; or a pair of arrays, m/z and
            intensity.

    Raises:
        TypeError: it is something else.
        ValueError: it holds values that no spectrum can have.

    Example:
        >>> from nextims.api.comparison import as_record
        >>> as_record(([31, 45], [999, 510])).spectrum.mz
        array([31., 45.])
    """
    if isinstance(given, Record):
        return given
    if isinstance(given, PredictedSpectrum):
        molecule = given.molecule
        facts = {"formula": molecule.formula, "structures": (molecule.smiles,)}
        return _record(given.name, given.spectrum, nominal_mass=molecule.nominal_mass, **facts)
    if isinstance(given, Spectrum):
        return _record("", given)
    if hasattr(given, "peaks") and hasattr(given, "get"):  # matchms, which takes seconds to import
        structures = tuple(filter(None, (given.get("smiles"), given.get("inchi"))))
        return _record(
            given.get("compound_name") or "",
            Spectrum(given.peaks.mz, given.peaks.intensities),
            formula=given.get("formula") or "",
            inchikey=given.get("inchikey") or "",
            structures=structures,
        )
    if not isinstance(given, str) and hasattr(given, "__len__") and len(given) == 2:
        mz, intensity = given
        return _record("", Spectrum(mz, intensity))
    raise TypeError(
        "expected a spectrum of nextims or matchms, or a pair of arrays (m/z, intensity), "
        f"found {type(given).__name__}"
    )


def _record(name: str, spectrum: Spectrum, **facts: Any) -> Record:
    return Record("", 1, "1", name, spectrum, **facts)


def compare(measured: object, reference: object) -> dict[str, float]:
    """Return every score of two spectra.

    Args:
        measured: the unknown, as ``as_record`` takes it; m/z below its lowest peak are left out.
        reference: what it is compared with: a predicted spectrum, or another measured one.

    Returns:
        Name of the score → value: from 0 to 1, of NIST's match factors from 0 to 999, the higher
        the more alike; see ``nextims.evaluation.metrics.compare``.

    Raises:
        TypeError: one of them is no spectrum.
        ValueError: see ``as_record``; or the measured one has no peak.

    Example:
        >>> import nextims
        >>> measured = ([29, 31, 45, 46], [299, 999, 517, 216])
        >>> scores = nextims.compare(measured, ([31, 45, 46], [999, 600, 150]))
        >>> round(scores["cosine"], 3), scores["nist_identity_reverse_match_factor"]
        (0.964, 936)
    """
    return all_scores(as_record(reference).of_known, as_record(measured))
