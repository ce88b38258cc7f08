#!/usr/bin/env python
"""Make the index of a library of spectra, so that search.py finds its way in it at once."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, SOME_LEFT_OUT, run_command
from nextims.searching.index_building import build_index
from nextims.searching.index_layout import index_path
from nextims.searching.left_out import LeftOut

EXAMPLES = """\
example:
  python scripts/predict.py --batch structures.smi --output million.h5
  python scripts/index_library.py --library million.h5
  python scripts/search.py --query unknown.msp --library million.h5

The index is a folder beside the library, LIBRARY.index; search.py uses it of itself. When the
library changes, make the index anew. Entries that cannot be searched are named, and again with each
search. The .h5 and .parquet of predict.py are indexed in a minute or two a million spectra; of a
library from elsewhere each structure is read, which takes a minute or two a hundred thousand. Needs
ms_entropy: pip install "nextims[index]".

exit status: 0 all entries are in the index; 3 some were left out; 2 wrong usage or a missing file
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--library",
        metavar="FILE",
        required=True,
        type=Path,
        help="spectra to index, of any format that search.py reads",
    )
    return run_command(partial(_index, parser.parse_args(argv).library))


def _index(library: Path) -> int:
    left_out = LeftOut()
    build_index(library, progress=left_out.watched)
    folder = index_path(library)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{left_out.usable:,} entries indexed in {folder} ({size / 1e6:,.1f} MB)")
    left_out.report(lists_all="search.py --output")
    return SOME_LEFT_OUT if left_out.number else ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
