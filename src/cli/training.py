"""How the training commands report: a table at the end, one line where the user can mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import UserError
from ..training.parallel.processes import FirstFailedError, is_first, lost_another, part, rank
from ..training.trainer import Interrupted


def run_training(train: Callable[[], Mapping[str, Mapping[str, Any]]]) -> int:
    """Train and print the metrics of the result.

    Args:
        train: trains and returns, by the model's name, the metadata of its checkpoint.

    Returns:
        The exit status: 0 when finished, 2 where an input is missing or wrong, 143 (as a shell
        reports SIGTERM) when asked to stop, 130 after Ctrl-C. Of several processes the first one
        prints and gives the status; another does where it alone has failed.
    """
    try:
        results = train()
    except UserError as error:
        where = "" if is_first() else f"process {rank()}: "
        print(f"error: {where}{error}", file=sys.stderr)
        return 2
    except FirstFailedError:
        return 0
    except Interrupted as stopped:
        message = f"{stopped}; --resume continues (nextims train does by itself)"
        status = _stopped(message, stopped.status)
        part()
        return status
    except KeyboardInterrupt:
        return _stopped("interrupted; --resume continues after the last whole epoch", 130)
    except RuntimeError as error:
        if not lost_another(error):
            raise
        return _stopped(
            "error: another process of the training has ended; --resume continues after the last "
            f"whole epoch ({error})",
            1,
        )
    if is_first():
        for model, metadata in results.items():
            print_metrics(f"{model}, validation", metadata["validation"])
    part()
    return 0


def _stopped(message: str, status: int) -> int:
    """Print why all processes have stopped, and return the exit status, once."""
    if not is_first():
        return 0
    print(message, file=sys.stderr)
    return status


def print_metrics(
    title: str, metrics: Mapping[str, float], intervals: Mapping[str, Sequence[float]] | None = None
) -> None:
    """Print metrics under each other, their intervals beside them where there are any."""
    print(title)
    for name, value in metrics.items():
        bounds = "  [{:.4f}, {:.4f}]".format(*intervals[name]) if intervals else ""
        print(f"  {name:<20} {value:8.4f}{bounds}")
