"""What each process of a training draws from: its dropout is its own, and resumed as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from . import processes

State = dict[str, Tensor]


def draw_apart(seed: int, step: int) -> None:
    """Have each process drop other units than the first, which draws as if it were alone.

    ``seed`` and ``step`` are the training's.
    """
    if not processes.is_first():
        own = np.random.SeedSequence((seed, step, processes.rank()))
        torch.manual_seed(int(own.generate_state(1)[0]))


def random_states() -> list[State]:
    """Return the state that each process draws from, by rank."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():  # by a training on a GPU, not by one on the CPU beside it
        state["cuda"] = torch.cuda.get_rng_state()
    return processes.gathered(state)


def restore(states: Sequence[State], *, seed: int, step: int) -> None:
    """Have each process draw on from where ``random_states`` found it.

    A process that has no state there is seeded.
    """
    if processes.rank() >= len(states):
        draw_apart(seed, step)
        return
    state = states[processes.rank()]
    torch.set_rng_state(state["cpu"])
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
