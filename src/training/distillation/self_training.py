"""What a student predicts for structures that nobody measured, for a teacher to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import nn
from tqdm import tqdm

from ...config import Config
from ...data.examples.dataset import Example
from ...data.examples.features import FINGERPRINT_ONLY, Inputs
from ...data.examples.unlabelled import UnlabelledDataset
from ...evaluation.assess import predict_structures
from ...models.checkpoint import CheckpointError, load_model, weights_digest
from ...models.student import Student
from ...spectra.spectrum import STANDARD_ENERGY, Spectrum
from .unlabelled_structures import structures_key, unlabelled_structures

# Smaller shares of a predicted spectrum are left out: they say nothing, and take memory.
_LEAST_SHARE = 1e-4
_STRUCTURES_AT_ONCE = 4096


class PredictedSpectra(UnlabelledDataset):
    """Structures with the spectra that a model predicts for them at 70 eV, as if measured.

    The arguments after ``model`` are those of ``UnlabelledDataset``; whether ``memory_efficient``
    or not, the spectra are held, some 2.5 kB each.

    Example:
        >>> from nextims.config import Config, PROJECT_ROOT
        >>> from nextims.models.checkpoint import load_model
        >>> from nextims.training.distillation.self_training import PredictedSpectra
        >>> model, _ = load_model(PROJECT_ROOT / Config().student.checkpoint)
        >>> spectrum = PredictedSpectra(model, ["c1ccccc1"])[0].spectrum
        >>> int(spectrum.mz[spectrum.intensity.argmax()])
        78
    """

    def __init__(
        self,
        model: nn.Module,
        smiles: Sequence[str],
        *,
        inputs: Inputs = FINGERPRINT_ONLY,
        memory_efficient: bool = True,
    ):
        super().__init__(smiles, inputs=inputs, memory_efficient=memory_efficient)
        self._spectra: list[Spectrum] = []
        for start in range(0, len(smiles), _STRUCTURES_AT_ONCE):
            predicted = predict_structures(model, smiles[start : start + _STRUCTURES_AT_ONCE])
            self._spectra += [_spectrum(intensity) for intensity in predicted]

    def _read(self, items: Sequence[int]) -> list[Example]:
        return [
            replace(example, spectrum=self._spectra[item], energy=STANDARD_ENERGY)
            for item, example in zip(items, super()._read(items), strict=True)
        ]


def _spectrum(intensity: np.ndarray) -> Spectrum:
    share = intensity / intensity.sum()
    bins = np.flatnonzero(share > _LEAST_SHARE)
    return Spectrum(bins + 1.0, share[bins])


def predictions_part(config: Config) -> dict[str, str | int]:
    """Return what the student's predictions depend on, for ``run_key``.

    Raises:
        CheckpointError: the student's checkpoint cannot be read.
    """
    return {
        "student": first_student_digest(config),
        "structures": structures_key(config),
        "number": config.teacher.student_structures,
    }


def first_student_digest(config: Config) -> str | None:
    """Return the SHA-256 of the weights of ``first_student``.

    Raises:
        CheckpointError: they cannot be read.
    """
    path = config.teacher.student
    return None if path is None else weights_digest(config.to_read(path))


def first_student(config: Config) -> Student | None:
    """Return the student that ``teacher.student`` names, if any.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no student.
        ConfigError: it does not predict as heavy ions.
    """
    if config.teacher.student is None:
        return None
    path = config.to_read(config.teacher.student, tqdm.write)
    model, _ = load_model(path)
    if not isinstance(model, Student):
        raise CheckpointError(f"{path}: holds a {model.kind}, expected a student")
    if model.max_mz < config.data.max_mz:
        raise config.mistake(
            "data.max_mz",
            f"found {config.data.max_mz}, but {path} predicts up to m/z {model.max_mz}",
        )
    return model


def predicted_by_student(config: Config, inputs: Inputs) -> PredictedSpectra | None:
    """Return the student's predictions that the teacher is to learn from, if any.

    ``teacher.student`` names the student, ``teacher.student_structures`` says for how many of the
    structures without spectra it is asked; ``inputs`` is what the teacher reads.

    Raises:
        CheckpointError: the checkpoint cannot be used, or holds no student.
        UnlabelledError: the list of structures cannot be used.
    """
    model = first_student(config)
    structures = unlabelled_structures(config)[: config.teacher.student_structures] if model else []
    if not structures:
        return None
    efficient = config.data.memory_efficient_mode
    return PredictedSpectra(model, structures, inputs=inputs, memory_efficient=efficient)
