"""A predicted spectrum as text: NIST's MSP, JSON and CSV.

In all of them the base peak is 999 and no peak has intensity 0; m/z is an integer, or has four
decimals where the spectrum is at accurate masses.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable

import numpy as np

from ..evaluation.calibration import Expectation
from ..version import __version__
from .results import MZ_DECIMALS, AnnotatedPeak, Ion, PredictedSpectrum, Uncertainty

BASE_PEAK = 999
# Lengths that NIST's MS Search can hold (its manual, version 2.4).
MSP_NAME_LENGTH = 511
MSP_COMMENTS_LENGTH = 1023
MSP_FORMULA_LENGTH = 23

CSV_COLUMNS = (
    "line", "name", "smiles", "formula", "nominal_mass", "exact_mass", "inchikey", "mz",
    "intensity",
)  # fmt: skip
# Of the peak's first ion; unexplained is the share that no ion has.
CSV_ION_COLUMNS = ("ion", "ion_mz", "neutral_loss", "ion_share", "piece", "unexplained")
# Similarity to expect of the spectrum (mean and quartiles), and the peak's deviation.
CSV_UNCERTAINTY_COLUMNS = (
    "deviation",
    *(
        f"expected_{name}{part}"
        for name in ("cosine", "entropy_similarity")
        for part in ("", "_lower", "_upper")
    ),
)


def msp_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as NIST's lib2nist reads it: Name first, Num Peaks last, CRLF.

    A structure without a name goes by its SMILES. A formula or SMILES too long for its field is
    left out rather than cut. Where the ions are known, each peak has a comment, see
    ``peak_comment``.

    Example:
        >>> import numpy as np
        >>> from nextims.data.molecule import read_molecule
        >>> from nextims.data.spectrum import Spectrum
        >>> from nextims.inference.formats import msp_record
        >>> from nextims.inference.results import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45], [1.0, 0.5])
        >>> result = PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum)
        >>> msp_record(result).splitlines()[-4:]
        ['Num Peaks: 2', '31 999', '45 500', '']
    """
    molecule = result.molecule
    peaks = _msp_peaks(result)
    lines = [f"Name: {_msp_name(result)}"]
    if len(molecule.formula) <= MSP_FORMULA_LENGTH:
        lines.append(f"Formula: {molecule.formula}")
    lines += [f"MW: {molecule.nominal_mass}", f"ExactMass: {molecule.exact_mass:.6f}"]
    if molecule.inchikey:
        lines.append(f"InChIKey: {molecule.inchikey}")
    lines += [f"Comments: {_msp_comments(result, model_name)}", f"Num Peaks: {len(peaks)}"]
    return "\r\n".join([*lines, *peaks, "", ""])


def _msp_peaks(result: PredictedSpectrum) -> list[str]:
    if result.annotations is None and result.left_out is None:
        # Most of the time that a long list takes to write goes here.
        intensity = np.rint(BASE_PEAK * result.spectrum.intensity.astype(np.float64))
        pairs = np.stack([result.spectrum.mz, intensity], 1)[intensity > 0]
        return [f"{mz:.0f} {height:.0f}" for mz, height in pairs.tolist()]
    lines = []
    for mz, intensity, annotation, _ in _exported_peaks(result):
        comment = "" if annotation is None else f' "{peak_comment(annotation)}"'
        lines.append(f"{_mz_text(mz)} {intensity}{comment}")
    return lines


def peak_comment(peak: AnnotatedPeak) -> str:
    """Return the ions of a peak as NIST's libraries write them into peak comments.

    NIST's tandem libraries write ``C7H7=p-H2O``, p being the precursor, and ``?`` for a peak that
    has no explanation; here M stands in p's place, and each share follows.

    Example:
        >>> from nextims.inference.formats import peak_comment
        >>> from nextims.inference.results import AnnotatedPeak, Ion
        >>> tropylium = Ion("C7H7+", 91.0542, 0.87, "H", -1, 0, tuple(range(7)), "Cc1ccccc1")
        >>> peak_comment(AnnotatedPeak(91, 1.0, (tropylium,), 0.0, 0.13))
        'C7H7+=M-H 87%; ? 13%'
    """
    parts = [
        f"{ion.formula}={'M-' + ion.neutral_loss if ion.neutral_loss else 'M'} {percent(ion.share)}"
        for ion in peak.chief_ions()
    ]
    if peak.unexplained >= 0.005 or not parts:
        parts.append(f"? {percent(peak.unexplained)}")
    return "; ".join(parts)


