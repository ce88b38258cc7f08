"""Learning to predict retention indices: the process, its cross-validation, its intervals.

The variances of the process maximise its marginal likelihood (Rasmussen and Williams 2006, chapter
5). Some measured indices are of another compound than their record says (an artefact of the
injector, another derivative): errors are taken to follow Student's t distribution, whose scale at
each molecule is found by expectation maximisation, so that such a one pulls at nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rdkit.Chem import rdFingerprintGenerator
from tqdm import tqdm

from ..chemistry.molecule import Molecule
from ..config import Config
from ..data.library.retention import LeftOutIndex, RetentionData, retention_data
from ..data.library.splits import hash_share
from ..data.library.store import SpectrumStore
from ..data.nist_dataset import ensure_store
from ..files.digest import file_digest
from ..files.writing import write_text_whole
from ..models.checkpoint import COMMIT
from ..models.retention_index import (
    UNIT,
    FeatureTable,
    RetentionModel,
    RetentionModelError,
    counts_of,
    smooth_covariance,
    squares_of,
)
from ..version import __version__
from .retention_card import write_retention_card

FOLDS = 5
# Share of indices that an interval is to hold.
COVERAGE = 0.9
RADII = 3  # of ``Molecule.environments``: 0, 1 and 2 bonds
# Variances of the linear part: of the surroundings by radius, of descriptors.
_LINEAR = (*(f"radius {r}" for r in range(RADII)), "descriptors")
_STARTS = {**dict.fromkeys(_LINEAR, 10.0), "smooth": 3.0, "length": 1.0}
_STEPS, _RATE = 60, 0.15
# In hundreds: laboratories agree to 6 or so, an alkane is exact.
_LEAST_NOISE, _NOISE, _EXACT = 0.063, 0.2, 1e-3
_DOUBT = 5.0  # of what all others contradict
_DEGREES, _ROUNDS = 3.0, 6  # of the t distribution; of its expectation maximisation
# Of the surroundings up to one bond away, the smooth part looks at those of so many molecules.
_USUAL = 12
_GROUPS = 5  # of molecules by their deviation, for the intervals
_OUTLYING = 4.0  # deviations
_SAME = 1e-6  # deviation of a descriptor that is the same in all molecules


def train_retention_index(
    config: Config, *, replace: bool = False, say: Callable[[str], None] = tqdm.write
) -> Path:
    """Fit the model of retention indices to the store's, and leave it with its card.

    Args:
        config: the configuration.
        replace: fit it anew where it is there and of this data.
        say: takes lines on what was found.

    Returns:
        Where it lies.

    Raises:
        StoreError: there is no store and nothing to make one from.
        RetentionModelError: the store has too few indices.
    """
    path, store_path = config.retention_index.checkpoint, ensure_store(config)
    digest = file_digest(store_path)
    if not replace and path.is_file() and RetentionModel.load(path).settings["data"] == digest:
        say(f"skipped, {path} is of this data")
        return path
    with SpectrumStore(store_path) as store:
        data, source = retention_data(store), store.attributes["source"]
    if len(data.keys) < config.retention_index.least_molecules:
        raise RetentionModelError(
            f"{store_path}: {len(data.keys)} molecules with a retention index on a 5 % phenyl "
            f"column; at least {config.retention_index.least_molecules} are needed"
        )
    variances = fit_variances(data)
    crossed = cross_validated(data, variances, folds_of(data.keys, config.training.seed))
    outlying = is_outlying(data, *crossed)
    data.left_out += _told(data, *crossed, outlying)
    kept = data.take(~outlying)
    settings = {
        "version": __version__,
        "commit": COMMIT,
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "seed": config.training.seed,
        "data": digest,
        "source": source,
        "molecules": int((~kept.exact).sum()),
        "variances": variances,
        "metrics": scores(data.index, *crossed, ~outlying & ~data.exact),
        "metrics_with_outliers": scores(data.index, *crossed, ~data.exact),
    }
    model = fit(kept, variances, settings)
    model.arrays.update(calibration(kept.index, *(part[~outlying] for part in crossed)))
    model.save(path)
    _list_left_out(path.with_suffix(".left_out.csv"), data.left_out)
    write_retention_card(path, settings, data.sources)
    metrics = settings["metrics"]
    say(f"median error {metrics['median']:.1f}, mean {metrics['mean']:.1f}")
    return path


def folds_of(keys: list[str], seed: int) -> np.ndarray:
    """Return the fold of each molecule, ``(n,)``, by a hash of its key."""
    return np.array([int(FOLDS * hash_share(f"{seed} {key}")) for key in keys])


class Counts(NamedTuple):
    """What is counted of ``n`` molecules, see ``counts_of``.

    Attributes:
        known: surroundings that two of them have, ascending, ``(e,)``.
        radius: how many bonds each reaches, ``(e,)``.
        environments: how often each molecule has each, ``(n, e)``.
        descriptors: ``(n, len(DESCRIPTORS))``.
        alone: squared counts of the surroundings that each has alone, ``(n,)``.
    """

    known: np.ndarray
    radius: np.ndarray
    environments: np.ndarray
    descriptors: np.ndarray
    alone: np.ndarray

    @classmethod
    def of(cls, molecules: list[Molecule]) -> Counts:
        """Count what molecules have."""
        radii: dict[int, int] = {}
        for radius in range(RADII):
            generator = rdFingerprintGenerator.GetMorganGenerator(radius=radius)
            for molecule in molecules:
                found = generator.GetSparseCountFingerprint(molecule.unlabelled.mol)
                for environment in found.GetNonzeroElements():
                    radii.setdefault(environment, radius)
        every, holders = np.unique(
            np.concatenate([each.unlabelled.environments[0] for each in molecules]),
            return_counts=True,
        )
        known = every[holders > 1]
        radius = np.array([radii[environment] for environment in known.tolist()])
        return cls(known, radius, *counts_of(molecules, known))

    def table(self, variances: Mapping[str, float]) -> FeatureTable:
        """Return what makes features of molecules, each part of the mean variance given."""
        holders = (self.environments > 0).sum(0)
        usual = np.flatnonzero((self.radius < RADII - 1) & (holders >= _USUAL))
        of_radius = [
            (variances[f"radius {r}"] / _norm(self.environments[:, self.radius == r])) ** 0.5
            for r in range(RADII)
        ]
        arrays = {
            "environments": self.known.astype(np.uint32),
            "scales": np.array(of_radius, np.float32)[self.radius],
            "unseen_scale": of_radius[-1],
            "descriptor_scale": (variances["descriptors"] / self.descriptors.shape[1]) ** 0.5,
            "middle": self.descriptors.mean(0),
            "spread": _spread(self.descriptors),
            "usual": usual,
            "usual_middle": self.environments[:, usual].mean(0),
            "usual_spread": _spread(self.environments[:, usual]),
            "length": variances["length"],
            "smooth": variances["smooth"],
            "constant": UNIT,
        }
        return FeatureTable({name: np.asarray(value) for name, value in arrays.items()})


def _spread(counts: np.ndarray) -> np.ndarray:
    spread = counts.std(0)
    return np.where(spread > _SAME, spread, np.inf)


def _in_double(table: FeatureTable, counts: Counts) -> list[np.ndarray]:
    """Return linear and smooth features; in single precision covariances are not positive."""
    described, smooth = table.described(counts.environments, counts.descriptors)
    counted = counts.environments * table.arrays["scales"]
    linear = np.concatenate([counted, described], axis=1)
    return [part.astype(np.float64) for part in (linear, smooth)]


def _norm(counts: np.ndarray) -> float:
    return float((counts**2).sum(1).mean())


def fit_variances(data: RetentionData) -> dict[str, float]:
    """Return the variances, and the length of the smooth part, that make the data likeliest.

    Half-way, molecules that all others together contradict lose their say: a few wrong records
    would make the surroundings that only they have look important. What the others let expect of
    each follows from the inverse covariance (Rasmussen and Williams 2006, equation 5.12).
    """
    import torch

    counts = Counts.of(data.molecules)
    linear, smooth = _in_double(counts.table(dict.fromkeys(_STARTS, 1.0)), counts)
    of_atoms, described = np.split(linear, [len(counts.known)], axis=1)
    blocks = {f"radius {r}": of_atoms[:, counts.radius == r] for r in range(RADII)}
    blocks["descriptors"] = described
    own = counts.alone / _norm(counts.environments[:, counts.radius == RADII - 1])
    shared = {name: torch.tensor(block @ block.T) for name, block in blocks.items()}
    shared[f"radius {RADII - 1}"] += torch.diag(torch.tensor(own))
    squares = squares_of(smooth)
    apart = np.maximum(squares[:, None] + squares - 2 * smooth @ smooth.T, 0) / smooth.shape[1]
    apart = torch.tensor(np.sqrt(3 * apart))
    target = torch.tensor((data.index - data.index.mean()) / UNIT)
    base = torch.tensor(np.where(data.exact, _EXACT, 1.0))
    logs = {
        name: torch.tensor(np.log(start), dtype=torch.float64, requires_grad=True)
        for name, start in {**_STARTS, "noise": 0.15}.items()
    }
    optimiser = torch.optim.Adam(logs.values(), lr=_RATE)
    doubted = torch.zeros(len(data.index), dtype=torch.float64)
    steps = tqdm(range(2 * _STEPS), desc="variances", unit=" steps", disable=None, leave=False)
    for step in steps:
        optimiser.zero_grad()
        found = sum(logs[name].exp() * shared[name] for name in _LINEAR) + UNIT
        distance = apart / logs["length"].exp()
        found = found + logs["smooth"].exp() * (1 + distance) * torch.exp(-distance)
        noise = (torch.exp(2 * logs["noise"]) + _LEAST_NOISE**2) * base + 1e-5
        noise = noise + doubted * _DOUBT**2
        factor = torch.linalg.cholesky(found + torch.diag(noise))
        solved = torch.cholesky_solve(target[:, None], factor)[:, 0]
        loss = target @ solved / 2 + torch.log(torch.diagonal(factor)).sum()
        loss = loss + 0.05 * sum(log**2 for log in logs.values())  # none runs away
        loss.backward()
        optimiser.step()
        if step == _STEPS:
            own = torch.diagonal(torch.cholesky_inverse(factor.detach()))
            doubted = ((abs(solved.detach()) > _OUTLYING * own.sqrt()) & (base == 1)).double()
    return {name: float(logs[name].detach().exp()) for name in _STARTS}


def fit(
    data: RetentionData, variances: Mapping[str, float], settings: Mapping[str, Any] | None = None
) -> RetentionModel:
    """Return the model of some molecules, its intervals not calibrated.

    Args:
        data: the molecules.
        variances: as ``fit_variances`` gives them.
        settings: what the model is to say of itself.
    """
    counts = Counts.of(data.molecules)
    table = counts.table(variances)
    linear, smooth = _in_double(table, counts)
    across = linear @ linear.T + smooth_covariance(smooth, smooth, squares_of(smooth), table.arrays)
    across += table.arrays["constant"]
    across += np.diag(counts.alone * table.arrays["unseen_scale"] ** 2)
    mean = data.index[~data.exact].mean() / UNIT
    target = data.index / UNIT - mean
    least = _NOISE**2 * np.where(data.exact, _EXACT, 1.0)
    noise = least
    for _ in range(_ROUNDS):
        inverse = np.linalg.inv(across + np.diag(noise + 1e-5))
        error = noise * (inverse @ target)
        variance = noise - noise**2 * np.diag(inverse)
        spread = (_DEGREES * _NOISE**2 + error**2 + variance) / (_DEGREES + 1)
        noise = np.where(data.exact, least, spread)
    factor = np.linalg.cholesky(across + np.diag(noise + 1e-5))
    arrays = {
        **table.arrays,
        "counts": counts.environments.astype(np.uint8),
        "descriptors": counts.descriptors,
        "weights": np.linalg.solve(across + np.diag(noise + 1e-5), target),
        "inverse": np.linalg.inv(factor).astype(np.float32),
        "mean": np.asarray(mean),
        "noise": np.asarray(_NOISE),
        "deviations": np.array([0.0]),
        "factors": np.array([1.645]),  # of a normal distribution
    }
    return RetentionModel(arrays, settings or {})


def cross_validated(
    data: RetentionData,
    variances: Mapping[str, float],
    folds: np.ndarray,
    known: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each molecule by a model without its fold, ``(n,)`` each.

    n-Alkanes, whose index is known by definition, train in all folds; of the others those that are
    ``known``, ``(n,)`` bool, all if left out.
    """
    mean, deviation = data.index.copy(), np.zeros(len(data.index))
    learned = np.ones(len(folds), bool) if known is None else known | data.exact
    progress = tqdm(np.unique(folds), desc="folds", disable=None, leave=False)
    for fold in progress:
        judged = (folds == fold) & ~data.exact
        model = fit(data.take(learned & ~judged), variances)
        mean[judged], deviation[judged] = model.moments(data.take(judged).molecules)
    return mean, deviation


