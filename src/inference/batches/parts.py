"""Long predictions in numbered parts, so that a run that ends early can be gone on with.

The parts stand in a folder, each a whole file of the output's format, with a manifest that says
what they are of and which are finished::

    _manifest.jsonl
    part-00000.parquet
    part-00001.parquet
    _part-00001.errors.csv

Programs that read folders of Parquet pass over names that begin with ``_`` or ``.``. Part ``n`` is
of the structures from ``n * size`` on. As many go into a model's batch with parts as without, and
as the parts are joined in their order, the bytes are those of a single run.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ...files.writing import OutputError, named_in_errors, written_whole
from ...formats.csv.cells import original_cell
from ...formats.spectrum_writer import Result, SpectrumWriter, errors_path
from ...spectra.prediction import FailedPrediction
from ..structures.lists import InputStructure
from .manifest import FinishedPart, Manifest

MANIFEST = "_manifest.jsonl"
# A model's batch: where parts begin elsewhere, sums come out otherwise in their last digits.
STRUCTURES_A_BATCH = 256
_LEAST_STRUCTURES = 4096
_MOST_PARTS = 10_000
_SIZE = "structures a part"
# So often may what writes a part die in it before the part is held to be the cause.
_ATTEMPTS = 4


@dataclass(frozen=True)
class PartFolder:
    """Where parts are written, and how. Can be pickled: those who write them may be elsewhere.

    Attributes:
        path: the folder.
        ending: of the format, a key of ``FORMATS``.
        dialect: of MSP.
        annotated: whether the spectra have annotations.
        uncertain: whether the spectra have uncertainties.
        columns: names of the columns of the input that go with them.
    """

    path: Path
    ending: str
    dialect: str = "nist"
    annotated: bool = False
    uncertain: bool = False
    columns: tuple[str, ...] = ()

    def file(self, number: int) -> Path:
        """Return where the spectra of a part stand."""
        return self.path / f"part-{number:05d}{self.ending}"

    def failures(self, number: int) -> Path:
        """Return where the structures of a part that were not predicted are listed."""
        return self.path / f"_part-{number:05d}.errors.csv"

    def open_writer(self, path: Path, model_name: str) -> SpectrumWriter:
        """Return what writes a file with the contents of the parts."""
        return SpectrumWriter(
            path,
            model_name,
            annotated=self.annotated,
            uncertain=self.uncertain,
            columns=self.columns,
            dialect=self.dialect,
        )

    def write(self, number: int, results: Iterable[Result], model_name: str) -> FinishedPart:
        """Write a part, under a name of its own until it is whole.

        Two may write the same part at once (one of them thought dead, say): each writes a whole
        one, and both are the same.

        Raises:
            OutputError: it cannot be written; or whoever tried has died in it time and again.
        """
        structures, left_out, notes = 0, 0.0, {}
        begun = f".part-{number:05d}-"
        if len(list(self.path.glob(f"{begun}*"))) >= _ATTEMPTS:
            raise OutputError(
                f"{self.file(number)}: given up, as every process that began it has died in it"
            )
        with (
            named_in_errors(self.file(number)),
            tempfile.TemporaryDirectory(dir=self.path, prefix=begun) as working,
        ):
            file = Path(working, self.file(number).name)
            with self.open_writer(file, model_name) as writer:
                for result in results:
                    writer.write(result)
                    structures += 1
                    if not isinstance(result, FailedPrediction):
                        left_out += result.left_out or 0.0
                        for text in result.notes:
                            notes.setdefault(text, result.place)
            if writer.failed:
                errors_path(file).replace(self.failures(number))
            file.replace(self.file(number))
        return FinishedPart(number, structures, writer.predicted, writer.failed, left_out, notes)


class Parts:
    """The parts of one output: which are finished, which are to be made, and the whole of them.

    One process at a time uses them, see ``only_writer``.

    Args:
        folder: where they are; made if it is missing.
        facts: what decides over their content, see ``Manifest``.
        size: structures a part, a multiple of ``STRUCTURES_A_BATCH``; if left out, that of the
            parts that are there, else what suits ``expected``.
        expected: about how many structures there are.

    Attributes:
        size: structures a part.

    Raises:
        OutputError: the folder holds parts of something else, or anything but parts; or cannot be
            written.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.inference.batches.parts import PartFolder, Parts
        >>> from nextims.spectra.prediction import FailedPrediction
        >>> from nextims.inference.structures.lists import InputStructure
        >>> folder = PartFolder(pathlib.Path(tempfile.mkdtemp()), ".msp")
        >>> parts = Parts(folder, {"dialect": "nist"}, size=256)
        >>> structures = [InputStructure(line, "CCO") for line in range(1, 301)]
        >>> [(number, len(part)) for number, part in parts.unfinished(structures)]
        [(0, 256), (1, 44)]
        >>> failures = [FailedPrediction(line, "", "", "empty") for line in range(1, 257)]
        >>> parts.record(folder.write(0, failures, "student"))
        >>> [number for number, _ in parts.unfinished(structures)]
        [1]
    """

    def __init__(
        self,
        folder: PartFolder,
        facts: Mapping[str, object],
        *,
        size: int | None = None,
        expected: int | None = None,
    ):
        self.folder = folder
        manifest = folder.path / MANIFEST
        begun = Manifest.facts_of(manifest)
        if not begun:
            _refuse_strangers(folder.path)
        self.size = size or int(begun.get(_SIZE, _suitable_size(expected)))
        with named_in_errors(folder.path):
            folder.path.mkdir(exist_ok=True)
            for stale in folder.path.glob(".part-*"):  # of a run that was killed
                shutil.rmtree(stale)
        self._manifest = Manifest(manifest, {**facts, _SIZE: self.size})

    @property
    def finished(self) -> dict[int, FinishedPart]:
        """The finished parts by their number, those left out that somebody has removed."""
        return {
            number: part
            for number, part in sorted(self._manifest.finished.items())
            if self.folder.file(number).exists()
            and (not part.failed or self.folder.failures(number).exists())
        }

    def unfinished(
        self, structures: Iterable[InputStructure]
    ) -> Iterator[tuple[int, list[InputStructure]]]:
        """Give the numbers and structures of the parts that are to be made of all structures."""
        return unfinished_parts(structures, self.size, frozenset(self.finished))

    def record(self, part: FinishedPart) -> None:
        """Note that a part is finished, so that no run makes it again."""
        self._manifest.add(part)

    def failures(self, part: FinishedPart) -> Iterator[FailedPrediction]:
        """Read the list of the structures of a part that were not predicted."""
        if not part.failed:
            return
        with self.folder.failures(part.number).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                texts = {name: original_cell(text) for name, text in row.items()}
                numbers = {name: int(row[name]) for name in ("line", "file_line") if name in row}
                yield FailedPrediction(**{**texts, **numbers})

    def join(self, output: Path, model_name: str) -> None:
        """Write the parts to one file and the list of its failures, and remove them.

        Raises:
            OutputError: it cannot be written; the parts are kept.
        """
        from tqdm import tqdm

        finished = self.finished
        progress = tqdm(finished.items(), "joining", unit=" parts", disable=None, delay=2)
        with self.folder.open_writer(output, model_name) as writer:
            for number, part in progress:
                writer.copy(self.folder.file(number), part.predicted)
        self.join_failures(errors_path(output))
        # The manifest last: without it, what is left where this is interrupted is nobody's.
        for path in self.folder.path.iterdir():
            if path.is_dir():  # of one that died in a part, which another has made
                shutil.rmtree(path)
            elif path.name != MANIFEST:
                path.unlink()
        shutil.rmtree(self.folder.path)

    def join_failures(self, path: Path) -> None:
        """Write the list of all structures that were not predicted, if there are any.

        Raises:
            OutputError: it cannot be written.
        """
        numbers = [number for number, part in self.finished.items() if part.failed]
        if not numbers:
            path.unlink(missing_ok=True)
            return
        with written_whole(path) as temporary, temporary.open("wb") as target:
            for number in numbers:
                with self.folder.failures(number).open("rb") as listed:
                    columns = listed.readline()
                    if number == numbers[0]:
                        target.write(columns)
                    shutil.copyfileobj(listed, target)


def unfinished_parts(
    structures: Iterable[InputStructure], size: int, finished: frozenset[int]
) -> Iterator[tuple[int, list[InputStructure]]]:
    """Give the numbers and structures of those parts, of ``size``, that are not ``finished``.

    Example:
        >>> from nextims.inference.batches.parts import unfinished_parts
        >>> list(unfinished_parts("abcde", 2, frozenset([1])))
        [(0, ['a', 'b']), (2, ['e'])]
    """
    structures = iter(structures)
    number = 0
    while part := list(islice(structures, size)):
        if number not in finished:
            yield number, part
        number += 1


def _suitable_size(expected: int | None) -> int:
    return _LEAST_STRUCTURES * max(1, -(-(expected or 0) // (_LEAST_STRUCTURES * _MOST_PARTS)))


def _refuse_strangers(folder: Path) -> None:
    """Refuse a folder that holds anything before its manifest is there."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, and would be a folder of parts")
    found = sorted(folder.iterdir()) if folder.exists() else []
    for path in found:
        if not path.name.startswith(MANIFEST):  # one that a run did not come to rename
            raise OutputError(
                f"{folder}: holds {path.name} and no {MANIFEST}; expected an empty or a new folder"
            )
