"""CSV: one row a peak."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from ...spectra.ions import MZ_DECIMALS, AnnotatedPeak
from ...spectra.prediction import PredictedSpectrum
from ...spectra.uncertainty import Uncertainty
from ..exported import (
    INDEX_FIELDS,
    Contents,
    exported_peaks,
    free_names,
    index_fields,
    mz_text,
    rounded,
)
from .cells import safe_cell
from .layout import COLUMNS

# Of the peak's first ion; unexplained is the share that no ion has.
ION_COLUMNS = ("ion", "ion_mz", "neutral_loss", "ion_share", "piece", "unexplained")
# Similarity to expect of a spectrum, mean and quartiles.
EXPECTED_COLUMNS = tuple(
    f"expected_{name}{part}"
    for name in ("cosine", "entropy_similarity")
    for part in ("", "_lower", "_upper")
)


def csv_record(result: PredictedSpectrum, model_name: str = "") -> str:
    """Return a spectrum as rows of the columns of ``csv_header``, one a peak.

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
        f"{result.energy:g}",
    )
    index = tuple(index_fields(result).values()) or ("",) * len(INDEX_FIELDS)
    return csv_text(
        (
            *facts,
            mz_text(mz),
            intensity,
            *(() if annotation is None else _ion_cells(annotation)),
            *_uncertainty_cells(result.uncertainty, deviation),
            *index,
            *(value for _, value in result.columns),
        )
        for mz, intensity, annotation, deviation in exported_peaks(result)
    )


def csv_header(contents: Contents) -> str:
    """Return the line of column names.

    Example:
        >>> from nextims.formats.csv.writing import csv_header
        >>> from nextims.formats.exported import Contents
        >>> csv_header(Contents(annotated=True)).split(",")[8:12]
        ['mz', 'intensity', 'ion', 'ion_mz']
    """
    columns = COLUMNS
    columns += ION_COLUMNS if contents.annotated else ()
    columns += ("deviation", *EXPECTED_COLUMNS) if contents.uncertain else ()
    columns += INDEX_FIELDS
    return csv_text([(*columns, *free_names(contents.columns, columns))])


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as the lines of a CSV file, without formulas of spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(map(safe_cell, row) for row in rows)
    return text.getvalue()


def _uncertainty_cells(
    uncertainty: Uncertainty | None, deviation: float | None
) -> tuple[object, ...]:
    if uncertainty is None:
        return ()
    expected = (value for parts in uncertainty.expected.values() for value in parts)
    return deviation, *map(rounded, expected)


def _ion_cells(peak: AnnotatedPeak) -> tuple[object, ...]:
    cells: tuple[object, ...] = ("",) * (len(ION_COLUMNS) - 1)
    for ion in peak.ions[:1]:
        cells = (
            ion.formula,
            f"{ion.mz:.{MZ_DECIMALS}f}",
            ion.neutral_loss,
            rounded(ion.share),
            ion.piece,
        )
    return *cells, rounded(peak.unexplained)
