"""Structures in, spectra out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, overload

from ..config import DEFAULT_CONFIG, load_config
from ..errors import UserError
from ..inference.loading import load_predictor
from ..inference.structures.columns import kept_of_derivatives
from ..spectra.prediction import FailedPrediction
from ..spectra.spectrum import STANDARD_ENERGY
from .options import names_checked, spectra_path
from .spectra import Prediction, Spectra
from .structures import input_structures, is_one

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Unpack

    from ..inference.structures.lists import InputStructure
    from .structures import Structure

Predictions = Spectra[Prediction, FailedPrediction]


class Options(TypedDict, total=False):
    """What else ``Predictor.predict`` takes."""

    annotate: bool
    exact_mass: bool
    uncertainty: bool
    neighbours: int
    energy: float
    quiet: bool


class PredictionError(UserError):
    """One structure was given, and has no spectrum; the message says why."""


class Predictor:
    """A model that predicts, loaded once.

    Args:
        checkpoint: a checkpoint or a student's export; "student" or "teacher" for that of the
            settings; the student if left out, which needs no PyTorch.
        device: "cpu", "cuda", or "auto": a GPU where there is one.
        config: file of settings.
        instrument: a file of spectra that your instrument has measured, with structures, of five
            molecules or more: predictions are as it would record them.

    Attributes:
        name: what exported spectra call the model.
        instrument: what was found on the instrument, and what of its file was left out; empty
            where none was given.
        max_mz: highest nominal mass of a molecule that it can take, in Da.

    Raises:
        TypeError: ``instrument`` is no path.
        UserError: the model is missing or cannot be used, or PyTorch is needed and missing.

    Example:
        >>> import nextims
        >>> nextims.Predictor().predict(["CCO", "CO"])[1].molecule.formula
        'CH4O'
    """

    def __init__(
        self,
        checkpoint: str | Path | None = None,
        *,
        device: str = "auto",
        config: str | Path = DEFAULT_CONFIG,
        instrument: str | Path | None = None,
    ):
        told: list[str] = []
        self._model = load_predictor(
            load_config(config),
            checkpoint,
            device=device,
            say=lambda text: warnings.warn(text, stacklevel=4),
            standards=spectra_path("instrument", instrument),
            tell=told.append,
        )
        self.instrument: str = "".join(told)
        self.name: str = self._model.name
        self.max_mz: int = self._model.max_mz

    def __repr__(self) -> str:
        return f"<Predictor: {self.name}>"

    @overload
    def predict(
        self,
        structures: Structure,
        *,
        names: None = None,
        derivatise: None = None,
        **options: Unpack[Options],
    ) -> Prediction: ...
    @overload
    def predict(
        self,
        structures: Iterable[Structure] | pandas.DataFrame | Path,
        *,
        names: Iterable[object] | None = None,
        keep_columns: Sequence[str] = (),
        derivatise: str | None = None,
        partial: bool = False,
        **options: Unpack[Options],
    ) -> Predictions: ...
    @overload
    def predict(
        self,
        structures: Structure,
        *,
        derivatise: str,
        partial: bool = False,
        **options: Unpack[Options],
    ) -> Predictions: ...
    @names_checked
    def predict(
        self,
        structures: Any,
        *,
        names: Iterable[object] | None = None,
        keep_columns: Sequence[str] = (),
        derivatise: str | None = None,
        partial: bool = False,
        annotate: bool = False,
        exact_mass: bool = False,
        uncertainty: bool = False,
        neighbours: int = 0,
        energy: float = STANDARD_ENERGY,
        quiet: bool = False,
    ) -> Prediction | Predictions:
        """Predict the spectrum of a structure, or of many.

        Args:
            structures: SMILES, InChI, MOL blocks, RDKit molecules, or pairs of these with a name,
                in any iterable, a column of pandas among them; a table of pandas with a column of
                structures; the ``Path`` of a file of them; or one structure.
            names: a name for each of many.
            keep_columns: columns of a table, or of a file, whose values go with the spectra; those
                of the structure alone (CAS) not with derivatives, of which a warning tells.
            derivatise: tms, meox-tms, acetyl or methyl, or the reagent: predict what a laboratory
                injects in the place of each structure.
            partial: whether to predict the derivatives with fewer groups as well.
            annotate: name the ions behind each peak; needs a teacher, as do ``exact_mass`` and
                ``energy``.
            exact_mass: give accurate masses.
            uncertainty: say how similar to the true spectrum each is likely to be, which a student
                always does.
            neighbours: number of training molecules most like each to name.
            energy: ionization energy, eV.
            quiet: whether to show no progress.

        Returns:
            Of one structure its spectrum. Of many, and of derivatives, be they of one structure,
            the spectra in their order, and in ``failures`` the structures that have none; ``line``
            of each is its place among them, from 1.

        Raises:
            PredictionError: the one structure has no spectrum.
            UserError: a student is asked for what only a teacher gives; or there is no such column
                or derivatisation.
        """
        options: dict[str, Any] = {
            name: True
            for name, asked in (
                ("annotate", annotate),
                ("exact_mass", exact_mass),
                ("uncertainty", uncertainty),
            )
            if asked
        }
        if energy != STANDARD_ENERGY:
            options["energy"] = energy
        if self._model.trust is not None:
            options.pop("uncertainty", None)  # it says so by itself
        if options and not self._model.names_ions:
            raise UserError(f"{', '.join(options)}: needs a teacher: nextims.Predictor('teacher')")
        if neighbours:
            options["neighbours"] = neighbours
        from tqdm import tqdm

        given = _input(structures, names, keep_columns, derivatise, partial=partial)
        results = self._model.predict_stream(given, **options)
        spectra: list[Prediction] = []
        failures: list[FailedPrediction] = []
        for result in tqdm(results, unit=" structures", delay=2, disable=quiet or None):
            if isinstance(result, FailedPrediction):
                failures.append(result)
            else:
                spectra.append(Prediction(**vars(result), model=self.name))
        if derivatise or not is_one(structures):
            return Spectra(spectra, failures)
        if failures:
            raise PredictionError(f"{failures[0].text or '(empty)'}: {failures[0].reason}")
        return spectra[0]


@lru_cache(maxsize=4)
def _loaded(
    checkpoint: str | Path | None,
    device: str,
    instrument: str | Path | None,
    written: tuple[int, int] | None,
    folder: Path,
) -> Predictor:
    """Return a predictor.

    In another folder, a wheel's settings may name another model; the instrument's file may have
    been ``written`` anew since.
    """
    return Predictor(checkpoint, device=device, instrument=instrument)


def _input(
    structures: Any,
    names: Iterable[object] | None,
    keep: Sequence[str],
    method: str | None,
    *,
    partial: bool,
) -> Iterator[InputStructure]:
    """Return what is to be predicted: the structures that were given, or their derivatives."""
    if isinstance(keep, str):
        raise TypeError(f"keep_columns: expected a list of names: [{keep!r}]")
    if method is None:
        return input_structures(structures, names, keep)
    from ..chemistry.derivatives.reagents import method_named
    from ..inference.structures.derivatised import derivatise_structures

    method = method_named(method)
    keep, words = kept_of_derivatives(keep)
    for each in words:
        warnings.warn(f"keep_columns: {each}", stacklevel=5)
    given = input_structures(structures, names, keep)
    return derivatise_structures(given, method, partial=partial)


@overload
def predict(
    structures: Structure,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    instrument: str | Path | None = None,
    derivatise: None = None,
    **options: Unpack[Options],
) -> Prediction: ...
@overload
def predict(
    structures: Iterable[Structure] | pandas.DataFrame | Path,
    *,
    names: Iterable[object] | None = None,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    instrument: str | Path | None = None,
    keep_columns: Sequence[str] = (),
    derivatise: str | None = None,
    partial: bool = False,
    **options: Unpack[Options],
) -> Predictions: ...
@overload
def predict(
    structures: Structure,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    instrument: str | Path | None = None,
    derivatise: str,
    partial: bool = False,
    **options: Unpack[Options],
) -> Predictions: ...
def predict(
    structures: Any,
    *,
    checkpoint: str | Path | None = None,
    device: str = "auto",
    instrument: str | Path | None = None,
    **options: Any,
) -> Prediction | Predictions:
    """Predict the spectrum of a structure, or of many, with the student.

    Args:
        structures: as ``Predictor.predict`` takes them.
        checkpoint: as ``Predictor`` takes it; the model stays loaded for the next call.
        device: likewise.
        instrument: likewise.
        **options: of ``Predictor.predict``.

    Returns:
        As ``Predictor.predict``: a spectrum, or ``Spectra`` with ``failures``.

    Raises:
        PredictionError: the one structure has no spectrum.
        UserError: see ``Predictor``.

    Example:
        >>> import nextims
        >>> ethanol = nextims.predict("CCO ethanol")
        >>> ethanol.name, ethanol.highest_peaks(2)[1].mz
        ('ethanol', 45)
        >>> spectra = nextims.predict([("CCO", "ethanol"), ("64-17-5", "by its CAS number")])
        >>> [spectrum.name for spectrum in spectra], len(spectra.failures)
        (['ethanol'], 1)
    """
    standards = spectra_path("instrument", instrument)
    written = None if standards is None else _written(standards)
    model = _loaded(checkpoint, device, standards, written, Path.cwd())
    return model.predict(structures, **options)


def _written(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None  # which is told when it is read
    return found.st_mtime_ns, found.st_size
