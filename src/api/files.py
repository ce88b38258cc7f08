"""Spectra from files and to files, of any format that the package knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..formats.reading import read_spectra
from ..formats.spectrum_writer import SpectrumWriter
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import BadRecord
from .spectra import Measured, Prediction, Spectra


def read(path: str | Path, *, quiet: bool = False) -> Spectra[Measured, BadRecord]:
    r"""Read the spectra of a file.

    Args:
        path: a file of any format that ``nextims search`` reads: MSP, JCAMP-DX, SDF, MGF, JSON, ...
        quiet: whether to show no progress.

    Returns:
        The spectra, and in ``failures`` those that cannot be read, with line and reason.

    Raises:
        SpectraFileError: the file is missing, or of another content.

    Example:
        >>> import pathlib, tempfile
        >>> import nextims
        >>> path = pathlib.Path(tempfile.mkdtemp(), "water.msp")
        >>> _ = path.write_text("Name: water\nNum Peaks: 2\n17 212; 18 999\n")
        >>> nextims.read(path)[0].name
        'water'
    """
    from tqdm import tqdm

    bar = tqdm(read_spectra(path), unit=" spectra", delay=2, disable=quiet or None)
    spectra: list[Measured] = []
    failures: list[BadRecord] = []
    for record in bar:
        if isinstance(record, BadRecord):
            failures.append(record)
        else:
            spectra.append(Measured(**vars(record)))
    return Spectra(spectra, failures)


def write(
    spectra: PredictedSpectrum | Iterable[PredictedSpectrum],
    path: str | Path,
    *,
    dialect: str = "nist",
    mol_folder: bool = False,
) -> Path:
    """Write predicted spectra to a file, whole or not at all.

    Failures of a prediction go to ``PATH.errors.csv``.

    Args:
        spectra: one, or many, as ``nextims.predict`` gives them.
        path: file to write; its ending says the format, as for ``nextims predict``.
        dialect: of MSP: nist or msdial.
        mol_folder: whether to write the structures beside an MSP, as lib2nist reads them.

    Returns:
        The path.

    Raises:
        OutputError: the file cannot be written.
        TypeError: a spectrum is not a predicted one: what is written says that it is.

    Example:
        >>> import pathlib, tempfile
        >>> import nextims
        >>> path = pathlib.Path(tempfile.mkdtemp(), "ethanol.msp")
        >>> nextims.write(nextims.predict("CCO ethanol"), path).read_text().splitlines()[0]
        'Name: ethanol'
    """
    many = [spectra] if isinstance(spectra, PredictedSpectrum) else list(spectra)
    for spectrum in many:
        if not isinstance(spectrum, PredictedSpectrum):
            raise TypeError(
                f"expected predicted spectra, found {type(spectrum).__name__}; measured ones are "
                "written by matchms: matchms.exporting.save_as_msp(spectra.to_matchms(), FILE)"
            )
    columns = tuple(dict.fromkeys(name for each in many for name, _ in each.columns))
    writer = SpectrumWriter(
        path,
        next((each.model for each in many if isinstance(each, Prediction)), ""),
        annotated=any(each.annotations is not None for each in many),
        uncertain=any(each.uncertainty is not None for each in many),
        columns=columns,
        dialect=dialect,
        mol_folder=mol_folder,
    )
    with writer:
        for spectrum in many:
            said = dict(spectrum.columns)
            each = tuple((name, said.get(name, "")) for name in columns)
            writer.write(replace(spectrum, columns=each) if columns else spectrum)
        for failure in getattr(spectra, "failures", ()):
            writer.write(failure)
    return Path(path)
