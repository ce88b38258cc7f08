"""What the requests of the API hold, checked before any work begins."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..chemistry.derivatives.reagents import METHODS
from ..inference.structures.input_structure import InputStructure
from ..searching.filters import MASS_WINDOW, EntryFilter
from ..searching.ranking import DEFAULT_SCORE, HIGHEST_MZ, SCORES
from ..searching.retention import WEIGHT, RetentionSearch
from ..spectra.record import Record, clean_spectrum
from ..spectra.spectrum import STANDARD_ENERGY, Spectrum
from .limits import CANDIDATES, CHARACTERS, NAME, PEAKS, STRUCTURES

Method = Literal[tuple(METHODS)]
Score = Literal[tuple(SCORES)]
Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=CHARACTERS,
        description="SMILES, InChI or MOL block",
        examples=["CC(C)Cc1ccc(cc1)C(C)C(=O)O"],
    ),
]
Name = Annotated[str, Field(max_length=NAME)]
Mass = Annotated[int, Field(ge=1, le=HIGHEST_MZ, description="nominal mass in Da")]
Mz = Annotated[float, Field(gt=0, le=HIGHEST_MZ, allow_inf_nan=False)]
Height = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Strict(BaseModel):
    """Refuses fields that it does not know: a slip in a name must not go unnoticed."""

    model_config = ConfigDict(extra="forbid")


class Structure(_Strict):
    """A structure and its name."""

    structure: Text
    name: Name = ""

    def on_line(self, line: int) -> InputStructure:
        """Return it as the predictors take it, by its place among others, from 1."""
        return InputStructure(line, self.structure, self.name)


class Options(_Strict):
    """How to predict, and what else the answer is to hold."""

    model: Literal["student", "teacher"] = "student"
    energy: Annotated[
        float,
        Field(gt=0, le=1000, allow_inf_nan=False, description="eV; other than 70: teacher"),
    ] = STANDARD_ENERGY
    drawing: Annotated[
        bool, Field(description="with the structure as a picture and a MOL block")
    ] = False

    @model_validator(mode="after")
    def _energy_of_teacher(self) -> Options:
        if self.model == "student" and self.energy != STANDARD_ENERGY:
            raise ValueError("only the teacher knows other energies than 70 eV")
        return self


class PredictRequest(Options):
    """Structures to predict."""

    structures: Annotated[list[Structure], Field(min_length=1, max_length=STRUCTURES)]
    derivative: Annotated[
        Method | None, Field(description="predict these derivatives in the place of each")
    ] = None
    neighbours: Annotated[
        int, Field(ge=0, le=20, description="training molecules to name; student")
    ] = 5


class OneRequest(Options, Structure):
    """One structure to predict."""


class ExportRequest(OneRequest):
    """A spectrum to be written as a file."""

    format: Literal[".msp", ".jdx", ".sdf", ".mgf", ".mzspeclib.txt", ".json", ".csv"] = ".msp"


class LabelRequest(_Strict):
    """An atom to be labelled; labelled already, its label is taken off."""

    structure: Text
    atom: Annotated[int, Field(ge=0, le=2000, description="from 0, along the canonical SMILES")]
    isotope: Literal["2H", "13C", "15N", "18O"]


class MeasuredSpectrum(_Strict):
    """A measured spectrum, and what is known of its molecule."""

    peaks: Annotated[
        list[tuple[Mz, Height]],
        Field(
            min_length=1,
            max_length=PEAKS,
            description="pairs of m/z and intensity, on any scale",
            examples=[[[29, 299], [31, 999], [45, 517], [46, 216]]],
        ),
    ]
    name: Name = ""
    formula: Annotated[str, Field(max_length=100, examples=["C2H6O"])] = ""
    nominal_mass: Mass | None = None
    retention_index: Annotated[
        float | None, Field(allow_inf_nan=False, description="by n-alkanes, 100 a carbon atom")
    ] = None
    column: Annotated[
        str, Field(max_length=NAME, description="that it is of; where not named, a 5 % phenyl one")
    ] = ""

    @model_validator(mode="after")
    def _has_a_peak(self) -> MeasuredSpectrum:
        if not len(self.spectrum):
            raise ValueError("no peak of an intensity above 0 at m/z 1 or above")
        return self

    @property
    def spectrum(self) -> Spectrum:
        """The peaks above zero."""
        mz, intensity = zip(*self.peaks, strict=True)
        return clean_spectrum(mz, intensity)

    @property
    def record(self) -> Record:
        """It as a record of a library."""
        return Record(
            "measured",
            1,
            "1",
            self.name,
            self.spectrum,
            formula=self.formula,
            nominal_mass=self.nominal_mass,
            retention_index=self.retention_index,
            column=self.column,
        )


class CompareRequest(Options):
    """A measured spectrum, and what it is compared with: a structure or another spectrum."""

    measured: MeasuredSpectrum
    structure: Text | None = None
    reference: MeasuredSpectrum | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> CompareRequest:
        if (self.structure is None) == (self.reference is None):
            raise ValueError("expected either structure or reference")
        return self


class RankRequest(Options):
    """A measured spectrum, and what is ranked by similarity to it."""

    measured: MeasuredSpectrum
    candidates: Annotated[
        list[Structure] | None,
        Field(
            min_length=1,
            max_length=CANDIDATES,
            description="to be predicted; without, the library is searched that the server has",
        ),
    ] = None
    score: Score = DEFAULT_SCORE
    formula: Annotated[
        str | None, Field(max_length=100, description="only molecules of this formula")
    ] = None
    mass: Mass | None = None
    mass_window: Annotated[int | None, Field(ge=0, le=HIGHEST_MZ, description="Da")] = None
    by_retention_index: Annotated[
        bool, Field(description="add what the measured retention index makes likely to the score")
    ] = False
    top: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    def filter(self) -> EntryFilter:
        """Which molecules to look at.

        Raises:
            SearchError: the formula cannot be read.
        """
        window = self.mass_window
        if window is None and self.mass is not None:
            window = MASS_WINDOW
        return EntryFilter(self.formula or None, self.mass, window)

    @property
    def retention(self) -> RetentionSearch | None:
        """What to do with retention indices: compare them, where one was measured."""
        if self.measured.retention_index is None:
            return None
        return RetentionSearch(weight=WEIGHT if self.by_retention_index else 0.0, told=True)
