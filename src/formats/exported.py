"""What all formats share: the peaks that a file can hold, and how they and the names are written.

In all formats the base peak is 999, no peak has intensity 0 or an m/z below 1, and m/z is an
integer, or has four decimals where the spectrum is at accurate masses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ..chemistry.formula import ELECTRON_MASS
from ..chemistry.molecule import read_molecule
from ..spectra.ions import MZ_DECIMALS, AnnotatedPeak
from ..spectra.prediction import PredictedSpectrum
from ..spectra.retention import RetentionIndex
from ..spectra.spectrum import STANDARD_ENERGY, Spectrum
from ..spectra.uncertainty import Expectation
from ..version import __version__
from .fields import RETENTION_TIMES, SYNONYMS, field_name, minutes_of

BASE_PEAK = 999
# lib2nist stops at a peak below m/z 1 and loses the rest of the library.
LOWEST_MZ = 1
# Of a table: the retention index, the interval that holds it in nine of ten cases, and the column.
INDEX_FIELDS = ("retention_index", "retention_index_low", "retention_index_high", "column")
# Looked up, whole numbers take a third of the time that they take to print.
_TEXTS = np.array([str(number) for number in range(2000)], dtype=object)


class Contents(NamedTuple):
    """What the spectra of a file have in common.

    Attributes:
        annotated: whether they have annotations.
        uncertain: whether they have uncertainties.
        library: name of the library.
        model_name: what they say about the model.
        columns: names of the columns of the input that go with them.
    """

    annotated: bool = False
    uncertain: bool = False
    library: str = ""
    model_name: str = ""
    columns: tuple[str, ...] = ()


class ExportedPeak(NamedTuple):
    """One peak as a file holds it.

    Attributes:
        mz: m/z, as in the spectrum.
        intensity: abundance, base peak 999.
        annotation: the ions behind it, where they are known.
        deviation: standard deviation of the error of its intensity, base peak 999, where known.
    """

    mz: int | float
    intensity: int
    annotation: AnnotatedPeak | None
    deviation: float | None


def ethanol() -> PredictedSpectrum:
    """Return a spectrum for examples: ethanol in two peaks."""
    return PredictedSpectrum(1, "ethanol", read_molecule("CCO"), Spectrum([31, 45], [1.0, 0.5]))


def exported_peaks(result: PredictedSpectrum) -> list[ExportedPeak]:
    """Return the peaks that a file can hold, by m/z.

    Example:
        >>> from nextims.formats.exported import ethanol, exported_peaks
        >>> [(peak.mz, peak.intensity) for peak in exported_peaks(ethanol())]
        [(31, 999), (45, 500)]
    """
    peaks = result.peaks
    nothing = [None] * len(peaks)
    annotations = result.annotations or nothing
    deviations = nothing
    if result.uncertainty is not None and result.uncertainty.deviations is not None:
        deviations = [round(BASE_PEAK * d, 1) for d in result.uncertainty.deviations.tolist()]
    scaled = [
        ExportedPeak(peak.mz, round(BASE_PEAK * peak.intensity), annotation, deviation)
        for peak, annotation, deviation in zip(peaks, annotations, deviations, strict=True)
    ]
    return [peak for peak in scaled if peak.mz >= LOWEST_MZ and peak.intensity > 0]


def peak_lines(
    result: PredictedSpectrum,
    separator: str = " ",
    describe: Callable[[AnnotatedPeak], str] | None = None,
) -> list[str]:
    """Return the peaks that a file can hold as text: m/z, intensity and, where known, the ions.

    Args:
        result: the spectrum.
        separator: between them.
        describe: gives the text of a peak's ions; ``None`` where the format has no place for it.

    Example:
        >>> from nextims.formats.exported import ethanol, peak_lines
        >>> peak_lines(ethanol())
        ['31 999', '45 500']
    """
    if describe is not None and result.annotations is not None:
        return [
            separator.join((mz_text(mz), str(height), describe(annotation)))
            for mz, height, annotation, _ in exported_peaks(result)
        ]
    if result.left_out is not None:
        return [f"{mz_text(p.mz)}{separator}{p.intensity}" for p in exported_peaks(result)]
    # Most of the time that a long list takes to write goes here.
    intensity = np.rint(BASE_PEAK * result.spectrum.intensity.astype(np.float64))
    kept = (intensity > 0) & (result.spectrum.mz >= LOWEST_MZ)
    mz, height = (np.rint(values[kept]).astype(int) for values in (result.spectrum.mz, intensity))
    return list(map(separator.join, zip(_texts(mz), _texts(height), strict=True)))


def _texts(numbers: np.ndarray) -> list[str]:
    if numbers.max(initial=0) < len(_TEXTS):
        return _TEXTS[numbers].tolist()
    return list(map(str, numbers.tolist()))


def mz_text(mz: int | float) -> str:
    """Return an m/z as it is written: an integer as it is, others with four decimals."""
    return str(mz) if isinstance(mz, int) else f"{mz:.{MZ_DECIMALS}f}"


def molecular_ion_mz(result: PredictedSpectrum) -> float:
    """Return the exact m/z of the molecular ion, the electron's mass taken off.

    Example:
        >>> from nextims.formats.exported import ethanol, molecular_ion_mz
        >>> round(molecular_ion_mz(ethanol()), 5)
        46.04132
    """
    return result.molecule.exact_mass - ELECTRON_MASS


def signature(model_name: str = "") -> str:
    """Return what a spectrum was predicted by: program, version and model.

    Example:
        >>> from nextims.formats.exported import signature
        >>> signature("student best_student.pt").split(", ")[1]
        'student best_student.pt'
    """
    program = f"NExtIMS {__version__}"
    return f"{program}, {model_name}" if model_name else program


def single_line(text: str) -> str:
    r"""Return a text on one line: white space of any kind, line breaks too, becomes one space.

    Example:
        >>> from nextims.formats.exported import single_line
        >>> single_line(" ethyl\r\nalcohol ")
        'ethyl alcohol'
    """
    if not text.isprintable():  # which most is, and is told at once
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def display_name(result: PredictedSpectrum) -> str:
    """Return the name on one line; a structure without a name goes by its SMILES."""
    return single_line(result.name) or result.molecule.smiles


def numbered_name(result: PredictedSpectrum) -> str:
    """Return the name after the spectrum's number, for formats that want it unique in the file."""
    return f"{result.identifier} {display_name(result)}"


