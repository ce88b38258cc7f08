"""How similar a predicted spectrum will be to a measured one, from what is known without it.

Shapes: ``b`` predictions, ``n`` of them whose spectra were measured, ``q`` quantities.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import BadZipFile

import numpy as np

from ..chemistry.molecule import Molecule
from ..errors import UserError
from ..files.writing import written_whole
from ..spectra.prediction import INTENSITY_FLOOR
from ..spectra.spectrum import Spectrum
from ..spectra.uncertainty import Expectation, Uncertainty
from .neighbours import TrainingMolecules
from .weak_classes import classes_of

SIMILARITIES = ("cosine", "entropy_similarity")
_COUNTED = ("C", "H", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I")
# Neighbours of such a Tanimoto coefficient are counted.
_ALIKE = (0.35, 0.5, 0.7)
# Of the network between quantities and similarities: its size, how steep its functions are, and
# the seed that they are drawn from.
_FUNCTIONS, _STEEPNESS, _SEED = 300, 0.2, 0
# Of ridge regression, for quantities of variance 1.
_PENALTY = 100.0
# Quartiles are of this many groups of predictions, the least similar expected ones first.
_GROUPS = 8
_MAKE_ANEW = "nextims train trust makes it anew"


class TrustError(UserError):
    """What says how far to trust a model cannot be used; the message names the file."""


def trust_path(checkpoint: Path) -> Path:
    """Return where it lies beside a model's weights or its export.

    Example:
        >>> from pathlib import Path
        >>> from nextims.evaluation.trust import trust_path
        >>> trust_path(Path("best_student.onnx")).name
        'best_student.trust.npz'
    """
    return checkpoint.with_suffix(".trust.npz")


def quantities(
    molecules: Sequence[Molecule], intensity: np.ndarray, known: TrainingMolecules
) -> np.ndarray:
    """Return what is known of predictions without their true spectra.

    How much like the model's training molecules each molecule is, how its predicted intensity is
    spread, and what the molecule is made of.

    Args:
        molecules: the ``b`` molecules.
        intensity: predicted, on any scale, ``(b, max_mz)``.
        known: the training molecules.

    Returns:
        Shape ``(b, q)``.
    """
    kept = np.where(intensity >= INTENSITY_FLOOR * intensity.max(1, keepdims=True), intensity, 0)
    share = kept / np.maximum(kept.sum(1, keepdims=True), 1e-12)
    highest = -np.partition(-np.pad(share, ((0, 0), (0, 3))), 2, axis=1)[:, :3]
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    mz = np.arange(1, share.shape[1] + 1)
    mass = np.array([molecule.nominal_mass for molecule in molecules])
    own = np.minimum(mass, len(mz)) - 1
    molecular_ion = np.where(mass <= len(mz), share[np.arange(len(share)), own], 0)
    atoms = np.array([[m.element_counts[e] for e in _COUNTED] for m in molecules], float)
    heavy = np.array([m.mol.GetNumHeavyAtoms() for m in molecules])
    return np.column_stack(
        [
            *_nearness(molecules, known),
            -(share * logarithm).sum(1),
            np.sort(highest, axis=1),
            molecular_ion,
            (share.argmax(1) + 1) / mass,
            share @ mz / mass,
            np.log(mass),
            np.log1p(atoms),
            atoms / np.maximum(heavy, 1)[:, None],  # hydrogen has none
            atoms > 0,
        ]
    )


def _nearness(molecules: Sequence[Molecule], known: TrainingMolecules) -> np.ndarray:
    found = [known.similarities(molecule) for molecule in molecules]
    counts = [[np.count_nonzero(each > limit) for limit in _ALIKE] for each in found]
    return np.column_stack([[each.max(initial=0) for each in found], np.log1p(counts)]).T


class Trust:
    """Expected similarities of a model's predictions, and the molecules that it knows.

    A ridge regression on the quantities and on random functions of these (Rahimi and Recht, Adv.
    Neural Inf. Process. Syst. 2007, 20, 1177), with the quartiles of what it leaves.

    Args:
        known: the training molecules.
        values: the arrays of the regression, as ``fit_trust`` gives them.
        checkpoint_sha256: of the weights that it belongs to.
        weak: how classes of molecules came out, as ``weak_classes`` gives it.
    """

    def __init__(
        self,
        known: TrainingMolecules,
        values: Mapping[str, np.ndarray],
        checkpoint_sha256: str,
        weak: Mapping[str, str] = MappingProxyType({}),
    ):
        self.known, self.values, self.checkpoint_sha256 = known, dict(values), checkpoint_sha256
        self.weak = dict(weak)
        # The median, for which NumPy would load its masked arrays first.
        usual = np.sort(self.values["entropy_similarity_quartiles"][0])
        self._usual = float(usual[[(len(usual) - 1) // 2, len(usual) // 2]].mean())

    def warnings(self, molecule: Molecule, expected: Mapping[str, Expectation]) -> tuple[str, ...]:
        """Return what is to be said of a molecule of a class that is predicted worse.

        Nothing of one of which more is expected than of most.
        """
        if expected["entropy_similarity"].mean > self._usual:
            return ()
        # Its figures would take a line of their own in the terminal; what to expect stands beside.
        weak = classes_of(molecule, tuple(self.weak))
        return tuple(f"{name} are predicted worse than others" for name in weak)

    def expect(
        self, molecules: Sequence[Molecule], intensity: np.ndarray
    ) -> list[dict[str, Expectation]]:
        """Return what to expect of predictions, by name of the similarity.

        Args:
            molecules: the ``b`` molecules.
            intensity: predicted, ``(b, max_mz)``.
        """
        design = _design(quantities(molecules, intensity, self.known), self.values)
        found = []
        for name in SIMILARITIES:
            mean = np.clip(design @ self.values[f"{name}_weights"], 0.0, 1.0)
            groups, lower, upper = self.values[f"{name}_quartiles"]
            low = np.clip(mean + np.interp(mean, groups, lower), 0.0, mean)
            high = np.clip(mean + np.interp(mean, groups, upper), mean, 1.0)
            found.append(np.stack([mean, low, high], 1).tolist())
        return [
            {name: Expectation(*own) for name, own in zip(SIMILARITIES, each, strict=True)}
            for each in zip(*found, strict=True)
        ]

    def uncertainties(
        self, molecules: Sequence[Molecule], spectra: Sequence[Spectrum], neighbours: int = 0
    ) -> list[Uncertainty]:
        """Return how far predicted spectra are to be trusted.

        Args:
            molecules: the ``b`` molecules.
            spectra: theirs, at nominal m/z.
            neighbours: number of training molecules to name.
        """
        if not molecules:
            return []
        highest = max(int(spectrum.mz.max(initial=1)) for spectrum in spectra)
        intensity = np.zeros((len(spectra), highest))
        for row, spectrum in zip(intensity, spectra, strict=True):
            row[spectrum.mz.astype(int) - 1] = spectrum.intensity
        return [
            Uncertainty(expected, None, tuple(self.known.nearest(molecule, neighbours)))
            for molecule, expected in zip(molecules, self.expect(molecules, intensity), strict=True)
        ]

    def save(self, path: Path) -> None:
        """Write it to a file."""
        names = "\n".join(name.replace("\n", " ") for name in self.known.names)
        with written_whole(path) as unfinished, unfinished.open("wb") as file:
            np.savez_compressed(
                file,
                names=_bytes(names),
                holders=self.known.holders,
                ends=self.known.ends,
                checkpoint_sha256=_bytes(self.checkpoint_sha256),
                weak=_bytes(json.dumps(self.weak)),
                **self.values,
            )

    @classmethod
    def load(cls, path: Path) -> Trust:
        """Read it from a file.

        Raises:
            TrustError: the file is damaged, or is none.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                values: dict[str, Any] = dict(content)
            names, digest, weak = (
                values.pop(name).tobytes().decode()
                for name in ("names", "checkpoint_sha256", "weak")
            )
            known = TrainingMolecules(names.split("\n"), values.pop("holders"), values.pop("ends"))
            return cls(known, values, digest, json.loads(weak))
        except (OSError, ValueError, KeyError, IndexError, EOFError, BadZipFile) as error:
            raise TrustError(
                f"{path}: damaged, or not what nextims train trust wrote ({error})"
            ) from error


