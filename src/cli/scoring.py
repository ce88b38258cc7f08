"""A checkpoint scored on a split: means of the metrics and how far they are to be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import nn

from ..chemistry.molecule import first_block
from ..config import Config
from ..data.examples.dft_dataset import BDEDataset
from ..data.library.store import SpectrumStore
from ..errors import UserError
from ..evaluation.assess import assess, predict_structures
from ..evaluation.bond_energies import assess_bonds
from ..evaluation.intervals import Scores, Summary, intervals, summarize
from ..evaluation.retrieval import match_library
from ..files.digest import file_digest
from ..models.checkpoint import load_model
from ..models.device import choose_device
from ..spectra.spectrum import STANDARD_ENERGY_RANGE
from ..training.card_figures import card_path
from ..training.runs import split_batches
from ..version import __version__

_BATCH_SIZE = 256


class Scored(NamedTuple):
    """What ``score_checkpoint`` gives.

    Attributes:
        result: all of it as plain values.
        summary: mean and interval of each metric.
        number: what they are means over, in words.
    """

    result: dict[str, Any]
    summary: Summary
    number: str


def score_checkpoint(
    config: Config,
    checkpoint: Path,
    split: str,
    *,
    device: str = "auto",
    energy_range: Sequence[float] | None = None,
    retrieval: bool = False,
) -> Scored:
    """Score a teacher or a student on spectra, a BDE model on the bonds of the DFT table.

    Args:
        config: names the data; its seed is that of the bootstrap.
        checkpoint: the model.
        split: "train", "validation" or "test".
        device: "cpu", "cuda", or "auto".
        energy_range: lowest and highest ionization energy, eV; 60 to 80 if left out.
        retrieval: also search the spectra in a library.

    Raises:
        UserError: the checkpoint, or what is asked for, does not fit.
        StoreError, BDEDataError: the data cannot be read.
        EmptySplitError: the split has no such spectrum.
    """
    model, description = load_model(checkpoint, choose_device(device))
    if description.kind == "bde":
        if energy_range or retrieval:
            raise UserError(f"{checkpoint}: a BDE model, which predicts no spectra")
        found, scores, molecule, number = _score_bonds(model, config, split)
    else:
        if model.max_mz != config.data.max_mz:
            raise config.mistake(
                "data.max_mz",
                f"found {config.data.max_mz}, but {checkpoint} predicts up to m/z {model.max_mz}",
            )
        energies = tuple(energy_range or STANDARD_ENERGY_RANGE)
        found, scores, molecule, number = _score_spectra(model, config, split, energies)
    summary = summarize(scores, molecule, config.training.seed)
    result = {
        "checkpoint": str(checkpoint),
        "kind": description.kind,
        "split": split,
        **found,
        "metrics": {name: row["mean"] for name, row in summary.items()},
        "intervals": intervals(summary),
        "seed": config.training.seed,
        "version": __version__,
    }
    if retrieval:
        predict = partial(predict_structures, model)
        result["retrieval"] = match_library(predict, config, split, config.training.seed)
    return Scored(result, summary, number)


_Found = tuple[dict[str, Any], Scores, Sequence, str]


def _score_spectra(
    model: nn.Module, config: Config, split: str, energies: tuple[float, float]
) -> _Found:
    store_path = config.data.store
    batches = split_batches(config, split, model, batch_size=_BATCH_SIZE, energy_range=energies)
    scores = assess(model, batches)
    with SpectrumStore(store_path) as store:
        inchikeys = store.column("inchikey")
    molecule = [first_block(inchikeys[row]) for row in scores.pop("row")]
    spectra, molecules = len(molecule), len(set(molecule))
    found = {
        "store": str(store_path),
        "energy_range": list(energies),
        "spectra": spectra,
        "molecules": molecules,
    }
    of_energies = f"{energies[0]:g} to {energies[1]:g} eV or not given"
    return found, scores, molecule, f"{spectra} spectra of {molecules} molecules, {of_energies}"


def _score_bonds(model: nn.Module, config: Config, split: str) -> _Found:
    errors, molecule = assess_bonds(model, BDEDataset(config.bde.data, split))
    bonds, molecules = len(molecule), len(np.unique(molecule))
    found = {"store": str(config.bde.data), "bonds": bonds, "molecules": molecules}
    return found, errors, molecule, f"{bonds:,} bonds of {molecules:,} molecules"


def check_card(config: Config, checkpoint: Path) -> None:
    """Check that the figures of a model's own test split can be written into its card.

    Raises:
        UserError: there is no card, or the model was trained on other data than the configured.
        CheckpointError: the checkpoint cannot be read.
    """
    content = load_model(checkpoint)[1]
    data = config.bde.data if content.kind == "bde" else config.data.store
    if not card_path(checkpoint).is_file():
        raise UserError(f"{card_path(checkpoint)}: no such model card to write into")
    if data.is_file() and content.metadata.get("data", {}).get("sha256") != file_digest(data):
        raise UserError(
            f"{checkpoint}: was trained on other data than {data}; whether it has seen the test "
            "molecules is not known, so its card takes no figures of them"
        )
