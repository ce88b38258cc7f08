"""From the records of a library to a store: filter, split, count, write."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field, fields
from itertools import islice
from pathlib import Path

from ...chemistry.molecule import first_block
from ...config import DataConfig
from ...errors import UserError
from ...files.writing import NO_SPACE, BeingWrittenError
from ...formats.csv.cells import safe_cell
from ...spectra.record import BadRecord, Record
from .derivative_records import recover
from .filters import DERIVATIVE_FAULTS, find_faults
from .gaps import Gaps
from .replicates import Replicates

EXAMPLES = 3
# Records that are read, then checked: more would take memory and no time off.
_BATCH = 250
_FAR = "unlike all its replicates"


class IngestError(UserError):
    """A library that cannot be read or holds nothing to use; the message names it."""


@dataclass
class IngestReport:
    """Counts of what was read, kept and dropped.

    Attributes:
        kept: number of records kept.
        in_energy_range: number of those inside ``data.energy_range``, not given counted inside.
        dropped: number of records by reason.
        examples: a few ``ID name (detail)`` of each reason.
        notes: number of kept records by peculiarity.
        molecules: first blocks of the InChIKeys kept.
    """

    energy_range: tuple[float, float]
    kept: int = 0
    in_energy_range: int = 0
    energy_missing: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    molecules: set[str] = field(default_factory=set)

    @property
    def read(self) -> int:
        """Number of records read."""
        return self.kept + self.dropped.total()

    def keep(self, record: Record) -> None:
        """Count a record that is kept."""
        self._count(record.energy, 1)
        self.notes.update(record.notes + record.molecule.notes)
        block = first_block(record.molecule.inchikey)
        if record.inchikey and first_block(record.inchikey) != block:
            self.notes["InChIKey given disagrees with the structure"] += 1
        self.molecules.add(block)

    def take_back(self, bad: BadRecord, energy: float | None) -> None:
        """Count a record as not used that was kept; replicates of its molecule are still used."""
        self._count(energy, -1)
        self.drop(bad)

    def _count(self, energy: float | None, number: int) -> None:
        low, high = self.energy_range
        self.kept += number
        self.energy_missing += number * (energy is None)
        self.in_energy_range += number * (energy is None or low <= energy <= high)

    def drop(self, bad: BadRecord) -> None:
        """Count a record that is not used."""
        self.dropped[bad.reason] += 1
        examples = self.examples.setdefault(bad.reason, [])
        if len(examples) < EXAMPLES:
            label = bad.id or f"{bad.file}:{bad.line}"
            detail = f" ({bad.detail})" if bad.detail else ""
            examples.append(f"{label} {bad.name}".strip() + detail)

    def as_json(self) -> str:
        """Return the counts as JSON text, to be stored with the spectra."""
        return json.dumps(
            {
                "read": self.read,
                "kept": self.kept,
                "molecules": len(self.molecules),
                "in_energy_range": self.in_energy_range,
                "energy_missing": self.energy_missing,
                "dropped": dict(self.dropped.most_common()),
                "notes": dict(self.notes.most_common()),
            },
            ensure_ascii=False,
        )

    def table(self) -> str:
        """Return the counts as a table to print."""
        low, high = self.energy_range
        rows = [
            ("read", self.read, ""),
            ("kept", self.kept, f"{len(self.molecules)} molecules"),
            (
                f"  at {low:g}-{high:g} eV",
                self.in_energy_range,
                f"of these {self.energy_missing} without an energy",
            ),
        ]
        rows += [(f"  {note}", number, "") for note, number in self.notes.most_common()]
        rows.append(("dropped", self.dropped.total(), ""))
        for reason, number in self.dropped.most_common():
            rows.append((f"  {reason}", number, "e.g. " + "; ".join(self.examples[reason])))
        width = max(len(row[0]) for row in rows)
        return "\n".join(f"{a:<{width}} {b:>8}  {_short(c)}".rstrip() for a, b, c in rows)


def ingest(
    records: Iterable[Record | BadRecord], path: Path, *, config: DataConfig, source: str
) -> IngestReport:
    """Write the usable records of a library to a store.

    Beside the store, ``<store>.dropped.csv`` lists every record that is not used, with file, line
    and reason. Spectra are not held in memory; the IDs are, by which duplicates are found, the
    first blocks of the InChIKeys, and the highest peaks (together some 0.4 kB a record).

    Args:
        records: what a reader of a library yields.
        path: store to write; it appears complete or not at all.
        config: which records to use and how to split them.
        source: the library, to be named in the store and in errors.

    Returns:
        The counts.

    Raises:
        IngestError: no record of the library can be used; the store cannot be written (a full
            disk, say, or another process writes it), and what was there is kept.
    """
    from .store_writer import StoreWriter

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    report, replicates, gaps = IngestReport(config.energy_range), Replicates(), Gaps()
    dropped = path.with_name(path.name + ".dropped.csv")
    unfinished = dropped.with_name(f"{dropped.name}.{os.getpid()}.tmp")
    try:
        with (
            StoreWriter(path, config=config, source=source) as writer,
            unfinished.open("w", newline="", encoding="utf-8") as file,
        ):
            table = csv.writer(file)
            table.writerow(column.name for column in fields(BadRecord))
            for record in _usable(records, config):
                if isinstance(record, BadRecord):
                    report.drop(record)
                    table.writerow(map(safe_cell, astuple(record)))
                else:
                    replicates.add(report.kept, record)
                    gaps.add(record)
                    report.keep(record)
                    writer.add(record)
            taken_out = gaps.of_spectra()
            if lacking := sum(map(bool, taken_out)):
                report.notes["masses taken out by the source"] = lacking
            for row, energy, best in replicates.far():
                if taken_out[row]:  # unlike them for that
                    continue
                stray = writer.leave_out(row, _FAR, f"best cosine {best:.2f}")
                report.take_back(stray, energy)
                table.writerow(map(safe_cell, astuple(stray)))
            if not report.read:
                raise IngestError(f"{source}: no records found")
            if not report.kept:
                raise IngestError(f"{source}: no usable record\n{report.table()}")
            file.flush()
            writer.finish(report.as_json(), taken_out)
        unfinished.replace(dropped)
    except BeingWrittenError as error:
        raise IngestError(str(error)) from None
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise IngestError(
            f"{error.filename or unfinished}: cannot be written ({error.strerror}); "
            f"{path} is as it was before"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return report


def _usable(
    records: Iterable[Record | BadRecord], config: DataConfig
) -> Iterator[Record | BadRecord]:
    """Yield records, derivatised where they must be; those that cannot be used as bad ones."""
    records, seen = iter(records), set()
    while batch := list(islice(records, _BATCH)):
        read = [_unless_seen(record, seen) for record in batch]
        good = [record for record in read if isinstance(record, Record)]
        faults = iter(find_faults(good, config))
        for record in read:
            fault = record if isinstance(record, BadRecord) else next(faults)
            if fault is None:
                yield record
            elif config.derivatise and fault.reason in DERIVATIVE_FAULTS:
                yield recover(record, config) or fault
            else:
                yield fault


def _unless_seen(record: Record | BadRecord, seen: set[str]) -> Record | BadRecord:
    """Return the record; a bad one if its library had one of its ID before."""
    if isinstance(record, BadRecord):
        return record
    id_ = f"{record.source} {record.id}"
    if id_ in seen:
        return record.rejected("duplicate ID")
    seen.add(id_)
    return record


def _short(text: str, length: int = 150) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
