"""Make the store of spectra from MassBank records, on disk or downloaded first."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ..commands import run_command
from ..options import add_store, command_parser

EXAMPLES = """examples, the second with an archive that you bring (docs/guides/preparing_data.md):
  nextims prepare massbank --download
  nextims prepare massbank --records MassBank-data-2025.10.tar.gz

Records come from a folder of MassBank record files, a .zip or a .tar.gz. What is not used, and why,
is printed as a table and listed one by one in STORE.dropped.csv.
"""


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if not arguments.download and (arguments.url or arguments.sha256):
        parser.error("--url and --sha256 go with --download")
    return run_command(partial(_prepare, arguments), quiet=arguments.quiet)


def _prepare(arguments: argparse.Namespace) -> int:
    from ..preparing import prepare_store

    if arguments.records:
        return prepare_store(arguments, arguments.records.name, lambda _: [arguments.records])
    return prepare_store(arguments, None, partial(_download, arguments))


def _download(arguments: argparse.Namespace, store: Path) -> list[Path]:
    from ...data.library.massbank_release import find_archive, find_latest_release
    from ...files.download import download

    archive = find_archive(arguments.url) if arguments.url else find_latest_release()
    return [download(archive, store.parent, sha256=arguments.sha256)]


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog)
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument(
        "--records", type=Path, metavar="PATH", help="folder, .zip or .tar.gz of MassBank records"
    )
    origin.add_argument(
        "--download", action="store_true", help="download the current MassBank-data release first"
    )
    parser.add_argument("--url", help="archive to download instead of the current release")
    parser.add_argument(
        "--sha256", help="digest the download must have, where the server does not state it"
    )
    add_store(parser)
    return parser
