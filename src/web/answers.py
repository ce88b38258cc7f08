"""What the API answers: predictions as plain values, and the shapes that ``/docs`` shows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from ..formats.exported import INDEX_FIELDS
from ..formats.json.writing import spectrum_fields
from ..inference.streaming import Result
from ..searching.ranking import Hit
from ..spectra.prediction import FailedPrediction, PredictedSpectrum
from ..spectra.record import Record
from ..spectra.retention import SEMI_STANDARD_NON_POLAR, column_kind
from .drawing import draw


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


class Answer(BaseModel):
    """An answer that may hold more than is named here."""

    model_config = ConfigDict(extra="allow")


class Prediction(Answer):
    """A predicted spectrum as ``.json`` files have it, base peak 999; or why there is none."""

    line: int
    name: str
    error: str | None = None
    smiles: str | None = None
    formula: str | None = None
    nominal_mass: int | None = None
    exact_mass: float | None = None
    inchikey: str | None = None
    retention_index: float | None = None
    retention_index_low: float | None = None
    retention_index_high: float | None = None
    column: str | None = None
    peaks: list[tuple[float, int]] | None = None
    expected_similarity: dict[str, dict[str, float]] | None = None
    neighbours: list[dict[str, Any]] | None = None
    annotations: list[dict[str, Any]] | None = None
    notes: list[str] | None = None


class Predictions(BaseModel):
    """One for each structure, in their order; of derivatives, one for each."""

    predictions: list[Prediction]


class Comparison(BaseModel):
    """All scores of two spectra: match factors from 0 to 999, the others from 0 to 1."""

    scores: dict[str, float]
    prediction: Prediction | None = None


class RankedHit(Answer):
    """A molecule found."""

    rank: int
    score: float
    name: str
    smiles: str
    formula: str
    peaks: list[tuple[float, float]]
    retention_index: float | None = None
    retention_difference: float | None = None


class Ranking(BaseModel):
    """Molecules, the most similar first, and how many were left out; the first reasons why."""

    hits: list[RankedHit]
    compared: int
    notes: list[str]
    failures: list[str]
    left_out: int
    csv: str


class FileContent(BaseModel):
    """What a file holds."""

    spectra: list[dict[str, Any]] = []
    structures: list[dict[str, Any]] = []
    problems: list[str]


class Labelled(BaseModel):
    """A structure with one label more or less."""

    smiles: str


class Health(BaseModel):
    """What the server has."""

    status: str
    version: str
    model: str
    teacher: bool
    library: str | None
    instrument: str | None
    limits: dict[str, float]


def prediction_fields(
    result: Result, model_name: str = "", *, drawing: bool = False
) -> dict[str, Any]:
    """Return a prediction as an answer holds it.

    Args:
        result: the prediction.
        model_name: what it was predicted by.
        drawing: whether with picture and MOL block, see ``Drawing``.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.web.answers import prediction_fields
        >>> prediction_fields(ethanol())["peaks"]
        [(31, 999), (45, 500)]
    """
    if isinstance(result, FailedPrediction):
        return {"line": result.line, "name": result.name, "error": result.reason}
    fields = spectrum_fields(result, model_name)
    fields["notes"] = [*result.molecule.notes, *result.notes]
    if drawing:
        fields["drawing"] = draw(result.molecule)._asdict()
    return fields


def hit_fields(hit: Hit, predicted: PredictedSpectrum | None) -> dict[str, Any]:
    """Return a hit as an answer holds it.

    Args:
        hit: the molecule.
        predicted: what was predicted of it, where it is a candidate.
    """
    own_facts = {} if predicted is None else spectrum_fields(predicted)
    entry = hit.entry
    own = {"rank": hit.rank, "score": hit.score, "name": entry.name, "smiles": entry.smiles}
    own |= {"formula": entry.formula, "nominal_mass": entry.nominal_mass, "line": entry.line}
    own["source"] = "predicted" if entry.predicted else "measured"
    # As they are shown and written where the molecule is drawn.
    own["peaks"] = own_facts.get("peaks") or peaks_of(entry.record)
    own["retention_index"], own["column"] = entry.record.retention_index, entry.record.column
    own |= {name: own_facts[name] for name in INDEX_FIELDS if name in own_facts}
    own["retention_difference"] = hit.difference
    if entry.molecule is not None:
        own["drawing"] = draw(entry.molecule, 220, 154)._asdict()
    return own


def peaks_of(record: Record) -> list[tuple[float, float]]:
    """Return the peaks of a record, base peak 999.

    Example:
        >>> from nextims.spectra.record import Record
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.web.answers import peaks_of
        >>> peaks_of(Record("lab.msp", 1, "1", "water", Spectrum([17, 18], [50, 100])))
        [(17.0, 499.5), (18.0, 999.0)]
    """
    intensity = record.spectrum.intensity.astype(float)
    scaled = (999 * intensity / (intensity.max(initial=0) or 1)).round(2)
    return list(zip(record.spectrum.mz.round(4).tolist(), scaled.tolist(), strict=True))


def record_fields(record: Record) -> dict[str, Any]:
    """Return a measured spectrum as an answer holds it."""
    return {
        "line": record.line,
        "name": record.name or record.id,
        "formula": record.formula,
        "nominal_mass": record.nominal_mass,
        "retention_index": record.retention_index,
        "column": record.column,
        "column_kind": column_kind(record.column) or SEMI_STANDARD_NON_POLAR,
        "retention_time": record.retention_time,
        "structure": next((text for text in record.structures if "\n" not in text), ""),
        "peaks": peaks_of(record),
    }
