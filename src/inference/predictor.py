"""From SMILES to spectra with a trained model."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..chemistry.molecule import Molecule
from ..config import PROJECT_ROOT, Config
from ..data.examples.features import Features, collate, featurize_all
from ..data.examples.fragment_batch import FragmentBatch
from ..evaluation.calibration import Calibration, CalibrationError
from ..models.checkpoint import CheckpointError, load_model
from ..models.device import choose_device
from ..models.heads import Prediction
from ..spectra.accurate_mass import at_accurate_masses
from ..spectra.ions import AnnotatedPeak
from ..spectra.prediction import PredictedSpectrum
from ..spectra.spectrum import STANDARD_ENERGY, STANDARD_ENERGY_RANGE, Spectrum
from .annotation import annotate as annotate_peaks
from .streaming import Result, StreamingPredictor, failure, result_from_bins
from .structures.lists import InputStructure
from .uncertainty import estimate_uncertainty

if TYPE_CHECKING:
    from ..models.checkpoint import Checkpoint


class Predictor(StreamingPredictor):
    """Predicts electron-ionization spectra, of 70 eV unless another energy is asked for.

    Args:
        model: a teacher or a student, in evaluation mode, already on its device.
        name: what exported spectra call the model.
        checkpoint: description of the weights, where they came from a file.

    Example:
        >>> from nextims.inference import Predictor
        >>> spectrum = Predictor.from_checkpoint().predict(["CCO"])[0]
        >>> spectrum.molecule.formula, spectrum.highest_peaks(1)[0].mz
        ('C2H6O', 31)
    """

    def __init__(self, model: nn.Module, name: str = "", checkpoint: Checkpoint | None = None):
        self.model = model.eval()
        self.name = name
        self.checkpoint = checkpoint
        self.device = next(model.parameters()).device

    @classmethod
    def from_checkpoint(
        cls, path: str | Path | None = None, device: str = "auto", config: Config | None = None
    ) -> Predictor:
        """Load trained weights.

        Args:
            path: checkpoint of a teacher or a student; the student of ``config`` if left out.
            device: "cpu", "cuda", or "auto": a GPU where there is one.
            config: configuration; the shipped student is used if left out.

        Raises:
            CheckpointError: the file is missing, cannot be used, or holds no teacher or student.
            DeviceError: "cuda" is asked for and there is no GPU.
        """
        if path is None:
            config = config or Config().with_root(PROJECT_ROOT)
            path = config.student.checkpoint
        model, checkpoint = load_model(path, choose_device(device))
        if checkpoint.kind not in ("teacher", "student"):
            raise CheckpointError(
                f"{path}: holds a {checkpoint.kind}, expected a student or teacher"
            )
        return cls(model, f"{checkpoint.kind} {Path(path).name}", checkpoint)

    @property
    def metadata(self) -> Mapping[str, Any]:
        """As in ``StreamingPredictor``."""
        return self.checkpoint.metadata if self.checkpoint else {}

    @property
    def max_mz(self) -> int:
        """Highest nominal mass of a molecule that the model can take, in Da."""
        return self.model.max_mz

    @property
    def names_ions(self) -> bool:
        """As in ``StreamingPredictor``."""
        return self.model.inputs.fragments > 0

    @property
    def calibration(self) -> Calibration:
        """What the model's uncertainty means, as the validation split showed.

        Raises:
            CalibrationError: the model is a student, or a teacher that comes without.
        """
        if not self.names_ions:
            raise CalibrationError(
                f"only a teacher knows its uncertainty, this is a {self.model.kind}"
            )
        return Calibration.from_metadata(self.metadata)

    @property
    def training_energies(self) -> Mapping[int, int]:
        """Number of training spectra by ionization energy in whole eV; empty where not known."""
        energies = self.metadata.get("training_energies", {})
        numbers = energies.items() if isinstance(energies, dict) else [(None, None)]
        if not all(isinstance(number, int) for pair in numbers for number in pair):
            raise CheckpointError(f"{self.name}: its training_energies are no numbers of spectra")
        return energies

    def check_options(
        self,
        *,
        annotate: bool = False,
        exact_mass: bool = False,
        uncertainty: bool = False,
        energy: float = STANDARD_ENERGY,
    ) -> None:
        """Check that the model can give what is asked for.

        Args:
            annotate: name the ions behind each peak.
            exact_mass: give the spectra at accurate masses.
            uncertainty: say how far each spectrum is to be trusted.
            energy: ionization energy in eV; see ``energy_note`` for what it is worth.

        Raises:
            ValueError: ions, accurate masses, uncertainties or another energy than 70 eV are asked
                of a student; uncertainties of a teacher without ``calibration``, or outside the
                60 to 80 eV that it is of; or the energy is not above 0.
        """
        if (annotate or exact_mass) and not self.names_ions:
            raise ValueError(
                f"only a teacher names the ions behind its peaks, this is a {self.model.kind}"
            )
        if not 0 < energy < math.inf:
            raise ValueError(f"the ionization energy must be above 0 eV, found {energy:g}")
        if energy != STANDARD_ENERGY and not self.names_ions:
            raise ValueError(
                f"only a teacher knows other energies than 70 eV, this is a {self.model.kind}"
            )
        low, high = STANDARD_ENERGY_RANGE
        if uncertainty and not low <= energy <= high:
            raise ValueError(
                f"the uncertainty is known for {low:g} to {high:g} eV, found {energy:g} eV"
            )
        if uncertainty:
            _ = self.calibration  # raises where there is none

    def _results(
        self,
        structures: list[InputStructure],
        molecules: list[Molecule],
        *,
        annotate: bool = False,
        exact_mass: bool = False,
        uncertainty: bool = False,
        energy: float = STANDARD_ENERGY,
    ) -> Iterator[Result]:
        calibration = self.calibration if uncertainty else None
        features, fragments, prediction = self._run(molecules, energy)
        spectra = prediction.intensity.float().cpu().numpy()
        for position, (structure, molecule, bins) in enumerate(
            zip(structures, molecules, spectra, strict=True)
        ):
            result = result_from_bins(structure, molecule, bins, energy)
            if calibration is not None and isinstance(result, PredictedSpectrum):
                trust = estimate_uncertainty(
                    self.model, calibration, features[position], bins, result.spectrum
                )
                result = replace(result, uncertainty=trust)
            if (annotate or exact_mass) and isinstance(result, PredictedSpectrum):
                peaks = annotate_peaks(result, prediction, fragments, position)
                result = _explained(
                    structure, result, peaks, annotate=annotate, exact_mass=exact_mass
                )
            yield result

    @torch.inference_mode()
    def _run(
        self, molecules: list[Molecule], energy: float
    ) -> tuple[list[Features], FragmentBatch | None, Prediction]:
        features = featurize_all(molecules, self.model.inputs)
        batch = collate(features, [energy] * len(features)).to(self.device)
        batch.limit_carbon = True
        return features, batch.fragments, self.model(batch)


def _explained(
    structure: InputStructure,
    result: PredictedSpectrum,
    peaks: tuple[AnnotatedPeak, ...],
    *,
    annotate: bool,
    exact_mass: bool,
) -> Result:
    """Return the result with what its peaks are made of, at accurate masses where asked for."""
    if exact_mass:
        peaks, left_out = at_accurate_masses(peaks)
        if not peaks:
            return failure(structure, ValueError("no peak has an ion to give it a mass"))
        spectrum = Spectrum(
            [peak.mz for peak in peaks],
            [peak.intensity for peak in peaks],
            result.molecule.mass_defect,
        )
        result = replace(result, spectrum=spectrum, left_out=left_out)
        if result.uncertainty is not None:  # its deviations are of the peaks at nominal masses
            whole = replace(result.uncertainty, deviations=None)
            result = replace(result, uncertainty=whole)
    return replace(result, annotations=peaks) if annotate else result
