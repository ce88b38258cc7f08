"""Predictions that are kept on disk: what one model has said of one list is not computed again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from torch import nn
from tqdm import tqdm

from nextims.evaluation.assess import predict_structures
from nextims.files.hdf5 import written_whole
from nextims.version import __version__

# Structures of a file: a run that was stopped loses no more.
_BLOCK = 1024


def kept_predictions(model: nn.Module, smiles: Sequence[str], folder: Path) -> np.ndarray:
    """Return what ``predict_structures`` gives, from disk where it is there.

    Each block of the list lies in a file of its own, in a folder named by a digest of the model's
    weights and this version of the program.

    Args:
        model: a teacher, a student or one like them.
        smiles: SMILES as a store holds them, at least one.
        folder: where the models' folders are.

    Returns:
        Intensities on the model's scale, ``(structures, max_mz)``, float32.
    """
    folder = folder / f"predictions-{model.kind}-{_model_digest(model)[:12]}"
    parts = []
    with tqdm(total=len(smiles), desc=model.kind, unit="molecule", disable=None) as bar:
        for start in range(0, len(smiles), _BLOCK):
            block = smiles[start : start + _BLOCK]
            digest = hashlib.sha256("\n".join(block).encode()).hexdigest()
            path = folder / f"{digest[:16]}.h5"
            if not path.is_file():
                with written_whole(path) as file:
                    intensity = predict_structures(model, block)
                    file.create_dataset("intensity", data=intensity, compression="gzip")
            with h5py.File(path) as file:
                parts.append(file["intensity"][:])
            bar.update(len(block))
    return np.concatenate(parts)


def _model_digest(model: nn.Module) -> str:
    digest = hashlib.sha256(f"{model.kind} {model.inputs} {__version__}".encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().numpy().tobytes())
    return digest.hexdigest()
