"""Predicting with an exported student through ONNX Runtime. Imports no PyTorch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ...chemistry.molecule import ELEMENTS, Molecule
from ...errors import UserError
from ...files.digest import digest_path, matches_digest
from ..streaming import Result, StreamingPredictor, result_from_bins
from ..structures.lists import InputStructure
from .inputs import OnnxInputs, onnx_inputs, pieces_of
from .labels import LabelledIons, labelled_spectrum

OUTPUTS = ("intensity", *LabelledIons._fields)


_MAKE_ANEW = "nextims export makes it anew"
# Far above what any model of ours has.
_HIGHEST_MAX_MZ = 100_000


class OnnxError(UserError):
    """An exported model cannot be used; the message names the file."""


class DamagedExportError(OnnxError):
    """An exported model is not what its digest says."""


class OnnxPredictor(StreamingPredictor):
    """Predicts 70 eV electron-ionization spectra with an exported student.

    Args:
        path: file that ``export_onnx`` wrote.

    Raises:
        DamagedExportError: the file is not what the digest beside it says.
        OnnxError: the file is missing or holds no exported student, or ONNX Runtime is missing.
    """

    single_threaded = True

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if not digest_path(path).exists():
            self.unchecked = self.path
        with ThreadPoolExecutor(1) as reader:
            # Meanwhile the runtime is imported, which takes longer.
            undamaged = reader.submit(matches_digest, path)
            # It keeps a record of its use for Microsoft; what is predicted is nobody else's affair.
            os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
            try:
                import onnxruntime
            except ImportError as error:
                raise OnnxError(f"{path}: ONNX Runtime is missing ({error})") from error
        try:
            if not undamaged.result():
                raise DamagedExportError(
                    f"{path}: damaged, or replaced without its digest: its SHA-256 is not that in "
                    f"{digest_path(path).name}; {_MAKE_ANEW}"
                )
            options = onnxruntime.SessionOptions()
            # Its sums over equal places (ScatterND) lose terms where threads share them.
            options.intra_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            takes, gives = (
                tuple(each.name for each in described)
                for described in (self._session.get_inputs(), self._session.get_outputs())
            )
            atoms = self._session.get_inputs()[OnnxInputs._fields.index("atoms")]
            if takes != OnnxInputs._fields or gives != OUTPUTS or atoms.shape[1] != len(ELEMENTS):
                raise ValueError(f"of another version: {_MAKE_ANEW}")
            about = self._session.get_modelmeta().custom_metadata_map
            self.name, self.max_mz = about["name"], int(about["max_mz"])
            if not 1 <= self.max_mz <= _HIGHEST_MAX_MZ:
                raise ValueError(f"its max_mz is {self.max_mz}")
            self._pieces = int(about["pieces"])
            self.checkpoint_sha256 = about["checkpoint_sha256"]
            self.metadata: dict[str, Any] = json.loads(about["metadata"])
        except OnnxError:
            raise
        except Exception as error:  # ONNX Runtime's own errors share no type
            reason = " ".join(str(error).split())
            raise OnnxError(f"{path}: not a usable exported student ({reason})") from error

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
        if spectra.shape != (len(molecules), self.max_mz):
            raise OnnxError(
                f"{self.path}: its spectra have the shape {spectra.shape}; {_MAKE_ANEW}"
            )
        for number in inputs.labelled.tolist():
            spectra[number] = labelled_spectrum(
                LabelledIons(*ions), number, molecules[number], pieces[number], spectra[number]
            )
        return spectra