def energy_text(result: PredictedSpectrum) -> str:
    """Return the ionization energy with its unit.

    Example:
        >>> from nextims.formats.exported import energy_text, ethanol
        >>> energy_text(ethanol())
        '70 eV'
    """
    return f"{result.energy:g} eV"


def remarks(result: PredictedSpectrum, model_name: str = "") -> list[str]:
    """Return what is to be said of a spectrum beside its facts, the most important first.

    That is what it was predicted by, the ionization energy if not 70 eV, the similarity to expect,
    the retention index with its interval, and what accurate masses leave out.
    """
    said = [f"predicted by {signature(single_line(model_name))}"]
    if result.energy != STANDARD_ENERGY:
        said.append(f"ionization energy={energy_text(result)}")
    if result.uncertainty is not None:
        expected = result.uncertainty.expected.items()
        said += [f"expected {expectation_text(*item)}" for item in expected]
    if result.retention_index is not None:
        said.append(f"predicted retention index {result.retention_index}")
    if result.left_out is not None:
        said.append(f"intensity left out={100 * result.left_out:.1f}%")
    return said


def index_text(index: RetentionIndex) -> str:
    """Return the value of a retention index as most formats have it."""
    return f"{index.value:.1f}"


def kept_fields(
    result: PredictedSpectrum,
    fields: Mapping[str, str],
    index_text: Callable[[RetentionIndex], str] = index_text,
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what columns of the input say that go with a spectrum, each on one line.

    Args:
        result: the spectrum.
        fields: the fields that a format has for such facts, by a key of ``SYNONYMS``.
        index_text: gives the text of a retention index.

    Returns:
        What has a field, by that; and the rest by the names of the columns. A retention time is
        a number of minutes there. Where no column is the retention index, the field of that has
        the predicted one.

    Example:
        >>> from dataclasses import replace
        >>> from nextims.formats.exported import ethanol, kept_fields
        >>> kept = replace(ethanol(), columns=(("CAS No.", "64-17-5"), ("lab", "A")))
        >>> kept_fields(kept, {"cas": "CAS#"})
        ({'CAS#': '64-17-5'}, {'lab': 'A'})
    """
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, value in result.columns:
        known, text = field_name(name), single_line(value)
        field = next((field for fact, field in fields.items() if known in SYNONYMS[fact]), "")
        if known in RETENTION_TIMES and "retentiontime" in fields:
            minutes = minutes_of(known, text)
            field = fields["retentiontime"] if minutes else ""
            text = f"{minutes:g}" if minutes and fields["retentiontime"] not in found else text
        if text:
            free = field and field not in found
            (found if free else others)[field if free else single_line(name)] = text
    place = fields.get("retentionindex")
    if place and place not in found and result.retention_index is not None:
        found[place] = index_text(result.retention_index)
    return found, others


def pairs_of(fields: Mapping[str, str]) -> list[str]:
    """Return facts as remarks: ``name=value``."""
    return [f"{name}={value}" for name, value in fields.items()]


def index_fields(result: PredictedSpectrum) -> dict[str, float | str]:
    """Return the retention index as fields of ``INDEX_FIELDS``; none where it is not known."""
    if (index := result.retention_index) is None:
        return {}
    values = (round(value, 1) for value in (index.value, index.low, index.high))
    return dict(zip(INDEX_FIELDS, (*values, index.column), strict=True))


def free_names(columns: Iterable[str], taken: Collection[str]) -> list[str]:
    """Return what columns of the input are called among others, of which none must have their name.

    Example:
        >>> from nextims.formats.exported import free_names
        >>> free_names(["CAS", "Name"], ["line", "name"])
        ['CAS', 'input Name']
    """
    known = set(map(field_name, taken))
    return [f"input {name}" if field_name(name) in known else name for name in columns]


def expectation_text(similarity: str, expected: Expectation) -> str:
    """Return the similarity to expect of a predicted spectrum.

    Args:
        similarity: its name.
        expected: its value, and the quartiles of predictions like this.

    Example:
        >>> from nextims.spectra.uncertainty import Expectation
        >>> from nextims.formats.exported import expectation_text
        >>> expectation_text("cosine", Expectation(0.87, 0.78, 0.93))
        'cosine 0.87 (middle half of such predictions: 0.78-0.93)'
    """
    mean, lower, upper = (f"{value:.2f}" for value in expected)
    name = similarity.replace("_", " ")
    return f"{name} {mean} (middle half of such predictions: {lower}-{upper})"


def percent(share: float) -> str:
    """Return a share in whole per cent.

    Example:
        >>> from nextims.formats.exported import percent
        >>> percent(0.126), percent(0.002)
        ('13%', '<1%')
    """
    return f"{100 * share:.0f}%" if share >= 0.005 else "<1%"


def rounded(share: float) -> float:
    """Return a share, or a similarity, as it is written."""
    return round(share, 4)
