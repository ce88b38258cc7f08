"""The notebooks run from their first cell to their last, and are small."""

import importlib.util

import pytest

from nextims.config import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "docs" / "notebooks"
NAMES = ("chemist", "library", "research")


def test_all_are_tested_and_small():
    found = {path.stem: path.stat().st_size for path in FOLDER.glob("*.ipynb")}
    assert set(found) == set(NAMES)
    assert max(found.values()) < 200e3


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_runs(name, tmp_path):
    for package in ("nbclient", "ipykernel", "pandas", "matplotlib", "matchms"):
        pytest.importorskip(package, reason='needs pip install -e ".[test]"')
    specification = importlib.util.spec_from_file_location("run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    notebook = module.run(name, tmp_path)
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