def fit_trust(
    found: np.ndarray, similarity: Mapping[str, np.ndarray], weight: np.ndarray
) -> dict[str, np.ndarray]:
    """Fit expected similarities to measured ones, by least squares.

    Args:
        found: quantities of predictions, ``(n, q)``.
        similarity: measured, by name, ``(n,)`` each.
        weight: of each prediction, ``(n,)``.

    Returns:
        The arrays that ``Trust`` takes.

    Example:
        >>> import numpy as np
        >>> from nextims.evaluation.trust import fit_trust
        >>> entropy = np.linspace(0, 1, 200)[:, None]
        >>> scores = {"cosine": 1 - entropy[:, 0] / 2, "entropy_similarity": 1 - entropy[:, 0]}
        >>> values = fit_trust(entropy, scores, np.ones(200))
        >>> values["cosine_quartiles"].shape
        (3, 8)
    """
    random = np.random.default_rng(_SEED)
    middle = np.average(found, axis=0, weights=weight)
    spread = np.sqrt(np.average((found - middle) ** 2, axis=0, weights=weight))
    values = {
        "middle": middle,
        "spread": np.where(spread > 1e-9, spread, np.inf),
        "directions": random.normal(0, _STEEPNESS, (found.shape[1], _FUNCTIONS)).astype(np.float32),
        "offsets": random.uniform(-2, 2, _FUNCTIONS).astype(np.float32),
    }
    design = _design(found, values)
    penalty = np.full(design.shape[1], _PENALTY)
    penalty[0] = 0
    inverse = np.linalg.inv(design.T @ (design * weight[:, None]) + np.diag(penalty))
    solver = inverse @ (design * weight[:, None]).T
    for name, measured in similarity.items():
        values[f"{name}_weights"] = solver @ measured
    return recalibrate(values, found, similarity)