def expectation_text(similarity: str, expected: Expectation) -> str:
    """Return the similarity to expect of a predicted spectrum.

    Args:
        similarity: its name.
        expected: its value, and the quartiles of predictions like this.

    Example:
        >>> from nextims.evaluation.calibration import Expectation
        >>> from nextims.inference.formats import expectation_text
        >>> expectation_text("cosine", Expectation(0.87, 0.78, 0.93))
        'cosine 0.87 (middle half of such predictions: 0.78-0.93)'
    """
    mean, lower, upper = (f"{value:.2f}" for value in expected)
    name = similarity.replace("_", " ")
    return f"{name} {mean} (middle half of such predictions: {lower}-{upper})"


def percent(share: float) -> str:
    """Return a share in whole per cent.

    Example:
        >>> from nextims.inference.formats import percent
        >>> percent(0.126), percent(0.002)
        ('13%', '<1%')
    """
    return f"{100 * share:.0f}%" if share >= 0.005 else "<1%"


def json_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as one line of JSON; ``peaks`` are pairs of m/z and intensity.

    Where the ions are known, ``annotations`` has them for each of the peaks. A spectrum at accurate
    masses has ``left_out``. Where the uncertainty is known, ``expected_similarity`` has the
    similarity to expect and the quartiles of predictions like this, and ``peak_deviations`` the
    standard deviation of each peak's error, on the scale of the intensities.
    """
    molecule = result.molecule
    peaks = _exported_peaks(result)
    fields = {
        "line": result.line,
        "name": result.name,
        "smiles": molecule.smiles,
        "formula": molecule.formula,
        "nominal_mass": molecule.nominal_mass,
        "exact_mass": round(molecule.exact_mass, 6),
        "inchikey": molecule.inchikey,
        "predicted_by": _signature(),
        "model": model_name,
        "peaks": [(mz, intensity) for mz, intensity, _, _ in peaks],
    }
    if result.uncertainty is not None:
        fields["expected_similarity"] = {
            name: {part: _rounded(value) for part, value in expected._asdict().items()}
            for name, expected in result.uncertainty.expected.items()
        }
        if result.uncertainty.deviations is not None:
            fields["peak_deviations"] = [deviation for *_, deviation in peaks]
    if result.left_out is not None:
        fields["left_out"] = _rounded(result.left_out)
    if result.annotations is not None:
        fields["annotations"] = [
            {
                "mz": mz,
                "ions": [_ion_fields(ion) for ion in annotation.ions],
                "other_ions": _rounded(annotation.other_ions),
                "unexplained": _rounded(annotation.unexplained),
            }
            for mz, _, annotation, _ in peaks
        ]
    return json.dumps(fields, ensure_ascii=False) + "\n"


def _ion_fields(ion: Ion) -> dict[str, object]:
    return ion._asdict() | {"mz": round(ion.mz, MZ_DECIMALS), "share": _rounded(ion.share)}


def _rounded(share: float) -> float:
    return round(share, 4)


def csv_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as rows of the columns of ``header``, one a peak.

    ``line``, the line of the input, tells the spectra of equal structures apart. The model's name
    has no column.
    """
    molecule = result.molecule
    facts = (
        result.line,
        result.name,
        molecule.smiles,
        molecule.formula,
        molecule.nominal_mass,
        f"{molecule.exact_mass:.6f}",
        molecule.inchikey,
    )
    return csv_text(
        (
            *facts,
            _mz_text(mz),
            intensity,
            *(() if peak is None else _ion_cells(peak)),
            *_uncertainty_cells(result.uncertainty, deviation),
        )
        for mz, intensity, peak, deviation in _exported_peaks(result)
    )


