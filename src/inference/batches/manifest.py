"""What the numbered parts of an output are of, and which of them are finished."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ...files.writing import OutputError, named_in_errors, written_whole

_DIGEST_LENGTH = 64


@dataclass(frozen=True)
class FinishedPart:
    """A part that is on the disk.

    Attributes:
        number: of the part, from 0.
        structures: structures that it is of.
        predicted: number of its spectra.
        failed: number of its structures that could not be predicted.
        left_out: sum of ``left_out`` of its spectra; 0 where they are at nominal masses.
        notes: what is to be said of its spectra, with line and name of the first that it is of.
    """

    number: int
    structures: int
    predicted: int
    failed: int
    left_out: float = 0.0
    notes: Mapping[str, str] = field(default_factory=dict)


class Manifest:
    """A file of JSON lines: first what the parts are of, then one line for each finished part.

    A line is added when its part is on the disk. The last one may be cut off, where the run was
    killed or the disk was full: it is passed over, and its part made again.

    Args:
        path: the file; begun if it is missing.
        facts: what decides over the content of the parts, by names that a user knows. Two runs with
            equal facts write equal parts.

    Attributes:
        finished: the finished parts by their number.

    Raises:
        OutputError: the file was begun with other facts, or is damaged.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.batches.manifest import FinishedPart, Manifest
        >>> path = pathlib.Path(tempfile.mkdtemp(), "manifest.jsonl")
        >>> Manifest(path, {"dialect": "nist"}).add(FinishedPart(0, 256, 255, 1))
        >>> Manifest(path, {"dialect": "nist"}).finished[0].failed
        1
    """

    def __init__(self, path: str | Path, facts: Mapping[str, object]):
        self.path = Path(path)
        self.finished: dict[int, FinishedPart] = {}
        self._end = 0
        if self.path.exists():
            self._read(facts)
        else:
            self._begin(facts)

    @staticmethod
    def facts_of(path: str | Path) -> dict[str, object]:
        """Return what the parts beside a manifest are of; nothing where there is no manifest.

        Raises:
            OutputError: it is damaged.
        """
        path = Path(path)
        if not path.exists():
            return {}
        with path.open("rb") as file:
            return _parsed(file.readline(), path)

    def add(self, part: FinishedPart) -> None:
        """Note that a part is finished.

        Raises:
            OutputError: the file cannot be written.
        """
        line = json.dumps(asdict(part)).encode() + b"\n"
        with named_in_errors(self.path), self.path.open("rb+") as file:
            file.truncate(self._end)  # what a line that was cut off has left
            file.seek(self._end)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(line)
        self.finished[part.number] = part

    def _begin(self, facts: Mapping[str, object]) -> None:
        line = json.dumps(facts).encode() + b"\n"
        with written_whole(self.path) as temporary:
            temporary.write_bytes(line)
        self._end = len(line)

    def _read(self, facts: Mapping[str, object]) -> None:
        begun, *lines = self.path.read_bytes().splitlines(keepends=True) or [b""]
        self._refuse_others(_parsed(begun, self.path), facts)
        self._end = len(begun)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            part = FinishedPart(**_parsed(line, self.path))
            self.finished[part.number] = part
            self._end += len(line)

    def _refuse_others(self, begun: Mapping[str, object], facts: Mapping[str, object]) -> None:
        differing = [
            f"{name} (was {_shown(begun.get(name))}, now {_shown(facts.get(name))})"
            for name in {**begun, **facts}
            if begun.get(name) != facts.get(name)
        ]
        if differing:
            raise OutputError(
                f"{self.path.parent}: was begun with something else: {', '.join(differing)}; go on "
                "as it was begun, or delete that folder to start anew"
            )


def _parsed(line: bytes, path: Path) -> dict[str, object]:
    try:
        return json.loads(line)
    except ValueError as error:
        raise OutputError(f"{path}: damaged ({error}); delete the folder to start anew") from error


def _shown(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) == _DIGEST_LENGTH else text