def recalibrate(
    values: Mapping[str, np.ndarray], found: np.ndarray, similarity: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return a regression moved to the level of other predictions, with their quartiles.

    Args:
        values: as ``fit_trust`` gives them.
        found: quantities of the other predictions, ``(n, q)``.
        similarity: measured of these, by name, ``(n,)`` each.
    """
    design = _design(found, values)
    moved = dict(values)
    for name, measured in similarity.items():
        expected = design @ values[f"{name}_weights"]
        slope, constant = np.polyfit(expected, measured, 1)
        weights = slope * values[f"{name}_weights"]
        weights[0] += constant
        expected = slope * expected + constant
        order = np.array_split(np.argsort(expected), min(_GROUPS, len(expected)))
        residual = measured - np.clip(expected, 0.0, 1.0)
        moved[f"{name}_weights"] = weights
        moved[f"{name}_quartiles"] = np.array(
            [
                [expected[group].mean() for group in order],
                *([np.quantile(residual[group], q) for group in order] for q in (0.25, 0.75)),
            ]
        )
    return moved


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def _design(found: np.ndarray, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return what the regression multiplies: 1, the quantities, random functions of them."""
    scaled = np.clip((found - values["middle"]) / values["spread"], -4, 4)
    functions = np.tanh(scaled @ values["directions"] + values["offsets"])
    return np.column_stack([np.ones(len(scaled)), scaled, functions])
