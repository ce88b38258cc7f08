"""Predicting on several machines through Ray Data. Imports Ray only when it runs.

One task reads the structures and hands them on part by part, as fast as they are wanted; actors of
one thread each, anywhere in the cluster, load the model once, predict a part and write it to the
folder of parts. Only the parts' counts come back, so that a part costs the command next to nothing.
A part whose actor or machine dies is made again elsewhere.

The input, the checkpoint and the folder of parts (beside the output) must be on storage that all
machines see under one path. Each machine has the same version of NExtIMS installed.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import UserError
from ...files.digest import file_digest
from ...files.writing import OutputError
from ...spectra.instrument import Instrument
from ...version import __version__
from ..loading import open_predictor
from ..streaming import attempted, describe
from ..structures.lists import InputStructure, read_structures
from ..structures.text_lines import InputError
from .manifest import FinishedPart
from .parts import PartFolder, Parts, unfinished_parts


class EngineError(UserError):
    """What spreads the work over machines is missing, or cannot go on; the message says why."""


if TYPE_CHECKING:
    import pyarrow as pa

_COLUMN = "pickled"


@dataclass(frozen=True)
class BatchSource:
    """Where the structures of a batch come from. Can be pickled.

    Attributes:
        path: file or folder, as ``read_structures`` takes it.
        derivatise: gives derivatives in their place, a key of ``METHODS``.
        partial: with ``derivatise``, also those with fewer groups.
        keep: columns that go with the spectra, as ``read_structures`` takes them.
    """

    path: Path
    derivatise: str | None = None
    partial: bool = False
    keep: tuple[str, ...] = ()

    def read(self) -> Iterator[InputStructure]:
        """Read the structures.

        Example:
            >>> import pathlib, tempfile
            >>> from nextims.inference.batches.ray_engine import BatchSource
            >>> path = pathlib.Path(tempfile.mkdtemp(), "alcohols.smi")
            >>> _ = path.write_text("CCO ethanol")
            >>> [structure.name for structure in BatchSource(path, derivatise="tms").read()]
            ['ethanol 1TMS']
        """
        structures = read_structures(self.path, self.keep)
        if self.derivatise is None:
            return structures
        from ..structures.derivatised import derivatise_structures

        return derivatise_structures(structures, self.derivatise, partial=self.partial)


def check_ray() -> None:
    """Check that Ray is installed.

    Raises:
        EngineError: it is not; the message says how to install it.

    Example:
        >>> from nextims.inference.batches.ray_engine import EngineError
        >>> from nextims.inference.batches.ray_engine import check_ray
        >>> try:
        ...     check_ray()
        ... except EngineError as error:
        ...     "pip install" in str(error)
        ... else:
        ...     True
        True
    """
    missing = [name for name in ("ray", "pyarrow") if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f'--engine ray: {" and ".join(missing)} missing: pip install "nextims[distributed]"'
        )


def predict_parts_with_ray(
    source: BatchSource,
    parts: Parts,
    *,
    checkpoint: Path,
    device: str = "auto",
    workers: int | None = None,
    address: str | None = None,
    retention: Path | None = None,
    instrument: Instrument | None = None,
    **options: bool,
) -> Iterator[FinishedPart]:
    """Predict those parts of a batch that are not finished, with the actors of a Ray cluster.

    Args:
        source: the structures.
        parts: where the parts go; the caller records them.
        checkpoint: what predicts, as in ``open_predictor``.
        device: "cuda" for a GPU an actor; else actors have none.
        workers: number of actors; ``None`` for one a CPU of the cluster (with "cuda", one a GPU).
        address: of a cluster, as ``ray.init`` takes it, "auto" for the one of this machine;
            ``None`` for that of ``RAY_ADDRESS``, or else this machine alone.
        retention: as in ``open_predictor``.
        instrument: likewise.
        **options: of ``StreamingPredictor.predict_stream``.

    Yields:
        Each part when it is on the disk, in the order in which they become so.

    Raises:
        EngineError: Ray is missing, does not start, has no cluster at the address, or gives up.
        InputError: the structures cannot be read to their end.
        OutputError: a part cannot be written.
    """
    check_ray()
    worker = {
        "folder": replace(parts.folder, path=parts.folder.path.resolve()),
        "checkpoint": checkpoint.resolve(),
        "expected": (__version__, file_digest(checkpoint)),
        "device": device,
        "retention": retention and retention.resolve(),
        "instrument": instrument,
        "options": options,
    }
    reader = _Reader(
        replace(source, path=source.path.resolve()),
        parts.size,
        frozenset(parts.finished),
    )
    resource = "GPU" if device == "cuda" else "CPU"
    with _cluster(address, workers):
        import ray

        workers = workers or max(1, int(ray.cluster_resources().get(resource, 1)))
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        context.target_max_block_size = 1  # each part travels by itself
        context.execution_options.preserve_order = False
        dataset = (
            ray.data.from_items([{_COLUMN: b""}])
            .map_batches(reader, num_cpus=0, batch_format="pyarrow")
            .map_batches(
                _Worker,
                fn_constructor_kwargs=worker,
                batch_size=1,
                batch_format="pyarrow",
                num_cpus=1,
                num_gpus=1 if device == "cuda" else 0,
                # A part that waits behind another may be the last one, and others idle meanwhile.
                compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1),
            )
        )
        try:
            # Nothing is fetched ahead: a part is told of, and recorded, as soon as it is there.
            rows = dataset.iter_batches(batch_size=1, batch_format="pyarrow", prefetch_batches=0)
            for row in rows:
                result = pickle.loads(row[_COLUMN][0].as_py())
                if isinstance(result, Exception):
                    raise result
                yield result
        except ray.exceptions.RayError as error:
            raise EngineError(
                f"Ray gave up ({error}); the parts that are finished are kept, run again to go on"
            ) from error


@dataclass(frozen=True)
class _Reader:
    """Reads the structures and gives the parts that are to be made, one a row."""

    source: BatchSource
    size: int
    finished: frozenset[int]

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        try:
            for part in unfinished_parts(self.source.read(), self.size, self.finished):
                yield _row(part)
        except InputError as error:
            yield _row(error)


class _Worker:
    """Loads the model once; predicts and writes a part a call."""

    def __init__(
        self,
        folder: PartFolder,
        checkpoint: Path,
        expected: tuple[str, str],
        device: str,
        options: dict[str, bool],
        retention: Path | None = None,
        instrument: Instrument | None = None,
    ):
        self.folder, self.options = folder, options
        self.fault = _difference(folder, checkpoint, *expected)
        if self.fault is None:
            self.predictor = open_predictor(
                checkpoint, device=device, threads=1, retention=retention, instrument=instrument
            )

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        for pickled in batch[_COLUMN].to_pylist():
            yield _row(self._finish(pickle.loads(pickled)))

    def _finish(
        self, part: tuple[int, list[InputStructure]] | InputError
    ) -> FinishedPart | Exception:
        if isinstance(part, InputError):
            return part
        if self.fault is not None:
            return self.fault
        number, structures = part
        results = self.predictor.predict_stream(structures, **self.options)
        results = map(partial(attempted, describe), results)
        try:
            return self.folder.write(number, results, self.predictor.name)
        except OutputError as error:
            return error


def _row(value: object) -> pa.Table:
    import pyarrow as pa

    return pa.table({_COLUMN: [pickle.dumps(value)]})


def _difference(
    folder: PartFolder, checkpoint: Path, version: str, sha256: str
) -> EngineError | None:
    """Return what this machine lacks of what the command's has."""
    machine = socket.gethostname()
    if not folder.path.is_dir():
        return EngineError(
            f"{folder.path}: not there on {machine}; the output must be on storage that all "
            "machines see under one path"
        )
    if version != __version__:
        return EngineError(f"{machine} has NExtIMS {__version__}, the command is of {version}")
    if not checkpoint.is_file() or file_digest(checkpoint) != sha256:
        return EngineError(f"{checkpoint}: missing on {machine}, or other than the command's")
    return None


@contextmanager
def _cluster(address: str | None, workers: int | None) -> Iterator[None]:
    # What it tells of by itself is how it runs its own data sets.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    # A cluster's machines say themselves what they have; this one gives what is asked of it.
    own = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _require_server(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except Exception as error:  # Ray's own errors share no type here
        raise EngineError(f"Ray at {address}: {error}") from error
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray takes it for itself
        yield
    finally:
        ray.shutdown()


def _require_server(address: str) -> None:
    """Fail at once where nothing listens: Ray tries for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and "://" not in address:
        socket.create_connection((host, int(port)), timeout=20).close()
