"""Get the DFT bond dissociation energies that the encoder is pretrained on.

They are a table in the Python package alfabet 0.1.0 (St. John et al., Nat. Commun. 2020, 11, 2328),
which is downloaded from the Python Package Index, 87 MB, and not installed. The result goes to
bde.data in config.yaml.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...config import load_config
from ..commands import ALL_DONE, going_on, main_of, say
from ..options import command_parser

EXAMPLE = """examples:
  nextims prepare bde
  nextims prepare bde --archive alfabet-0.1.0.tar.gz
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FILE",
        help="the package, already downloaded: .tar.gz or .whl (default: download it)",
    )
    return parser


def _prepare(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    from ...data.bde.dft_table import ensure_bde_data

    if arguments.archive is None:
        say("downloading alfabet 0.1.0, 87 MB")
    with going_on("nothing was written"):
        print(ensure_bde_data(config.bde.data, arguments.archive))
    print(f"written: {config.bde.data}")
    return ALL_DONE


main = main_of(build_parser, _prepare)