def is_outlying(data: RetentionData, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Say which measured indices cannot be of the molecule, by all that are like it, ``(n,)``."""
    return ~data.exact & (abs(data.index - mean) > _OUTLYING * deviation)


def calibration(
    index: np.ndarray, mean: np.ndarray, deviation: np.ndarray
) -> dict[str, np.ndarray]:
    """Return by what half an interval exceeds a deviation, so that it holds nine of ten indices.

    Split conformal prediction (Lei et al., J. Am. Stat. Assoc. 2018, 113, 1094) within groups of
    like deviation; n-alkanes, of no deviation, are left out.
    """
    judged = deviation > 0
    ratio = (abs(index - mean) / np.where(judged, deviation, 1))[judged]
    order = np.array_split(np.argsort(deviation[judged]), _GROUPS)
    shares = [min(1, COVERAGE * (1 + 1 / len(group))) for group in order]
    quantiles = [
        np.quantile(ratio[group], share, method="higher")
        for group, share in zip(order, shares, strict=True)
    ]
    middles = [deviation[judged][group].mean() for group in order]
    return {"deviations": np.array(middles), "factors": np.array(quantiles)}


def scores(
    index: np.ndarray, mean: np.ndarray, deviation: np.ndarray, judged: np.ndarray
) -> dict[str, float]:
    """Return the figures of held-out molecules: errors, and what a normal interval would hold."""
    error = abs(index - mean)[judged]
    return {
        "molecules": int(judged.sum()),
        "median": float(np.median(error)),
        "mean": float(error.mean()),
        "mean_percent": float(100 * (error / index[judged]).mean()),
        "within_5_percent": float((error < 0.05 * index[judged]).mean()),
    }


def _told(
    data: RetentionData, mean: np.ndarray, deviation: np.ndarray, outlying: np.ndarray
) -> list[LeftOutIndex]:
    return [
        LeftOutIndex(
            data.keys[i],
            data.molecules[i].smiles,
            round(float(data.index[i]), 1),
            f"like molecules let expect {mean[i]:.0f} with a deviation of {deviation[i]:.0f}: "
            "another compound, or another derivative",
        )
        for i in np.flatnonzero(outlying)
    ]


def _list_left_out(path: Path, left_out: list[LeftOutIndex]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([LeftOutIndex._fields, *left_out])
    write_text_whole(path, text.getvalue())
