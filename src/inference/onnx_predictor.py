"""Predicting with an exported student through ONNX Runtime. Imports no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..data.molecule import Molecule
from .onnx_inputs import OnnxInputs, onnx_inputs
from .streaming import Result, StreamingPredictor, failure, result_from_bins
from .structures import InputStructure

OUTPUT = "intensity"


class OnnxError(ValueError):
    """An exported model cannot be used; the message names the file."""


class OnnxPredictor(StreamingPredictor):
    """Predicts 70 eV electron-ionization spectra with an exported student.

    Args:
        path: file that ``export_onnx`` wrote.
        fallback: gives a predictor for molecules with isotope labels, which the exported graph
            does not know; called once, when the first comes. Without it they fail.

    Raises:
        OnnxError: the file is missing or holds no exported student, or ONNX Runtime is missing.
    """

    names_ions = False
    single_threaded = True

    def __init__(
        self,
        path: str | Path,
        *,
        fallback: Callable[[], StreamingPredictor] | None = None,
    ):
        try:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            # Its sums over equal places (ScatterND) lose terms where threads share them.
            options.intra_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            found = tuple(wanted.name for wanted in self._session.get_inputs())
            if found != OnnxInputs._fields:
                raise ValueError("of another version: python scripts/export_onnx.py makes it anew")
            about = self._session.get_modelmeta().custom_metadata_map
            self.name, self.max_mz = about["name"], int(about["max_mz"])
            self._pieces = int(about["pieces"])
            self.checkpoint_sha256 = about["checkpoint_sha256"]
            self.metadata: dict[str, Any] = json.loads(about["metadata"])
        except Exception as error:  # ONNX Runtime's own errors share no type
            raise OnnxError(f"{path}: not a usable exported student ({error})") from error
        self._fallback, self._loaded = fallback, None

    def predict(
        self, smiles: Iterable[str | InputStructure], batch_size: int = 256
    ) -> list[Result]:
        """Predict the spectra of structures; see ``Predictor.predict``."""
        return list(self.predict_stream(smiles, batch_size))

    def predict_stream(
        self, smiles: Iterable[str | InputStructure], batch_size: int = 256
    ) -> Iterator[Result]:
        """Predict like ``predict``, a batch at a time, for inputs that do not fit in memory."""
        return self._stream(smiles, batch_size)

    def _results(
        self, structures: list[InputStructure], molecules: list[Molecule]
    ) -> Iterator[Result]:
        plain = [not len(molecule.atoms()[1]) for molecule in molecules]
        labelled = [s for s, without in zip(structures, plain, strict=True) if not without]
        # Together: one by one they would take three times as long.
        with_labels = iter(self._with_labels(labelled) if labelled else ())
        bins = iter(self._run([m for m, without in zip(molecules, plain, strict=True) if without]))
        for structure, molecule, without in zip(structures, molecules, plain, strict=True):
            if without:
                yield result_from_bins(structure, molecule, next(bins))
            else:
                yield next(with_labels)

    def _with_labels(self, structures: list[InputStructure]) -> Iterable[Result]:
        if self._fallback is None:
            error = OnnxError("isotope labels need the checkpoint itself")
            return [failure(structure, error) for structure in structures]
        return self._labelled().predict_stream(structures, len(structures))

    def _run(self, molecules: list[Molecule]) -> np.ndarray:
        if not molecules:
            return np.empty((0, self.max_mz), np.float32)
        inputs = onnx_inputs(molecules, self._pieces)
        [intensity] = self._session.run([OUTPUT], inputs._asdict())
        return intensity

    def _labelled(self) -> StreamingPredictor:
        if self._loaded is None:
            self._loaded = self._fallback()
        return self._loaded
