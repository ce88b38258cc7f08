"""Makes the pages that the site has beside those of this folder; MkDocs calls ``on_...``.

A page for each command is its ``--help``; tables of figures are those of ``benchmarks/results``;
some pages are files of the repository. So none of them can differ from what it tells of. Links that
lead out of ``docs`` go to these pages, or are left out where the site has none.
"""

from __future__ import annotations

import atexit
import contextlib
import csv
import io
import os
import posixpath
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nextims.cli.main import COMMANDS, main, module_name
from nextims.config import DEFAULT_CONFIG

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "benchmarks" / "results"
# Pages of the site that are files of the repository.
TAKEN = {
    "results.md": "benchmarks/RESULTS.md",
    "history.md": "benchmarks/HISTORY.md",
    "data.md": "data/README.md",
    "sources.md": "data/SOURCES.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    **{f"results/{table.name}": f"benchmarks/results/{table.name}" for table in RESULTS.glob("*")},
}
_PAGE_OF = {file: page for page, file in TAKEN.items()} | {"README.md": "index.md"}
_LINK = re.compile(r"(!?)\[(?P<text>[^]]*)\]\((?P<target>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
_TABLE = re.compile(r"^<!-- figures: (?P<name>\w+\.csv), (?P<groups>.+?) -->$", re.MULTILINE)


def on_startup(**_: object) -> None:
    """Let mkdocstrings find the package in a folder of its name; in a clone that is ``src``."""
    folder = tempfile.mkdtemp()
    Path(folder, "nextims").symlink_to(PROJECT / "src")
    sys.path.append(folder)
    atexit.register(shutil.rmtree, folder)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made and what is taken from elsewhere."""
    from mkdocs.structure.files import File

    for path, text in command_pages():
        files.append(File.generated(config, path, content=text))
    for path, origin in TAKEN.items():
        files.append(File.generated(config, path, abs_src_path=str(PROJECT / origin)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in the tables, and turn the links that lead out of ``docs``."""
    uri = page.file.src_uri
    markdown = _TABLE.sub(lambda found: figures(found["name"], found["groups"]), markdown)
    return turn_links(markdown, uri, TAKEN.get(uri, f"docs/{uri}"))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links of a notebook, which MkDocs leaves alone, to pages and files of the site."""
    if not page.file.src_uri.endswith(".ipynb"):
        return html
    html = re.sub(r'href="\.\./([^"]+)\.md"', r'href="../../\1/"', html)
    return html.replace('href="../examples/', 'href="../../examples/')


def help_of(name: str) -> str:
    """Return what ``nextims NAME --help`` prints, 100 columns wide."""
    printed, before = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"
    try:
        with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
            main([*name.split(), "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if before is not None:
            os.environ["COLUMNS"] = before
    # The settings are those of wherever the reader's clone is.
    return printed.getvalue().replace(str(DEFAULT_CONFIG), DEFAULT_CONFIG.name)


def page_of(name: str) -> str:
    """Return the path of a command's page; ``commands/index.md`` is that of all."""
    return f"commands/{module_name(name)}{'_' * (name == 'index')}.md"


def command_pages() -> Iterator[tuple[str, str]]:
    """Yield path and text of the pages of the commands, that of all of them first."""
    rows = [
        f"| [`nextims {name}`]({page_of(name).removeprefix('commands/')}) | {what} |"
        for name, what in COMMANDS.items()
    ]
    table = "\n".join(["| command | what |", "| --- | --- |", *rows])
    yield (
        "commands/index.md",
        f"# Commands\n\n{table}\n\nThe pages are what `--help` prints. In a clone, `python scripts/"
        "NAME.py` is the same command. Exit status: 0 all was done, 2 wrong usage or a file that "
        "cannot be used, 3 some structures or records were left out, 130 after Ctrl-C, 143 after "
        "SIGTERM.\n",
    )
    for name, what in COMMANDS.items():
        text = f"# nextims {name}\n\n{what[0].upper()}{what[1:]}.\n\n```text\n{help_of(name)}```\n"
        yield page_of(name), text


def figures(table: str, groups: str) -> str:
    """Return a Markdown table of cosines, a row a group, from a table of ``benchmarks/results``.

    Args:
        table: its name.
        groups: what the groups' names begin with, as in "heavy atoms"; "class" and so on.
    """
    wanted = f"test by InChIKey, {groups}: "
    cells: dict[str, dict[tuple[str, str], str]] = {}
    with (RESULTS / table).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["split"].startswith(wanted):
                group = cells.setdefault(row["split"].removeprefix(wanted), {})
                interval = f" [{row['interval'].replace(' to ', ', ')}]" if row["interval"] else ""
                group[row["metric"], row["model"]] = row["value"] + interval
    columns = dict.fromkeys(
        key
        for group in cells.values()
        for key in group
        if key[0] in ("spectra", "molecules", "cosine", "cosine less that of NEIMS")
    )
    heads = [", ".join(filter(None, (model, metric))) for metric, model in columns]
    lines = [f"| {groups} | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    lines += [
        f"| {name} | {' | '.join(group.get(column, '') for column in columns)} |"
        for name, group in cells.items()
    ]
    return "\n".join(lines)


def turn_links(markdown: str, uri: str, origin: str) -> str:
    """Return a page with its links to files of the repository led to pages of the site.

    Args:
        markdown: the page.
        uri: its path in the site.
        origin: the path in the repository of the file that it stands in.
    """

    def turned(found: re.Match[str]) -> str:
        target = found["target"]
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(origin), target))
        page = file.removeprefix("docs/") if file.startswith("docs/") else _PAGE_OF.get(file)
        if page is None or page == "examples/README.md":
            return found["text"]
        link = posixpath.relpath(page, posixpath.dirname(uri) or ".")
        return f"{found[1]}[{found['text']}]({link}{found['anchor'] or ''})"

    return _LINK.sub(turned, markdown)
