"""Spectra as a notebook shows them, and as other programs take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from ..chemistry.molecule import Molecule, MoleculeError
from ..errors import MissingPackageError
from ..files.text import counted
from ..formats.exported import (
    INDEX_FIELDS,
    free_names,
    index_fields,
    kept_fields,
    molecular_ion_mz,
    signature,
)
from ..formats.json.writing import spectrum_fields
from ..formats.table import table_row
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record

if TYPE_CHECKING:
    import matchms
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pictures.panel import LibrarySpectrum

# Fields of matchms for columns of a list.
_KEPT_IN_MATCHMS = {
    "cas": "cas",
    "retentionindex": "retention_index",
    "retentiontime": "retention_time",
}
# Rows that a notebook shows of many spectra.
_SHOWN = 20


class _Shown:
    """What predicted and measured spectra have in common: being looked at and handed on."""

    @property
    def mz(self) -> NDArray[np.float64]:
        """The m/z of each peak, ``(peaks,)``."""
        return self.spectrum.mz  # type: ignore[attr-defined, no-any-return]

    @property
    def intensity(self) -> NDArray[np.float32]:
        """Intensity of each peak, ``(peaks,)``: base peak 1, or as a measured one's file has it."""
        return self.spectrum.intensity  # type: ignore[attr-defined, no-any-return]

    def plot(
        self,
        measured: object = None,
        *,
        axes: Axes | None = None,
        path: str | Path | None = None,
    ) -> Axes:
        """Draw the spectrum with its structure; with a measured one below it as a mirror.

        Args:
            measured: what to compare with, as ``nextims.compare`` takes it.
            axes: empty Matplotlib axes to draw into; those of a new figure if left out.
            path: file to write as well: .png, .svg or .pdf.

        Returns:
            The axes.

        Raises:
            OutputError: Matplotlib or SciPy is missing, or the file cannot be written.

        Example:
            >>> import nextims
            >>> nextims.predict("CCO ethanol").plot().get_title(loc="left")
            'ethanol'
        """
        from ..pictures.files import check_drawable, check_picture

        check_drawable("plot") if path is None else check_picture(path)
        from ..pictures.panel import Panel, draw_panels
        from .comparison import as_record

        if axes is None:
            from matplotlib import pyplot

            # As wide as a column of text, 16 cm.
            size = (6.3, 3.7 if measured is None else 4.7)
            axes = pyplot.figure(figsize=size, dpi=150, layout="constrained").add_subplot()
        record = None if measured is None else as_record(measured)
        draw_panels([Panel(axes, self._drawn(), record)])
        if path is not None:
            axes.figure.savefig(path)
        return axes

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with one row a peak: ``mz`` and ``intensity``, as those are here.

        Raises:
            MissingPackageError: pandas is not installed.

        Example:
            >>> import nextims
            >>> ethanol = nextims.predict("CCO").to_pandas()
            >>> int(ethanol.loc[ethanol["intensity"].idxmax(), "mz"])
            31
        """
        return _pandas().DataFrame({"mz": self.mz, "intensity": self.intensity})

    def to_matchms(self) -> matchms.Spectrum:
        """Return the spectrum as matchms has it.

        Raises:
            MissingPackageError: matchms is not installed.

        Example:
            >>> import nextims
            >>> nextims.predict("CCO ethanol").to_matchms().get("compound_name")
            'ethanol'
        """
        try:
            import matchms
        except ImportError as error:
            raise MissingPackageError("matchms is missing: pip install matchms") from error
        facts = {name: value for name, value in self._matchms_facts().items() if value}
        return matchms.Spectrum(
            mz=np.array(self.mz), intensities=self.intensity.astype(np.float64), metadata=facts
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all that is known of the spectrum as plain values, as ``.json`` files have it."""
        raise NotImplementedError

    def _matchms_facts(self) -> dict[str, Any]:
        raise NotImplementedError

    def _drawn(self) -> PredictedSpectrum | LibrarySpectrum:
        raise NotImplementedError

    def _facts(self) -> dict[str, str]:
        """Return what a notebook says of it beside its name."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from ..pictures.html import spectrum_html

        return spectrum_html(self._drawn(), self._facts())


@dataclass(frozen=True, eq=False, repr=False)
class Prediction(_Shown, PredictedSpectrum):
    """A predicted spectrum that shows itself in a notebook.

    Attributes:
        model: what it was predicted by.

    Example:
        >>> import nextims
        >>> nextims.predict("CCO ethanol")
        <ethanol, C2H6O: 24 peaks, base peak m/z 31>
    """

    model: str = ""

    def __repr__(self) -> str:
        base = self.highest_peaks(1)[0].mz
        named = f"{self.name or self.molecule.smiles}, {self.molecule.formula}"
        return f"<{named}: {len(self.spectrum)} peaks, base peak m/z {base}>"

    @property
    def smiles(self) -> str:
        """Canonical SMILES of the structure."""
        return self.molecule.smiles

    def to_dict(self) -> dict[str, Any]:
        """Return all that is known of the spectrum as plain values, as ``.json`` files have it.

        Example:
            >>> import nextims
            >>> nextims.predict("CCO ethanol").to_dict()["formula"]
            'C2H6O'
        """
        return dict(spectrum_fields(self, self.model))

    def _matchms_facts(self) -> dict[str, Any]:
        facts = {
            "compound_name": self.name,
            "smiles": self.molecule.smiles,
            "inchikey": self.molecule.inchikey,
            "formula": self.molecule.formula,
            "nominal_mass": self.molecule.nominal_mass,
            "parent_mass": self.molecule.exact_mass,
            # matchms' usual filters drop what has no precursor.
            "precursor_mz": molecular_ion_mz(self),
            "adduct": "[M]+",
            "charge": 1,
            "ionmode": "positive",
            "instrument_type": "EI (predicted)",
            "ionization_energy": self.energy,
            **index_fields(self),
            "comment": f"predicted by {signature(self.model)}",
        }
        kept, others = kept_fields(replace(self, retention_index=None), _KEPT_IN_MATCHMS)
        if "retention_index" in kept:  # a measured one, of which nothing more is known
            facts = {name: fact for name, fact in facts.items() if name not in INDEX_FIELDS}
        facts |= kept
        return facts | dict(zip(free_names(others, facts), others.values(), strict=True))

    def _drawn(self) -> PredictedSpectrum:
        return self

    def _facts(self) -> dict[str, str]:
        notes = (*self.molecule.notes, *self.notes)
        return {
            "formula": self.molecule.formula,
            "SMILES": self.molecule.smiles,
            **({"retention index": str(self.retention_index)} if self.retention_index else {}),
            "predicted by": signature(self.model),
            **({"note": "; ".join(notes)} if notes else {}),
        }


@dataclass(frozen=True, repr=False)
class Measured(_Shown, Record):
    """A measured spectrum that shows itself in a notebook."""

    def __repr__(self) -> str:
        return f"<{self.name or self.id}: {len(self.spectrum)} peaks, {Path(self.file).name}>"

    def _molecule(self) -> Molecule | None:
        try:
            return self.molecule
        except MoleculeError:
            return None

    @property
    def smiles(self) -> str:
        """Canonical SMILES of the structure; empty where there is none that can be read."""
        molecule = self._molecule()
        return "" if molecule is None else molecule.smiles

    def to_dict(self) -> dict[str, Any]:
        """Return what its file says of the spectrum as plain values."""
        return {
            "line": self.line,
            "id": self.id,
            "name": self.name,
            "smiles": self.smiles,
            "formula": self.formula,
            "inchikey": self.inchikey,
            "nominal_mass": self.nominal_mass,
            "ionization_energy": self.energy,
            "retention_index": self.retention_index,
            "column": self.column,
            "retention_time": self.retention_time,
            "instrument": self.instrument,
            "peaks": list(zip(self.mz.tolist(), self.intensity.tolist(), strict=True)),
        }

    def _matchms_facts(self) -> dict[str, Any]:
        facts = self.to_dict() | {"compound_name": self.name, "ionmode": self.ion_mode}
        return {name: value for name, value in facts.items() if name not in ("peaks", "name")}

    def _drawn(self) -> LibrarySpectrum:
        from ..pictures.panel import LibrarySpectrum

        return LibrarySpectrum.of(self)

    def _facts(self) -> dict[str, str]:
        time = "" if self.retention_time is None else f"{self.retention_time:g} min"
        index = "" if self.retention_index is None else f"{self.retention_index:g} {self.column}"
        facts = {
            "formula": self.formula,
            "SMILES": self.smiles,
            "retention time": time,
            "retention index": index.strip(),
        }
        facts["from"] = Path(self.file).name
        return {name: value for name, value in facts.items() if value}


SpectrumT = TypeVar("SpectrumT", Prediction, Measured)
FailureT = TypeVar("FailureT")


class Spectra(Sequence[SpectrumT], Generic[SpectrumT, FailureT]):
    """Spectra in their order; what could not be predicted or read stands apart.

    Args:
        spectra: the spectra.
        failures: why the others are missing, each with its line.

    Example:
        >>> import nextims
        >>> spectra = nextims.predict(["CCO", "C1CC"])
        >>> spectra
        <1 spectrum, 1 failure>
        >>> [spectrum.smiles for spectrum in spectra], spectra.failures[0].reason
        (['CCO'], 'RDKit cannot read the structure (ring 1 is not closed, character 2)')
    """

    def __init__(self, spectra: Sequence[SpectrumT], failures: Sequence[FailureT] = ()):
        self._spectra = tuple(spectra)
        self.failures = tuple(failures)

    @overload
    def __getitem__(self, place: int) -> SpectrumT: ...
    @overload
    def __getitem__(self, place: slice) -> Spectra[SpectrumT, FailureT]: ...
    def __getitem__(self, place: int | slice) -> SpectrumT | Spectra[SpectrumT, FailureT]:
        found = self._spectra[place]
        return Spectra(found) if isinstance(found, tuple) else found

    def __len__(self) -> int:
        return len(self._spectra)

    def __repr__(self) -> str:
        spectra = "1 spectrum" if len(self) == 1 else f"{len(self)} spectra"
        return f"<{spectra}, {counted(len(self.failures), 'failure')}>"

    def plot(self, *, path: str | Path | None = None) -> Figure:
        """Draw up to ten spectra on a page, with their structures.

        Args:
            path: file to write as well: .png, .svg or .pdf.

        Returns:
            The figure.

        Raises:
            OutputError: Matplotlib or SciPy is missing, or the file cannot be written.
            ValueError: there are none or too many: ``spectra[:10].plot()`` draws the first.

        Example:
            >>> import nextims
            >>> axes = nextims.predict(["CCO", "CO"]).plot().axes
            >>> len([each for each in axes if each.get_xlabel()])
            2
        """
        from ..pictures.files import check_drawable, check_picture

        check_drawable("plot") if path is None else check_picture(path)
        from matplotlib import pyplot  # noqa: F401, with which a notebook shows figures

        from ..pictures.drawing import page

        figure = page([(spectrum._drawn(), None) for spectrum in self])
        if path is not None:
            figure.savefig(path)
        return figure

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table: one row a spectrum, ``mz`` and ``intensity`` with a list in each cell.

        Raises:
            MissingPackageError: pandas is not installed.

        Example:
            >>> import nextims
            >>> nextims.predict(["CCO", "CO"]).to_pandas()["formula"].tolist()
            ['C2H6O', 'CH4O']
        """
        return _pandas().DataFrame([_row(spectrum) for spectrum in self])

    def to_matchms(self) -> list[matchms.Spectrum]:
        """Return the spectra as matchms has them, see ``Prediction.to_matchms``."""
        return [spectrum.to_matchms() for spectrum in self]

    def _repr_html_(self) -> str:
        rows = [
            f"<tr><td>{spectrum.line}</td><td>{escape(spectrum.name)}</td>"
            f"<td>{escape(spectrum._facts().get('formula', ''))}</td>"
            f"<td><code>{escape(spectrum.smiles)}</code></td><td>{len(spectrum.spectrum)}</td></tr>"
            for spectrum in self[:_SHOWN]
        ]
        rows += [f"<tr><td colspan=5>{escape(str(each))}</td></tr>" for each in self.failures[:5]]
        columns = ("line", "name", "formula", "SMILES", "peaks")
        heads = "".join(f"<th>{column}</th>" for column in columns)
        return f"<p>{escape(repr(self)[1:-1])}</p><table><tr>{heads}</tr>{''.join(rows)}</table>"


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingPackageError("pandas is missing: pip install pandas") from error
    return pandas


def _row(spectrum: Prediction | Measured) -> dict[str, Any]:
    if isinstance(spectrum, Prediction):
        return table_row(spectrum, spectrum.model)
    row = spectrum.to_dict()
    del row["peaks"]
    return row | {"mz": spectrum.mz.tolist(), "intensity": spectrum.intensity.tolist()}
