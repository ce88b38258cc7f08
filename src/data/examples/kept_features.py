"""Features of molecules kept on disk, so that they are computed once and not in each epoch.

A file of 16-bit integers, molecule after molecule (``_packed``), and behind them as 64-bit integers
where those of each molecule end. Beside it ``FILE.json`` says what it is of, ``FILE.sha256`` holds
its digest.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path

import numpy as np

from ...chemistry.cleavage import MOST_CUTS
from ...chemistry.molecule import COUNT_BITS, ECFP_BITS, ELEMENTS, load_canonical
from ...chemistry.pieces import CUT_POSITIONS, PieceSet
from ...errors import UserError
from ...files.digest import digest_path, matches_digest, write_digest
from ...files.writing import BeingWrittenError, only_writer
from .features import Features, Inputs, featurize_all

# Numbers of set positions, isotope labels, pieces and bonds; nominal mass and highest m/z.
_HEADER = 6
_VERSION = 3  # the first did not know which labels a piece holds, the second not its acidic ones
_BLOCK = 256
# Molecules that are computed again before the file is believed.
_CHECKED = 20
_PATIENCE = 3600  # s, for another process that writes the same


class KeptFeaturesError(UserError):
    """Features cannot be kept or read; the message names the file."""


class KeptFeatures:
    """Reads the features that ``keep_features`` wrote; may be passed to other processes.

    Args:
        path: the file.

    Raises:
        KeptFeaturesError: it is missing or damaged.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file: FileIO | None = None
        self._process = -1
        try:
            if not matches_digest(self.path):
                raise ValueError(f"its SHA-256 is not that in {digest_path(self.path).name}")
            self.facts = json.loads(_facts_path(self.path).read_text(encoding="utf-8"))
            molecules = self.facts["molecules"]
            with self.path.open("rb") as file:
                file.seek(-8 * molecules, os.SEEK_END)
                self._ends = np.fromfile(file, np.int64)
        except (OSError, ValueError, KeyError) as error:
            raise KeptFeaturesError(f"{path}: no usable features ({error})") from error

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_file": None, "_process": -1}

    def __len__(self) -> int:
        return len(self._ends)

    def read(self, items: Sequence[int]) -> list[Features]:
        """Return the features of molecules by their positions."""
        # A file handle inherited through a fork shares its position with the parent's.
        if self._process != os.getpid():
            self._file, self._process = FileIO(self.path), os.getpid()
        return [self._read(item) for item in items]

    def _read(self, item: int) -> Features:
        start, end = (int(self._ends[item - 1]) if item else 0), int(self._ends[item])
        self._file.seek(2 * start)
        return _unpacked(np.frombuffer(self._file.read(2 * (end - start)), np.int16))


def keep_features(path: str | Path, smiles: Sequence[str], inputs: Inputs) -> KeptFeatures:
    """Return the features of molecules as kept on disk, computed first where that is to be done.

    Kept ones are believed if they are of the same molecules and some of them, computed again, are
    what they were.

    Args:
        path: the file to keep them in.
        smiles: canonical SMILES of the molecules, in the order of the dataset.
        inputs: what to compute beside the fingerprint; no graph.

    Raises:
        KeptFeaturesError: they cannot be written; the message says why.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.data.examples.features import Inputs
        >>> from nextims.data.examples.kept_features import keep_features
        >>> path = pathlib.Path(tempfile.mkdtemp(), "features.bin")
        >>> kept = keep_features(path, ["CO", "CCO"], Inputs(pieces=10))
        >>> kept.read([1])[0].nominal_mass
        46
    """
    path = Path(path)
    if inputs.graph or inputs.fragments:
        raise ValueError("graphs and fragments are not kept")
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = _facts(smiles, inputs)
    try:
        with only_writer(path, wait=_PATIENCE):
            if (kept := _kept(path, facts, smiles, inputs)) is not None:
                return kept
            _write(path, facts, smiles, inputs)
        return KeptFeatures(path)
    except (OSError, BeingWrittenError) as error:
        raise KeptFeaturesError(
            f"{path}: cannot be written ({error}); make room, or set "
            "data.memory_efficient_mode: false, which keeps features in memory"
        ) from error


