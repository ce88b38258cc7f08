"""Runs the notebooks; with ``--renew`` it keeps what they show.

    python docs/notebooks/run.py --renew

Each runs in a new folder that has the examples beside it, as in a clone. Paths of this machine, and
what goes to standard error, are no part of what is kept.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.ipynb")))


def run(name: str, folder: Path) -> nbformat.NotebookNode:
    """Run a notebook in an empty folder, and return it with what it shows.

    Raises:
        CellExecutionError: a cell fails.
    """
    shutil.copytree(FOLDER.parent / "examples", folder / "examples")
    place = folder / "notebooks"
    place.mkdir()
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    # ``!nextims`` is the command of this Python.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(place)}})
    client.execute()
    return notebook


def keep(name: str, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook that has been run in the place of the one before."""
    local = re.compile(rf"({re.escape(str(FOLDER.parents[1]))}|{tempfile.gettempdir()}/\w+)/")
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = local.sub("", output.text)
    notebook.metadata = {"kernelspec": notebook.metadata.kernelspec}
    nbformat.write(notebook, FOLDER / f"{name}.ipynb")


def main() -> None:
    """Run all notebooks."""
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            notebook = run(name, Path(folder))
        if sys.argv[1:] == ["--renew"]:
            keep(name, notebook)
        print(f"{name}.ipynb: runs")


if __name__ == "__main__":
    main()
