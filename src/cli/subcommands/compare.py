"""Compare two spectra by all scores: an unknown's with that of a library, say."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ...formats.reading import read_spectra
from ...inference.measured import MeasuredError, all_scores
from ...spectra.record import BadRecord, Record
from ..commands import ALL_DONE, SOME_LEFT_OUT, check_overwritten, main_of, say
from ..options import command_parser
from ..scores import score_table

EXAMPLES = """\
examples:
  nextims compare unknown.msp reference.jdx
  nextims compare unknown.msp predicted.msp --plot mirror.pdf
  nextims compare unknown.msp reference.jdx --format json

The files are of any format that nextims search reads. Where a file has several spectra, each of the
first is compared with each of the second. Spectra are compared at nominal masses; m/z below the
first one's lowest peak are left out, as that one was measured, and what lies below is not known.
The first stands for the unknown also in the composite, the reverse match factors and the top-10
recall. NIST's match factors lie between 0 and 999, all other scores between 0 and 1; higher is
more alike. Two equal spectra of N peaks have a stein_scott_composite of 1 - 1/(2N), not 1: its
authors divide the N - 1 ratios of neighbouring peaks by N (J. Am. Soc. Mass Spectrom. 1994, 5,
859).

exit status: 0 all was compared; 3 some spectra could not be read; 2 wrong usage or a missing file
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog, configured=False)
    parser.add_argument("unknown", type=Path, metavar="UNKNOWN", help="a measured spectrum")
    parser.add_argument(
        "reference", type=Path, metavar="REFERENCE", help="what it is compared with"
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the first below the second: FILE.png, .svg or .pdf; needs nextims[plot]",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="json: one object a pair, with both names and all scores (default: %(default)s)",
    )
    return parser


def _compare(arguments: argparse.Namespace) -> int:
    pictures = None
    if arguments.plot is not None:
        from ...pictures.files import PictureWriter

        pictures = PictureWriter(arguments.plot, mirrors=True)
        check_overwritten([arguments.plot], (arguments.unknown, arguments.reference))
    unknown, unread = _records(arguments.unknown)
    reference, unread_too = _records(arguments.reference)
    pairs = [(first, second) for first in unknown for second in reference]
    from tqdm import tqdm

    blocks = []
    for first, second in tqdm(pairs, unit=" pairs", delay=2, disable=None):
        scores = all_scores(second.spectrum, first)
        if arguments.format == "json":
            named = {"unknown": _name(first), "reference": _name(second), "scores": scores}
            blocks.append(json.dumps(named, ensure_ascii=False))
        else:
            blocks.append(f"{_name(first)} | {_name(second)}\n{score_table(scores)}")
    print(("\n" if arguments.format == "json" else "\n\n").join(blocks), flush=True)
    if pictures is not None:
        from ...pictures.panel import LibrarySpectrum

        with pictures:
            for first, second in tqdm(pairs, unit=" plots", delay=2, disable=None):
                pictures.write(LibrarySpectrum.of(second), first)
        say(f"drawn: {', '.join(map(str, pictures.paths))}")
    return SOME_LEFT_OUT if unread or unread_too else ALL_DONE


def _records(path: Path) -> tuple[list[Record], int]:
    """Return the spectra of a file that can be compared, and how many cannot."""
    records, unread = [], 0
    for record in read_spectra(path):
        if isinstance(record, BadRecord) or not record.spectrum.intensity.any():
            unread += 1
            why = record.why if isinstance(record, BadRecord) else "no peak"
            print(f"{path}: line {record.line}: {why}", file=sys.stderr)
        else:
            records.append(record)
    if not records:
        raise MeasuredError(f"{path}: holds no spectrum to compare")
    return records, unread


def _name(record: Record) -> str:
    return record.name or record.id


main = main_of(build_parser, _compare)
