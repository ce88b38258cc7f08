"""Predicting with an exported student through ONNX Runtime. Imports no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...chemistry.molecule import ELEMENTS, Molecule
from ...errors import UserError
from ..streaming import Result, StreamingPredictor, result_from_bins
from ..structures.lists import InputStructure
from .inputs import OnnxInputs, onnx_inputs, pieces_of
from .labels import LabelledIons, labelled_spectrum

OUTPUTS = ("intensity", *LabelledIons._fields)


class OnnxError(UserError):
    """An exported model cannot be used; the message names the file."""


class OnnxPredictor(StreamingPredictor):
    """Predicts 70 eV electron-ionization spectra with an exported student.

    Args:
        path: file that ``export_onnx`` wrote.

    Raises:
        OnnxError: the file is missing or holds no exported student, or ONNX Runtime is missing.
    """

    single_threaded = True

    def __init__(self, path: str | Path):
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
            atoms = self._session.get_inputs()[OnnxInputs._fields.index("atoms")]
            if found != OnnxInputs._fields or atoms.shape[1] != len(ELEMENTS):
                raise ValueError("of another version: python scripts/export_onnx.py makes it anew")
            about = self._session.get_modelmeta().custom_metadata_map
            self.name, self.max_mz = about["name"], int(about["max_mz"])
            self._pieces = int(about["pieces"])
            self.checkpoint_sha256 = about["checkpoint_sha256"]
            self.metadata: dict[str, Any] = json.loads(about["metadata"])
        except Exception as error:  # ONNX Runtime's own errors share no type
            raise OnnxError(f"{path}: not a usable exported student ({error})") from error

    def _results(
        self, structures: list[InputStructure], molecules: list[Molecule]
    ) -> Iterator[Result]:
        for structure, molecule, bins in zip(
            structures, molecules, self._run(molecules), strict=True
        ):
            yield result_from_bins(structure, molecule, bins)

    def _run(self, molecules: list[Molecule]) -> np.ndarray:
        """Return the spectra, ``(b, max_mz)``."""
        pieces = [pieces_of(molecule, self._pieces) for molecule in molecules]
        inputs = onnx_inputs(molecules, pieces, self._pieces)
        spectra, *ions = self._session.run(OUTPUTS, inputs._asdict())
        for number in inputs.labelled.tolist():
            spectra[number] = labelled_spectrum(
                LabelledIons(*ions), number, molecules[number], pieces[number], spectra[number]
            )
        return spectra
