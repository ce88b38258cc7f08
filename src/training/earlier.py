"""What an earlier run has left where a training would write, and what becomes of it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..models.checkpoint import CheckpointError, load_content, load_plain
from .parallel.processes import on_first
from .trainer import state_path

Say = Callable[[str], None]
Metadata = dict[str, Any]


def is_complete(path: Path, key: str) -> bool:
    """Return whether a checkpoint holds the finished result of the run with this key."""
    try:
        metadata = load_content(path)["metadata"]
    except CheckpointError:
        return False
    return metadata.get("key") == key and "finished" in metadata


def can_resume(checkpoint: Path, phase_name: str, key: str) -> bool:
    """Return whether the run with this key was stopped and can be continued.

    ``checkpoint`` is where it keeps its best model, ``phase_name`` the name of its ``Phase``.
    """
    try:
        state = load_plain(state_path(checkpoint, phase_name))
        # The best model must be there, unless the run was stopped before its first validation.
        has_best = checkpoint.exists() or state["counters"]["best"] == -math.inf
        return state.get("key") == key and has_best
    except (CheckpointError, KeyError, TypeError, AttributeError):  # of another program, say
        return False


@dataclass(frozen=True)
class Run:
    """A training, and what says whether it has been begun or finished before.

    Attributes:
        result: the checkpoint that it leaves.
        key: what it depends on.
        unfinished: its state, or the folder of its networks' states, that is there until it has
            finished.
        can_go_on: tells whether that is of a run with this key, and whole.
        replaces: when it replaces what is at ``result``.
    """

    result: Path
    key: str
    unfinished: Path
    can_go_on: Callable[[], bool]
    replaces: str = "when it is finished"

    def carry_out(
        self,
        train: Callable[[bool], Metadata],
        *,
        resume: bool = False,
        replace: bool = True,
        say: Say = tqdm.write,
    ) -> Metadata:
        """Train, go on with an earlier run, or leave what is finished.

        Args:
            train: takes whether to go on, trains and returns the metadata of the result.
            resume: go on with an unfinished run of this key, leave a finished one as it is.
            replace: discard an unfinished run that is not gone on with; without ``resume``, train a
                finished one anew.
            say: takes a line on what becomes of an earlier run, in the first process.

        Returns:
            The metadata of the result.

        Raises:
            CheckpointError: an unfinished run is neither to be gone on with nor to be discarded.
        """
        finished, goes_on = on_first(self._take_up, resume, replace, say)
        if finished is not None:
            return finished
        metadata = train(goes_on)
        on_first(self._clear)
        return metadata

    def _take_up(self, resume: bool, replace: bool, say: Say) -> tuple[Metadata | None, bool]:
        """Return the metadata of the result if it stays, and whether to go on."""
        begun = self.unfinished.is_file() or any(self.unfinished.rglob("last_*.pt"))
        goes_on = begun and self.can_go_on()
        if not begun and (resume or not replace) and is_complete(self.result, self.key):
            how = "" if replace else "; --restart trains anew"
            say(f"skipped, {self.result} is finished and matches data and config{how}")
            return load_content(self.result)["metadata"], False
        if goes_on and resume:
            say("continued")
            return None, True
        if begun and not replace:
            whose, first = "with these settings and data", ""
            if not goes_on:
                whose, first = "with other settings or data", "restore these, and "
            raise CheckpointError(
                f"{self.unfinished}: an unfinished run {whose}; {first}--resume goes on with it, "
                "--restart begins anew"
            )
        self._clear()
        told = [f"discards the unfinished run at {self.unfinished}"] if begun else []
        if self.result.exists() and not replace:
            told.append(f"replaces {self.result} {self.replaces}")
        say("; ".join(["training", *told]))
        return None, False

    def _clear(self) -> None:
        """Remove what is there of an unfinished run."""
        if self.unfinished.is_dir():
            shutil.rmtree(self.unfinished)
        else:
            self.unfinished.unlink(missing_ok=True)
