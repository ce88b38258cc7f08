"""Learning how far to trust the student: its errors on molecules and libraries left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..chemistry.molecule import Molecule, load_canonical
from ..config import Config
from ..data.library.store import SpectrumStore
from ..data.nist_dataset import ensure_store
from ..evaluation.neighbours import TrainingMolecules
from ..evaluation.trust import Trust, TrustError, fit_trust, quantities, recalibrate, trust_path
from ..evaluation.weak_classes import weak_classes
from ..files.digest import file_digest
from ..models.checkpoint import load_model
from ..models.device import choose_device
from .earlier import Say
from .left_out import LeftOut, of_halves, of_split
from .parallel.launch import start
from .parallel.processes import first_ahead, on_first


def train_trust(config: Config, *, replace: bool = False, say: Say = tqdm.write) -> Path:
    """Fit what says how far to trust the configured student, and leave it beside the weights.

    Two students of half of the data show how errors depend on the molecule and on how far it is
    from the training data; those of the student itself on its validation split, at what level they
    lie.

    Args:
        config: the configuration.
        replace: fit it anew where it is there and of this student and this data.
        say: takes a line on what is left as it is.

    Returns:
        Where it lies.

    Raises:
        StoreError: there is no store and nothing to make one from.
        CheckpointError: there is no student.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    checkpoint = config.student.checkpoint
    start(config.training)
    path, digest = trust_path(checkpoint), file_digest(checkpoint)
    with first_ahead():
        ensure_store(config)
    if not replace and on_first(_is_of, path, digest):
        on_first(say, f"skipped, {path} is of these weights")
        return path
    on_first(say, "training")
    student, _ = load_model(checkpoint, choose_device(config.training.device))
    molecules = StoredMolecules(config)
    parts = list(of_halves(config, student, checkpoint.with_name("left_out")))
    found = np.concatenate([molecules.quantities(part) for part in parts])
    rows = np.concatenate([part.rows for part in parts])
    similarity = {
        name: np.concatenate([part.similarity[name] for part in parts])
        for name in parts[0].similarity
    }
    values = fit_trust(found, similarity, 1 / molecules.spectra_of(rows))
    own = of_split(config, student, "validation")
    values = recalibrate(values, molecules.quantities(own), own.similarity)
    weak = weak_classes(molecules.of(rows), similarity["entropy_similarity"])
    on_first(Trust(molecules.known(own.learned), values, digest, weak).save, path)
    return path


def _is_of(path: Path, digest: str) -> bool:
    try:
        return path.is_file() and Trust.load(path).checkpoint_sha256 == digest
    except TrustError:
        return False


class StoredMolecules:
    """The molecules of the configured store, each read once.

    Args:
        config: names the store.
    """

    def __init__(self, config: Config):
        with SpectrumStore(config.data.store) as store:
            self.smiles, self.names = store.column("smiles"), store.column("name")
        self._read: dict[str, Molecule] = {}

    def of(self, rows: Sequence[int] | np.ndarray) -> list[Molecule]:
        """Return the molecules of spectra by their positions in the store."""
        found = []
        bar = tqdm(
            rows, desc="molecules", unit=" read", delay=2, mininterval=1, disable=None, leave=False
        )
        for row in bar:
            smiles = self.smiles[row]
            if smiles not in self._read:
                self._read[smiles] = load_canonical(smiles)
            found.append(self._read[smiles])
        return found

    def known(self, rows: np.ndarray) -> TrainingMolecules:
        """Return the molecules of training spectra, each once, by the name of its first."""
        first = {self.smiles[row]: row for row in reversed(rows.tolist())}
        names = [self.names[row] or smiles for smiles, row in first.items()]
        return TrainingMolecules.of(list(zip(names, self.of(list(first.values())), strict=True)))

    def quantities(self, part: LeftOut) -> np.ndarray:
        """Return what is known of predictions without their true spectra, ``(n, q)``."""
        known = self.known(part.learned)
        steps = range(0, len(part.rows), 256)
        return np.concatenate(
            [
                quantities(
                    self.of(part.rows[i : i + 256]),
                    part.intensity[i : i + 256].astype(np.float64),
                    known,
                )
                for i in tqdm(steps, desc="trust", unit="batch", disable=None, leave=False)
            ]
        )

    def spectra_of(self, rows: np.ndarray) -> np.ndarray:
        """Return how many of these spectra are of each one's molecule, ``(n,)``."""
        smiles = np.array([self.smiles[row] for row in rows])
        _, which, times = np.unique(smiles, return_inverse=True, return_counts=True)
        return times[which]
