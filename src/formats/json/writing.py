"""JSON lines: one object a spectrum, one spectrum a line."""

from __future__ import annotations

import json

from ...spectra.ions import MZ_DECIMALS, AnnotatedPeak, Ion
from ...spectra.prediction import PredictedSpectrum
from ..exported import exported_peaks, index_fields, rounded, signature


def json_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one line of JSON, see ``spectrum_fields``."""
    return json.dumps(spectrum_fields(result, model_name), ensure_ascii=False) + "\n"


def spectrum_fields(result: PredictedSpectrum, model_name: str = "") -> dict[str, object]:
    """Return all that is known of a spectrum; ``peaks`` are pairs of m/z and intensity.

    Where the ions are known, ``annotations`` has them for each of the peaks. A spectrum at accurate
    masses has ``left_out``. Where the uncertainty is known, ``expected_similarity`` has the
    similarity to expect and the quartiles of predictions like this, and ``peak_deviations`` the
    standard deviation of each peak's error, on the scale of the intensities; ``neighbours``, where
    asked for, the training molecules most like this one. ``columns`` has what columns of the input
    say that were kept, ``INDEX_FIELDS`` are of the retention index, where that is known.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.formats.json.writing import spectrum_fields
        >>> spectrum_fields(ethanol())["peaks"]
        [(31, 999), (45, 500)]
    """
    molecule = result.molecule
    peaks = exported_peaks(result)
    fields = {
        "line": result.line,
        "name": result.name,
        "smiles": molecule.smiles,
        "formula": molecule.formula,
        "nominal_mass": molecule.nominal_mass,
        "exact_mass": round(molecule.exact_mass, 6),
        "inchikey": molecule.inchikey,
        "ionization_energy": result.energy,
        **index_fields(result),
        "predicted_by": signature(),
        "model": model_name,
        "peaks": [(peak.mz, peak.intensity) for peak in peaks],
    }
    if result.uncertainty is not None:
        fields["expected_similarity"] = {
            name: {part: rounded(value) for part, value in expected._asdict().items()}
            for name, expected in result.uncertainty.expected.items()
        }
        if result.uncertainty.deviations is not None:
            fields["peak_deviations"] = [peak.deviation for peak in peaks]
        if neighbours := result.uncertainty.neighbours:
            fields["neighbours"] = [
                {"name": name, "similarity": rounded(similarity)} for name, similarity in neighbours
            ]
    if result.left_out is not None:
        fields["left_out"] = rounded(result.left_out)
    if result.annotations is not None:
        fields["annotations"] = [_annotation_fields(peak.mz, peak.annotation) for peak in peaks]
    if result.columns:
        fields["columns"] = dict(result.columns)
    return fields


def _annotation_fields(mz: int | float, annotation: AnnotatedPeak) -> dict[str, object]:
    return {
        "mz": mz,
        "ions": [_ion_fields(ion) for ion in annotation.ions],
        "other_ions": rounded(annotation.other_ions),
        "unexplained": rounded(annotation.unexplained),
    }


def _ion_fields(ion: Ion) -> dict[str, object]:
    return ion._asdict() | {"mz": round(ion.mz, MZ_DECIMALS), "share": rounded(ion.share)}
