"""Make the index of a library of spectra, so that nextims search finds its way in it at once."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ...searching.index_building import build_index
from ...searching.index_layout import index_path
from ...searching.left_out import LeftOut
from ..commands import ALL_DONE, SOME_LEFT_OUT, run_command
from ..options import command_parser

EXAMPLES = """\
examples:
  nextims index --library YOURS.msp
in the folder of NExtIMS, with its files:
  nextims predict --batch docs/examples/candidates.smi --output candidates.h5
  nextims index --library candidates.h5
  nextims search --query docs/examples/unknown.msp --library candidates.h5

The index is a folder beside the library, LIBRARY.index; nextims search uses it of itself. When the
library changes, make the index anew. Entries that cannot be searched are named, and again with each
search. The .h5 and .parquet of nextims predict are indexed in a minute or two a million spectra; of
a library from elsewhere each structure is read, which takes a minute or two a hundred thousand.
Needs ms_entropy: pip install "nextims[index]".

exit status: 0 all entries are in the index; 3 some were left out; 2 wrong usage or a missing file
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog, configured=False)
    parser.add_argument(
        "--library",
        metavar="FILE",
        required=True,
        type=Path,
        help="spectra to index, of any format that nextims search reads",
    )
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = build_parser(prog).parse_args(argv)
    return run_command(partial(_index, arguments.library), quiet=arguments.quiet)


def _index(library: Path) -> int:
    left_out = LeftOut()
    build_index(library, progress=left_out.watched)
    folder = index_path(library)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{left_out.usable:,} entries indexed in {folder} ({size / 1e6:,.1f} MB)")
    left_out.report(lists_all="nextims search --output")
    return SOME_LEFT_OUT if left_out.number else ALL_DONE