def _uncertainty_cells(
    uncertainty: Uncertainty | None, deviation: float | None
) -> tuple[object, ...]:
    if uncertainty is None:
        return ()
    expected = (value for parts in uncertainty.expected.values() for value in parts)
    return deviation, *map(_rounded, expected)


def _ion_cells(peak: AnnotatedPeak) -> tuple[object, ...]:
    cells: tuple[object, ...] = ("",) * (len(CSV_ION_COLUMNS) - 1)
    for ion in peak.ions[:1]:
        cells = (
            ion.formula,
            f"{ion.mz:.{MZ_DECIMALS}f}",
            ion.neutral_loss,
            _rounded(ion.share),
            ion.piece,
        )
    return *cells, _rounded(peak.unexplained)


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as the lines of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


# Ending of a file → the function that writes a spectrum.
FORMATS: dict[str, Callable[[PredictedSpectrum, str], str]] = {
    ".msp": msp_record,
    ".json": json_record,
    ".jsonl": json_record,
    ".csv": csv_record,
}


def header(ending: str, *, annotated: bool = False, uncertain: bool = False) -> str:
    """Return what stands above the spectra in a file.

    Args:
        ending: a key of ``FORMATS``.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.
    """
    if ending != ".csv":
        return ""
    columns = CSV_COLUMNS
    columns += CSV_ION_COLUMNS if annotated else ()
    columns += CSV_UNCERTAINTY_COLUMNS if uncertain else ()
    return csv_text([columns])


def _signature() -> str:
    return f"NExtIMS {__version__}"


def _exported_peaks(
    result: PredictedSpectrum,
) -> list[tuple[int | float, int, AnnotatedPeak | None, float | None]]:
    """Return m/z, intensity, annotation and deviation of the peaks that a file can hold."""
    peaks = result.peaks
    nothing = [None] * len(peaks)
    annotations = result.annotations or nothing
    deviations = nothing
    if result.uncertainty is not None and result.uncertainty.deviations is not None:
        deviations = [round(BASE_PEAK * d, 1) for d in result.uncertainty.deviations.tolist()]
    scaled = [
        (peak.mz, round(BASE_PEAK * peak.intensity), annotation, deviation)
        for peak, annotation, deviation in zip(peaks, annotations, deviations, strict=True)
    ]
    return [peak for peak in scaled if peak[0] > 0 and peak[1] > 0]


def _mz_text(mz: int | float) -> str:
    return str(mz) if isinstance(mz, int) else f"{mz:.{MZ_DECIMALS}f}"


def _msp_name(result: PredictedSpectrum) -> str:
    # White space of any kind, line breaks among it, becomes one space.
    printable = "".join(c if c.isprintable() else " " for c in result.name)
    name = " ".join(printable.split())
    if not name:
        smiles = result.molecule.smiles
        name = smiles if len(smiles) <= MSP_NAME_LENGTH else result.molecule.inchikey or smiles
    return name.encode("utf-8")[:MSP_NAME_LENGTH].decode("utf-8", "ignore").rstrip()


def _msp_comments(result: PredictedSpectrum, model_name: str) -> str:
    comments = f'"predicted by {_signature()}"'
    with_smiles = f'"SMILES={result.molecule.smiles}" {comments}'
    if _fits(with_smiles):
        comments = with_smiles
    further = ['"model={}"'.format(model_name.replace('"', "'"))] if model_name else []
    if result.uncertainty is not None:
        further += [
            f'"expected {expectation_text(*item)}"' for item in result.uncertainty.expected.items()
        ]
    if result.left_out is not None:
        further.append(f'"intensity left out={100 * result.left_out:.1f}%"')
    for comment in further:
        if _fits(f"{comments} {comment}"):
            comments += f" {comment}"
    return comments


def _fits(comments: str) -> bool:
    return len(comments.encode()) <= MSP_COMMENTS_LENGTH
