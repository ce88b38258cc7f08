"""Predictions of molecules, and of whole libraries, that the student has not learned from.

What a student predicts of its own training molecules says nothing of its errors on others, and its
validation molecules are few and of the same laboratories. So two students more are trained, from
the measured spectra alone, each on one half of the training molecules: of the largest library every
second molecule, of the others whole libraries. Each predicts the half that it has not seen.

Shapes: ``n`` spectra, ``max_mz`` nominal masses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..chemistry.molecule import first_block
from ..config import Config
from ..data.examples.dataset import Concatenation, EmptySplitError, SpectrumDataset
from ..data.examples.loader import make_loader
from ..data.library.store import SpectrumStore
from ..evaluation.assess import score_batch
from ..evaluation.trust import SIMILARITIES
from ..models.checkpoint import load_content, load_model, weights_digest
from ..models.device import choose_device
from ..models.student import Student
from .distillation.student import MeasuredPhase, student_arguments
from .earlier import can_resume, is_complete
from .runs import (
    library_part,
    library_source,
    run_key,
    split_batches,
    split_loader,
    train_phase,
)

_TRAINING = 0  # of the splits


class LeftOut(NamedTuple):
    """Predictions of measured spectra by a student that has not learned from the molecules.

    Attributes:
        rows: positions in the store, ``(n,)``.
        intensity: predicted, sum 1, ``(n, max_mz)`` float16.
        similarity: to the measured spectra, by name, ``(n,)`` each.
        learned: positions in the store of the spectra that the student has learned from.
    """

    rows: np.ndarray
    intensity: np.ndarray
    similarity: dict[str, np.ndarray]
    learned: np.ndarray


def halves(blocks: Sequence[str], libraries: Sequence[str]) -> np.ndarray:
    """Return which half each spectrum is of, 0 or 1, ``(n,)``.

    Args:
        blocks: the first block of each molecule's InChIKey.
        libraries: the library of each spectrum.

    Example:
        >>> from nextims.training.left_out import halves
        >>> halves(["A", "B", "C", "D"], ["large", "large", "large", "small"]).tolist()
        [0, 1, 0, 1]
    """
    ordered = [name for name, _ in Counter(libraries).most_common()]
    numbers = {block: number for number, block in enumerate(sorted(set(blocks)))}
    of_molecules = np.array([numbers[block] % 2 for block in blocks])
    libraries = np.array(libraries)
    half = of_molecules.copy()
    sizes = np.bincount(half[libraries == ordered[0]], minlength=2)
    for name in ordered[1:]:
        smaller = int(sizes.argmin())
        half[libraries == name] = smaller
        sizes[smaller] += (libraries == name).sum()
    return half


def of_halves(config: Config, student: Student, folder: Path) -> Iterator[LeftOut]:
    """Train the two students, and yield what each predicts of the other's half.

    Args:
        config: the configuration.
        student: the student whose errors are to be foretold; they are built like it.
        folder: for their checkpoints; finished ones are not trained again, others gone on with.
    """
    with SpectrumStore(config.data.store) as store:
        blocks = np.array([first_block(key) for key in store.column("inchikey")])
        libraries, splits = store.column("source"), store.index.split
    half = halves(blocks.tolist(), libraries)
    for number in (0, 1):
        learned = np.flatnonzero((splits == _TRAINING) & (half == number))
        checkpoint = folder / f"half_{number + 1}" / "student.pt"
        model = trained(config, learned, checkpoint, vocabulary_of=student)
        unseen = (splits == _TRAINING) & ~np.isin(blocks, np.unique(blocks[learned]))
        yield predicted(config, model, "train", np.flatnonzero(unseen), learned)


def of_split(config: Config, model: Student, split: str) -> LeftOut:
    """Return what a student predicts of the validation or test split."""
    with SpectrumStore(config.data.store) as store:
        learned = np.flatnonzero(store.index.split == _TRAINING)
    return predicted(config, model, split, None, learned)


def predicted(
    config: Config, model: Student, split: str, rows: np.ndarray | None, learned: np.ndarray
) -> LeftOut:
    """Return what a student predicts of spectra of a split; ``rows`` are ``None`` for all."""
    model.eval()
    found = []
    with torch.inference_mode(), suppress(EmptySplitError):
        for batch in split_batches(config, split, model, batch_size=256, rows=rows):
            intensity = model(batch).intensity.float().cpu().numpy()
            scores = score_batch(batch, intensity)
            found.append((batch.row.cpu().numpy(), intensity.astype(np.float16), scores))
    nothing = np.zeros((0, config.data.max_mz), np.float16)
    similarity = {
        name: np.concatenate([np.zeros(0), *(scores[name] for _, _, scores in found)])
        for name in SIMILARITIES
    }
    return LeftOut(
        np.concatenate([np.zeros(0, np.int32), *(each for each, _, _ in found)]),
        np.concatenate([nothing, *(intensity for _, intensity, _ in found)]),
        similarity,
        learned,
    )


def trained(
    config: Config,
    rows: np.ndarray,
    checkpoint: Path,
    *,
    vocabulary_of: Student | None = None,
    start: Path | None = None,
) -> Student:
    """Return a student trained on measured spectra alone; one that is finished is not trained anew.

    Args:
        config: the configuration; the schedule is that of its student.
        rows: positions in the store of what it may learn from.
        checkpoint: where it is kept.
        vocabulary_of: the student whose ions and losses it knows, where it begins at random: which
            ions there are in the world is no secret.
        start: the checkpoint of the student that it begins as instead.
    """
    arguments = load_content(start)["model_config"] if start else student_arguments(config)
    settings = config.training.student
    parts = {"model": arguments, "rows": rows.tolist(), **library_part(config)}
    parts |= {"start": weights_digest(start)} if start else {}
    key = run_key(config, "student", parts)
    if not is_complete(checkpoint, key):
        torch.manual_seed(config.training.seed)
        model = Student(**arguments) if start is None else load_model(start)[0]
        if vocabulary_of is not None:
            model.head.take_vocabulary(vocabulary_of.head)
        dataset = SpectrumDataset(
            config.data.store,
            "train",
            energy_range=config.data.energy_range,
            inputs=model.inputs,
            memory_efficient=config.data.memory_efficient_mode,
            rows=rows,
        )
        training = make_loader(
            Concatenation([dataset] * config.distillation.labelled_repeats),
            max_mz=config.data.max_mz,
            batch_size=settings.batch_size,
            num_workers=config.data.num_workers,
            shuffle_seed=config.training.seed,
        )
        validation = split_loader(
            config, "validation", inputs=model.inputs, batch_size=settings.batch_size
        )
        train_phase(
            config,
            MeasuredPhase(model, routing=config.student),
            settings,
            (training, validation),
            model_config=arguments,
            checkpoint=checkpoint,
            key=key,
            resume=can_resume(checkpoint, MeasuredPhase.name, key),
            data=library_source(config),
            trained_on={"training_spectra": len(dataset)},
        )
    return load_model(checkpoint, choose_device(config.training.device))[0]
