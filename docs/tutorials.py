"""Runs what the pages say to type, and compares what it prints with what they show.

    python docs/tutorials.py
    python docs/tutorials.py first_steps
    python docs/tutorials.py --figures

A page's blocks run in their order, in a new folder that has the scripts, the checkpoints and the
examples, or nothing (``ALONE``): ``bash`` as typed, ``python`` as a script. A ``text`` block is
what the block before it prints, ``…`` standing for lines left out. ``<!-- exit status 3 -->`` above
a block says how it ends, if not with 0. Blocks of other kinds (``shell``: what installs, or needs
several machines) are not run. With ``--figures``, the pictures that pages show are kept in
docs/figures.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent
PROJECT = DOCS.parent
# Needs a library to train on, which the tests make.
TRAINING = "training"
# What works in an empty folder, with the wheel alone.
ALONE = ("first_steps", "guides/predicting")
# What a user's clone has, and the commands of the pages read.
_NEEDED = ("scripts", "checkpoints", "docs", "config.yaml")
_BLOCK = re.compile(
    r"(?:<!-- exit status (?P<status>\d+) -->\n\s*)?"
    r"^```(?P<kind>bash|python|text)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PICTURE = re.compile(r"!\[[^]]*\]\((?:\.\./)?figures/(?P<name>[^)]+)\)")


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        kind: "bash", "python" or "text".
        text: what stands in it.
        line: where it begins.
        status: exit status that it ends with.
    """

    kind: str
    text: str
    line: int
    status: int


class PageError(AssertionError):
    """A block does not do what the page says; the message names the line."""


def read_blocks(markdown: str) -> list[Block]:
    """Return the blocks of a page that are run or compared, in their order."""
    return [
        Block(
            found["kind"],
            found["text"],
            markdown.count("\n", 0, found.start("kind")) + 1,
            int(found["status"] or 0),
        )
        for found in _BLOCK.finditer(markdown)
    ]


def prepare_folder(page: str, folder: Path) -> Path:
    """Put what a clone has into the folder of a page, as links."""
    for name in () if page in ALONE else _NEEDED:
        (folder / name).symlink_to(PROJECT / name)
    return folder


def pages() -> list[str]:
    """Return the names of the pages that say what to type, without their ending."""
    found = (page for page in sorted(DOCS.rglob("*.md")) if read_blocks(page.read_text("utf-8")))
    return [page.relative_to(DOCS).with_suffix("").as_posix() for page in found]


def run_page(name: str, folder: Path) -> None:
    """Run a page in a folder, as ``prepare_folder`` makes it.

    Raises:
        PageError: a command ends otherwise than it should, or prints something else.
    """
    printed = None
    for block in read_blocks((DOCS / f"{name}.md").read_text(encoding="utf-8")):
        where = f"{name}.md, line {block.line}"
        if block.kind == "text":
            if printed is None:
                raise PageError(f"{where}: no command before it prints this")
            if missing := find_missing(block.text, printed):
                raise PageError(f"{where}: not printed: {missing!r}; printed:\n{printed}")
            continue
        printed = _run(block, folder, where)


def find_missing(expected: str, printed: str) -> str:
    """Return the first line expected that is not printed in its place; empty if all are.

    Lines follow each other as they do in ``expected``, but for where it has ``…``.
    """
    lines = iter([line.rstrip() for line in printed.splitlines()])
    anywhere = True
    for line in expected.rstrip().splitlines():
        if line.strip() == "…":
            anywhere = True
            continue
        found = any(each == line.rstrip() for each in lines) if anywhere else next(lines, None)
        if found is not True and found != line.rstrip():
            return line
        anywhere = False
    return ""


def _run(block: Block, folder: Path, where: str) -> str:
    command = ["bash", "-euo", "pipefail"] if block.kind == "bash" else [sys.executable]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*command, "-c", block.text],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != block.status:
        raise PageError(
            f"{where}: exit status {done.returncode}, expected {block.status}\n{block.text}"
            f"{done.stdout}{done.stderr}"
        )
    return done.stdout + done.stderr


def pictures_of(name: str) -> Iterator[str]:
    """Yield the names of the pictures that a page shows, and makes."""
    for found in _PICTURE.finditer((DOCS / f"{name}.md").read_text(encoding="utf-8")):
        yield found["name"]


def main(argv: list[str] | None = None) -> int:
    """Run the pages that need no library of one's own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--figures", action="store_true", help="renew the pictures")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="these alone: guides/predicting")
    arguments = parser.parse_args(argv)
    for name in arguments.pages or [name for name in pages() if name != TRAINING]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                run_page(name, prepare_folder(name, Path(folder)))
            except PageError as error:
                print(error, file=sys.stderr)
                return 1
            if arguments.figures:
                (DOCS / "figures").mkdir(exist_ok=True)
                for picture in pictures_of(name):
                    shutil.copy(Path(folder) / picture, DOCS / "figures" / picture)
        print(f"{name}.md: all as it says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
