"""What ``accuracy.py`` measures of models on the test spectra, with bootstrap intervals.

Shapes: ``n`` test spectra.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from breakdown import BREAKDOWNS
from nextims.chemistry.molecule import Molecule, first_block, load_canonical
from nextims.config import Config
from nextims.data.examples.features import collate, featurize_all
from nextims.evaluation.assess import assess, predict_structures
from nextims.evaluation.intervals import Scores, summarize, summarize_difference
from nextims.evaluation.retrieval import LibraryMatching, recall
from nextims.models.teacher import Teacher
from nextims.training.runs import split_batches, split_loader

_TIMED_MOLECULES = 64
_REPEATS = 5


@dataclass(frozen=True)
class Measured:
    """The test spectra of 60 to 80 eV, in the order in which models are scored.

    Attributes:
        rows: positions in the store, ``(n,)``.
        smiles: SMILES of the whole store.
        molecules: the molecule of each spectrum.
        skeleton: number of the first block of each one's InChIKey, ``(n,)``: what was split by, and
            what is resampled.
        spectra: intensities, base peak 1, ``(n, max_mz)``.
        lowest_mz: lowest recorded m/z, ``(n,)``.
    """

    rows: np.ndarray
    smiles: list[str]
    molecules: list[Molecule]
    skeleton: np.ndarray
    spectra: np.ndarray
    lowest_mz: np.ndarray

    @classmethod
    def read(cls, config: Config) -> Measured:
        """Read them from the configured store."""
        loader = split_loader(config, "test", batch_size=256)
        batches = list(loader)
        store = loader.dataset.store
        smiles, inchikeys = store.column("smiles"), store.column("inchikey")
        rows = loader.dataset.rows
        return cls(
            rows=rows,
            smiles=smiles,
            molecules=[load_canonical(smiles[row]) for row in rows],
            skeleton=np.unique([first_block(inchikeys[row]) for row in rows], return_inverse=True)[
                1
            ],
            spectra=torch.cat([batch.spectrum for batch in batches]).numpy(),
            lowest_mz=torch.cat([batch.lowest_mz for batch in batches]).numpy(),
        )


def training_size(config: Config) -> dict[str, int]:
    """Return how many spectra of 60 to 80 eV, and of how many molecules, the training split has."""
    dataset = split_loader(config, "train", batch_size=256).dataset
    inchikeys = dataset.store.column("inchikey")
    return {
        "spectra": len(dataset),
        "molecules": len({first_block(inchikeys[row]) for row in dataset.rows}),
    }


def score_model(model: nn.Module, config: Config, measured: Measured) -> Scores:
    """Return each metric of ``metrics.score`` of a model's predictions of the test spectra."""
    scores = assess(model, split_batches(config, "test", model, batch_size=64))
    assert np.array_equal(scores.pop("row"), measured.rows)
    return scores


def break_down(models: Mapping[str, Scores], measured: Measured) -> dict[str, Any]:
    """Return the accuracy by size, element and class of the molecule.

    Args:
        models: scores of two models, the second the reference of the first.
        measured: the test spectra.

    Returns:
        Name of the breakdown → group → "spectra" and "molecules", their numbers; "models" and
        "difference", the summaries of each model and of the difference, both empty where the group
        has no spectrum.
    """
    (_, first), (_, reference) = models.items()
    tables: dict[str, Any] = {}
    for title, group in BREAKDOWNS.items():
        tables[title] = {}
        for name, members in group(measured.molecules).items():
            skeleton = measured.skeleton[members]
            row = {"spectra": int(members.sum()), "molecules": len(np.unique(skeleton))}
            row |= {"models": {}, "difference": {}}
            if row["spectra"]:
                row["models"] = summarize_part(models, measured, members)
                own, other = _taken(first, members), _taken(reference, members)
                row["difference"] = summarize_difference(own, other, skeleton)
            tables[title][name] = row
    return tables


def summarize_part(models: Mapping[str, Scores], measured: Measured, rows: np.ndarray) -> dict:
    """Return the summaries of models on some of the test spectra."""
    skeleton = measured.skeleton[rows]
    return {name: summarize(_taken(scores, rows), skeleton) for name, scores in models.items()}


@torch.inference_mode()
def unexplained_share(
    teacher: Teacher, config: Config, measured: Measured
) -> dict[str, dict[str, float]]:
    """Return how much of the predicted intensity has no ion, and how much the bin head decides.

    Returns:
        "no_ion" and "bin_head": the mean over the test spectra with its bootstrap interval, median
        and 95th percentile.
    """
    teacher.eval()
    batches = split_batches(config, "test", teacher, batch_size=64)
    parts = [teacher(batch).extra for batch in batches]
    shares = {
        "no_ion": torch.cat([1 - part.from_ions.sum(1) for part in parts]),
        "bin_head": torch.cat([part.bin_share for part in parts]),
    }
    values = {name: share.double().numpy() for name, share in shares.items()}
    means = summarize(values, measured.skeleton)
    return {
        name: {
            **means[name],
            "median": float(np.median(share)),
            "percentile_95": float(np.percentile(share, 95)),
        }
        for name, share in values.items()
    }


@torch.inference_mode()
def time_per_molecule(model: nn.Module, molecules: Sequence[Molecule]) -> dict[str, float]:
    """Return the time that a median molecule takes in a batch of its like, on one core.

    Args:
        model: the model.
        molecules: those to choose from; taken are the 64 whose number of heavy atoms is nearest to
            the median.

    Returns:
        "heavy_atoms" (mean of those taken), "features_ms" (fingerprint, graph and fragments, from
        the molecule) and "network_ms" a molecule, the least of five runs, and their sum "ms".
    """
    atoms = np.array([molecule.mol.GetNumHeavyAtoms() for molecule in molecules])
    order = np.argsort(np.abs(atoms - np.median(atoms)), kind="stable")[:_TIMED_MOLECULES]
    taken = [molecules[i] for i in order]
    model.eval()
    features, network = [], []
    with _one_thread():
        for _ in range(1 + _REPEATS):
            start = time.perf_counter()
            batch = collate(featurize_all(taken, model.inputs))
            middle = time.perf_counter()
            model(batch)
            features.append(middle - start)
            network.append(time.perf_counter() - middle)
    # The first run loads and compiles.
    per_molecule = [1000 * min(times[1:]) / len(taken) for times in (features, network)]
    return {
        "heavy_atoms": float(atoms[order].mean()),
        "features_ms": per_molecule[0],
        "network_ms": per_molecule[1],
        "ms": sum(per_molecule),
    }


def match_libraries(models: Mapping[str, nn.Module], config: Config) -> dict[str, Any]:
    """Return how often the test spectra find their molecules, known by each model's prediction.

    Returns:
        The sizes of ``LibraryMatching``, and "models": model → mass filter → similarity →
        "recall@1", "recall@5" and "recall@10" as ``summarize`` gives them.
    """
    task = LibraryMatching(config, "test")
    found = {
        name: recall(task.ranks(predict_structures(model, task.smiles)), task.queries.molecule)
        for name, model in models.items()
    }
    return {**task.sizes, "models": found}


def _taken(scores: Scores, rows: np.ndarray) -> Scores:
    return {name: values[rows] for name, values in scores.items()}


@contextmanager
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
