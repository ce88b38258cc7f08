"""What the site makes by itself; and that each command on a page has the options it is given."""

import importlib.util
import io
import re
import shlex
from contextlib import redirect_stderr
from importlib import import_module
from types import SimpleNamespace

import pytest

from nextims.cli.main import COMMANDS, module_name
from nextims.config import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"


def load_pages():
    specification = importlib.util.spec_from_file_location("pages", DOCS / "pages.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


pages = load_pages()


def test_each_command_has_its_page_and_a_place_in_the_menu():
    made = dict(pages.command_pages())
    menu = (PROJECT_ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert len(made) == len(COMMANDS) + 1
    for name in COMMANDS:
        page = made[pages.page_of(name)]
        assert f"usage: nextims {name}" in page
        assert str(PROJECT_ROOT) not in page
        assert f"{pages.page_of(name)}\n" in menu
    assert all(path in menu for path in made)


def test_each_page_has_a_place_in_the_menu():
    menu = (PROJECT_ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    found = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert len(found) >= 20
    assert [name for name in found if name not in menu] == []


def test_figures_are_those_of_the_results():
    table = pages.figures("breakdown.csv", "heavy atoms").splitlines()
    assert table[0].startswith("| heavy atoms | spectra | molecules | teacher, cosine |")
    assert len(table) == 8
    assert len({line.count("|") for line in table}) == 1
    marked = re.findall(r"^<!-- figures: ", (DOCS / "limits.md").read_text("utf-8"), re.M)
    assert len(marked) == 3
    assert "<!-- figures" not in pages._TABLE.sub("", (DOCS / "limits.md").read_text("utf-8"))


@pytest.mark.parametrize(
    ("link", "turned"),
    [
        ("[a](../../benchmarks/RESULTS.md#b)", "[a](../results.md#b)"),
        ("[a](formats.md#read)", "[a](formats.md#read)"),
        ("![a](../figures/typical.svg)", "![a](../figures/typical.svg)"),
        ("[`a`](../../src/models)", "`a`"),
        ("[a](https://doi.org/10.1038/s41467-020-16201-z)",) * 2,
        ("[a](#below)", "[a](#below)"),
    ],
)
def test_links_out_of_docs_lead_to_pages(link, turned):
    assert pages.turn_links(link, "guides/searching.md", "docs/guides/searching.md") == turned


def test_links_of_a_notebook_lead_to_pages():
    page = SimpleNamespace(file=SimpleNamespace(src_uri="notebooks/chemist.ipynb"))
    html = '<a href="../chemist.md">a</a> <a href="../examples/unknown.msp">b</a>'
    turned = '<a href="../../chemist/">a</a> <a href="../../examples/unknown.msp">b</a>'
    assert pages.on_page_content(html, page, None, None) == turned


def test_links_of_a_page_that_is_a_file_elsewhere():
    page = pages.turn_links("[a](results/bde.csv), [b](../docs/training.md)", "results.md",
                            "benchmarks/RESULTS.md")  # fmt: skip
    assert page == "[a](results/bde.csv), [b](training.md)"


def commands_of(text):
    """Return the command lines of a page's blocks and tables, as words behind ``nextims``."""
    blocks = re.findall(r"^```(?:bash|shell)?\n(.*?)^```", text, re.M | re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines += re.findall(
        r"`(nextims [^`]*--[^`]*)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    )
    for line in lines:
        for part in re.split(r"[|;]|&&", line.split("#")[0]):
            if part.strip().startswith("nextims ") and "$" not in part and "…" not in part:
                words = shlex.split(part)[1:]
                yield words[: words.index(">")] if ">" in words else words


PLACES = sorted([*DOCS.rglob("*.md"), *PROJECT_ROOT.glob("README*.md")])


@pytest.mark.parametrize("path", PLACES, ids=lambda path: path.stem)
def test_each_command_of_a_page_can_be_typed(path):
    for words in commands_of(path.read_text(encoding="utf-8")):
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in COMMANDS), None)
        if name is None:
            assert words[0] in ("--version", "--help", "COMMAND"), words
            continue
        module = import_module(f"nextims.cli.subcommands.{module_name(name)}")
        given = words[len(name.split()) :]
        if "--help" in given:
            continue
        wrong = io.StringIO()
        with redirect_stderr(wrong):
            try:
                module.build_parser(f"nextims {name}").parse_args(given)
            except SystemExit:
                # Of what is named in passing, options that must be there may be left out.
                assert "are required" in wrong.getvalue() or "is required" in wrong.getvalue(), (
                    f"{words}: {wrong.getvalue()}"
                )


def test_commands_are_found():
    found = [words for path in PLACES for words in commands_of(path.read_text(encoding="utf-8"))]
    assert len(found) > 60
