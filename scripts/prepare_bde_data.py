#!/usr/bin/env python
"""Get the DFT bond dissociation energies that the encoder is pretrained on.

They are a table in the Python package alfabet 0.1.0 (St. John et al., Nat. Commun. 2020, 11, 2328),
which is downloaded from the Python Package Index, 87 MB, and not installed. The result goes to
bde.data in config.yaml.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, going_on, run_command
from nextims.cli.options import command_parser
from nextims.config import load_config

EXAMPLE = """examples:
  python scripts/prepare_bde_data.py
  python scripts/prepare_bde_data.py --archive alfabet-0.1.0.tar.gz
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FILE",
        help="the package, already downloaded: .tar.gz or .whl (default: download it)",
    )
    arguments = parser.parse_args(argv)
    return run_command(partial(_prepare, arguments))


def _prepare(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    from nextims.data.bde.dft_table import ensure_bde_data

    if arguments.archive is None:
        print("downloading alfabet 0.1.0, 87 MB", file=sys.stderr)
    with going_on("nothing was written"):
        print(ensure_bde_data(config.bde.data, arguments.archive))
    print(f"written: {config.bde.data}")
    return ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