def _facts(smiles: Sequence[str], inputs: Inputs) -> dict[str, object]:
    digest = hashlib.sha256()
    for text in smiles:
        digest.update(text.encode() + b"\n")
    return {
        "version": _VERSION,
        "molecules": len(smiles),
        "structures_sha256": digest.hexdigest(),
        "pieces": inputs.pieces,
        "sizes": [ECFP_BITS, COUNT_BITS, CUT_POSITIONS, MOST_CUTS, *ELEMENTS],
    }


def _facts_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _kept(
    path: Path, facts: dict[str, object], smiles: Sequence[str], inputs: Inputs
) -> KeptFeatures | None:
    """Return what is kept if it is what is wanted."""
    try:
        kept = KeptFeatures(path)
    except KeptFeaturesError:
        return None  # none yet, or damaged: made again
    if kept.facts != facts:
        return None
    items = np.linspace(0, len(smiles) - 1, min(_CHECKED, len(smiles))).astype(int).tolist()
    computed = featurize_all([load_canonical(smiles[item]) for item in items], inputs)
    same = zip(map(_packed, computed), map(_packed, kept.read(items)), strict=True)
    return kept if all(np.array_equal(one, other) for one, other in same) else None


def _write(path: Path, facts: dict[str, object], smiles: Sequence[str], inputs: Inputs) -> None:
    # Of runs that were killed: whoever holds the lock is the only one to write such files.
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    said = path.with_name(f"{path.name}.json.{os.getpid()}.tmp")
    try:
        ends, end = [], 0
        with unfinished.open("wb") as file:
            for packed in _computed(smiles, inputs, path.stem):
                file.write(packed.tobytes())
                ends.append(end := end + len(packed))
            file.write(np.array(ends, np.int64).tobytes())
            file.flush()
            os.fsync(file.fileno())
        said.write_text(json.dumps(facts), encoding="utf-8")
        digest = write_digest(unfinished, path)
        # Features without their digest count as whole, but not without what they are of.
        _facts_path(path).unlink(missing_ok=True)
        digest_path(path).unlink(missing_ok=True)
        unfinished.replace(path)
        digest.replace(digest_path(path))
        said.replace(_facts_path(path))
    finally:
        for left in (unfinished, said):
            left.unlink(missing_ok=True)


def _computed(smiles: Sequence[str], inputs: Inputs, name: str) -> Iterator[np.ndarray]:
    from tqdm import tqdm

    with tqdm(total=len(smiles), desc=name.replace("_", " "), unit=" molecules") as bar:
        for start in range(0, len(smiles), _BLOCK):
            block = [load_canonical(text) for text in smiles[start : start + _BLOCK]]
            yield from map(_packed, featurize_all(block, inputs))
            bar.update(len(block))


def _packed(features: Features) -> np.ndarray:
    """Return all that features hold as one list of 16-bit integers."""
    pieces = features.pieces
    sizes = [
        len(features.positions),
        len(features.labels),
        0 if pieces is None else len(pieces),
        0 if pieces is None else len(pieces.bonds),
        features.nominal_mass,
        features.highest_mz,
    ]
    parts = [
        sizes,
        features.positions,
        features.values,  # numbers of occurrences
        features.atoms,
        features.labels.ravel(),
    ]
    if pieces is not None:
        held = (pieces.elements, pieces.bonds, pieces.broken, pieces.labels, pieces.acidic)
        parts += [part.ravel() for part in held]
    return np.concatenate(parts, dtype=np.int16, casting="unsafe")


def _unpacked(numbers: np.ndarray) -> Features:
    positions, labels, pieces, bonds, nominal_mass, highest_mz = numbers[:_HEADER].tolist()
    elements = len(ELEMENTS)
    taken = _HEADER

    def take(*shape: int) -> np.ndarray:
        nonlocal taken
        start, taken = taken, taken + int(np.prod(shape))
        return numbers[start:taken].reshape(shape)

    return Features(
        take(positions).astype(np.int64),
        take(positions).astype(np.float32),
        take(elements).astype(np.int64),
        take(labels, 3).astype(np.int64),
        nominal_mass,
        highest_mz,
        pieces=PieceSet(
            take(pieces, elements),
            take(bonds, 3),
            take(pieces, MOST_CUTS),
            take(pieces, labels),
            take(pieces, labels + 1 if labels else 0),
        )
        if pieces
        else None,
    )
