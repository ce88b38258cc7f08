"""What the pages say to type is typed, and prints what they show."""

import importlib.util
import re

import pytest

from builders import (
    SMALL_MOLECULES,
    build_config,
    build_msp,
    plausible_peaks,
    save_bde_model,
)
from nextims.config import PROJECT_ROOT, load_config

DOCS = PROJECT_ROOT / "docs"


def load_tutorials():
    spec = importlib.util.spec_from_file_location("tutorials", DOCS / "tutorials.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tutorials = load_tutorials()


PAGES = tutorials.pages()


def test_pages_are_found():
    assert {"first_steps", "chemist", "library", "training", "guides/predicting"} <= set(PAGES)


@pytest.mark.parametrize("name", [name for name in PAGES if name != tutorials.TRAINING])
def test_a_page_does_what_it_says(name, tmp_path):
    pytest.importorskip("matplotlib", reason='needs pip install -e ".[test]"')
    folder = tutorials.prepare_folder(name, tmp_path)
    tutorials.run_page(name, folder)
    for picture in tutorials.pictures_of(name):
        assert (folder / picture).stat().st_size > 1000
        assert (DOCS / "figures" / picture).is_file()


@pytest.mark.parametrize("name", tutorials.ALONE)
def test_the_first_pages_need_nothing_but_the_package(name, tmp_path):
    assert "first_steps" in tutorials.ALONE
    assert list(tutorials.prepare_folder(name, tmp_path).iterdir()) == []


def test_links_lead_somewhere():
    for page in DOCS.rglob("*.md"):
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if not link.startswith("http"):
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_links_of_notebooks_lead_somewhere():
    notebooks = sorted(DOCS.glob("notebooks/*.ipynb"))
    assert len(notebooks) == 3
    for path in notebooks:
        links = re.findall(r"\]\((\.\./[^)#]+)\)", path.read_text(encoding="utf-8"))
        assert links
        assert all((path.parent / link).exists() for link in links)


def test_settings_that_are_shown_are_accepted(tmp_path):
    texts = [page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md")]
    blocks = [
        block for text in texts for block in re.findall(r"^```yaml\n(.*?)^```", text, re.M | re.S)
    ]
    assert blocks
    for block in blocks:
        (tmp_path / "config.yaml").write_text(block)
        load_config(tmp_path / "config.yaml")


def test_blocks_are_found_with_their_line_and_status():
    text = (
        "# A\n\n```bash\nls\n```\n\n<!-- exit status 3 -->\n```bash\nfalse\n```\n"
        "```yaml\na: 1\n```\n"
    )
    assert tutorials.read_blocks(text) == [
        ("bash", "ls\n", 3, 0),
        ("bash", "false\n", 8, 3),
    ]


@pytest.mark.parametrize(
    ("expected", "missing"),
    [
        ("a\nb", ""),
        ("b\nc", ""),
        ("a\n…\nd", ""),
        ("a\nc", "c"),
        ("d\n…\na", "a"),
        ("a\nb\nc\nd\ne", "e"),
        ("x", "x"),
    ],
)
def test_what_is_shown_must_be_printed_in_its_order(expected, missing):
    assert tutorials.find_missing(expected, "a \nb\nc\nd\n") == missing


@pytest.mark.parametrize(
    ("tutorial", "said"),
    [
        ("```bash\nexit 4\n```", "line 1: exit status 4, expected 0"),
        ("```bash\necho no\n```\n```text\nyes\n```", "line 4: not printed: 'yes'"),
        ("```text\nyes\n```", "line 1: no command before it"),
        ("```python\nraise SystemExit('bad')\n```", "exit status 1"),
    ],
)
def test_a_tutorial_that_lies_is_found(tutorial, said, tmp_path, monkeypatch):
    (tmp_path / "false.md").write_text(tutorial)
    monkeypatch.setattr(tutorials, "DOCS", tmp_path)
    with pytest.raises(tutorials.PageError, match=re.escape(said)):
        tutorials.run_page("false", tmp_path)


def write_nist_library(folder):
    """Write a library as lib2nist exports it: an MSP, and MOL files named by ID."""
    from rdkit import Chem

    (folder / "mol_files").mkdir()
    records = []
    for number, smiles in enumerate(SMALL_MOLECULES, start=1):
        peaks = plausible_peaks(smiles)
        records.append(build_msp(f"compound {number}", peaks, fields={"ID": str(number)}))
        mol = Chem.MolFromSmiles(smiles)
        (folder / "mol_files" / f"ID{number}.MOL").write_text(Chem.MolToMolBlock(mol))
    (folder / "NIST17.msp").write_text("".join(records))


def test_the_tutorial_of_training_does_what_it_says(tmp_path):
    pytest.importorskip("onnxscript", reason='needs pip install -e ".[onnx]"')
    config = build_config(tmp_path, epochs=1)
    config.data.store.unlink()
    write_nist_library(tmp_path / "data")
    for name in ("scripts", "docs"):
        (tmp_path / name).symlink_to(PROJECT_ROOT / name)
    save_bde_model(tmp_path / "checkpoints" / "bde" / "bde.pt")
    tutorials.run_page("training", tmp_path)
    assert (tmp_path / "student.json").is_file()
    assert (tmp_path / "checkpoints" / "student" / "best_student.onnx").is_file()
