#!/usr/bin/env python
"""Make the store of spectra from MassBank records, on disk or downloaded first."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, run_command
from nextims.cli.options import command_parser
from nextims.config import load_config

EXAMPLES = """examples:
  python scripts/prepare_massbank.py --records MassBank-data-2025.10.tar.gz
  python scripts/prepare_massbank.py --download

Records come from a folder of MassBank record files, a .zip or a .tar.gz. What is not used, and why,
is printed as a table and listed one by one in STORE.dropped.csv.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = _build_parser()
    arguments = parser.parse_args(argv)
    if not arguments.download and (arguments.url or arguments.sha256):
        parser.error("--url and --sha256 go with --download")
    return run_command(partial(_prepare, arguments))


def _prepare(arguments: argparse.Namespace) -> int:
    from nextims.data.libraries import ingest_libraries, is_up_to_date
    from nextims.data.library.massbank_release import find_archive, find_latest_release
    from nextims.files.download import download

    data = load_config(arguments.config).data
    store = arguments.output or data.store
    source = arguments.records and arguments.records.name
    if not arguments.force and is_up_to_date(store, data, source):
        print(f"{store} is up to date; --force makes it anew")
        return ALL_DONE
    records = arguments.records
    if arguments.download:
        archive = find_archive(arguments.url) if arguments.url else find_latest_release()
        records = download(archive, store.parent, sha256=arguments.sha256)
    print(ingest_libraries([records], store, data).table())
    print(f"wrote {store}")
    return ALL_DONE


def _build_parser() -> argparse.ArgumentParser:
    parser = command_parser(__doc__, EXAMPLES)
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
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="store to write (default: data.store)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the store if it exists")
    return parser


if __name__ == "__main__":
    sys.exit(main())
