"""The control of ``identify.py``: how like the measured molecules a candidate is, of no spectrum.

Molecules that somebody has measured differ from those that lists of structures add to them. Who
knows that alone finds some of the right ones among the candidates, and a model's recall means only
what it has beyond.

Shapes: ``c`` candidates, ``q`` queries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from isomers import Candidates, labelled_formula
from nextims.chemistry.molecule import ECFP_BITS, Molecule, identity, load_canonical
from nextims.data.examples.features import Inputs, collate, featurize_all
from nextims.data.library.splits import SPLITS, hash_share
from nextims.data.library.store import SpectrumStore
from peers import ecfp_bits

_FOLDS = 5
# Of the squared weights, beside the mean loss of a candidate; less of it judges the candidates of
# other folds worse (log loss 0.21; 0.23 with 3e-5, 0.36 with 3e-6).
_PENALTY = 1e-4
_STEPS = 100


def measured_likeness(candidates: Candidates, store: SpectrumStore) -> np.ndarray:
    """Return how likely each candidate is one that was measured, by its structure alone.

    By logistic regression on the ECFP4 bits, which learns to tell the molecules of the training
    split from those that are in no split. Those of validation and test teach nothing, and no
    candidate is judged by what it has taught itself: there are five regressions, each for the fifth
    of the candidates that it has not seen.

    Args:
        candidates: the candidates.
        store: the records.

    Returns:
        Logits, ``(c,)``.
    """
    rows = zip(store.column("inchikey"), store.column("smiles"), store.index.split, strict=True)
    split = {identity(key, load_canonical(smiles)): own for key, smiles, own in rows}
    own = [split.get(name) for name in candidates.name]
    measured = torch.tensor([each == SPLITS.index("train") for each in own])
    teaches = measured | torch.tensor([each is None for each in own])
    fold = torch.tensor([int(_FOLDS * hash_share(f"fold of {name}")) for name in candidates.name])
    bits = _bits(candidates.smiles)
    logits = torch.zeros(len(candidates))
    for number in range(_FOLDS):
        taught = teaches & (fold != number)
        asked = fold == number
        if asked.any() and taught.any():
            logits[asked] = _regression(bits[taught], measured[taught].float())(bits[asked])
    return logits.numpy()


def _bits(smiles: Sequence[str]) -> Tensor:
    parts = []
    for start in range(0, len(smiles), 256):
        molecules = [load_canonical(text) for text in smiles[start : start + 256]]
        parts.append(ecfp_bits(collate(featurize_all(molecules, Inputs()))))
    return torch.cat(parts)


def _regression(bits: Tensor, measured: Tensor) -> Callable[[Tensor], Tensor]:
    """Return what gives logits of bits, fitted."""
    weights = torch.zeros(ECFP_BITS + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def logits(of: Tensor) -> Tensor:
        return of @ weights[1:] + weights[0]

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = nn.functional.binary_cross_entropy_with_logits(logits(bits), measured)
        value = value + _PENALTY * weights[1:].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    weights.requires_grad_(False)
    return logits


def rank_by_likeness(
    likeness: np.ndarray, molecules: Sequence[Molecule], candidates: Candidates
) -> np.ndarray:
    """Return the rank of each query's molecule among the candidates of its formula, ``(q,)``.

    Ties count against it.
    """
    ranks = []
    for molecule in molecules:
        rivals = candidates.formula == labelled_formula(molecule)
        own = candidates.name == identity(molecule.inchikey, molecule)
        ranks.append(int((likeness[rivals] >= likeness[own]).sum()))
    return np.array(ranks, np.int64)
