"""Open a page to draw a molecule and see its spectrum; with an HTTP API behind it."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ...config import load_config
from ...web.serving import DEFAULT_HOST, DEFAULT_PORT, serve
from ..commands import ALL_DONE, main_of, note
from ..options import add_instrument, command_parser

EXAMPLES = """\
examples:
  nextims app
  nextims app --library spectra.msp --port 9000
  nextims app --instrument standards.msp
  nextims app --no-browser --host 192.0.2.7

Needs pip install "nextims[web]". The page draws, predicts, compares with measured spectra that are
dropped on it, ranks candidates, and searches in --library (which nextims index makes quick). It
works without the Internet, and nobody but this machine reaches it unless --host says so: there is
no password. The API is told at /docs.

exit status: 0 ended by Ctrl-C; 2 a port that is taken, a missing package or file
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog)
    parser.add_argument(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        metavar="N",
        help="default: %(default)s; 0 for one that is free",
    )
    parser.add_argument(
        "--host",
        default=DEFAULT_HOST,
        metavar="NAME",
        help="address to listen at (default: %(default)s, which others do not reach)",
    )
    parser.add_argument("--no-browser", action="store_true", help="open no page")
    parser.add_argument(
        "--library", type=Path, metavar="FILE", help="spectra to search, of any format"
    )
    add_instrument(parser)
    return parser


def _serve(arguments: argparse.Namespace) -> int:
    serve(
        load_config(arguments.config),
        host=arguments.host,
        port=arguments.port,
        library=arguments.library,
        instrument=arguments.instrument,
        browser=not arguments.no_browser,
        say=partial(print, flush=True),
        tell=note,
    )
    return ALL_DONE


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 65535, found {text!r}")
    return int(text)


main = main_of(build_parser, _serve)
