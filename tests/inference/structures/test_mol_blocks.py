"""MOL and SDF files given as lists."""

import gzip
from pathlib import Path

import pytest
from rdkit import Chem

from nextims.chemistry.molecule import read_molecule
from nextims.inference.structures.lists import read_batch

CASES = Path(__file__).parents[4] / "shared" / "cases"


def sdf(*records):
    """An SDF of pairs of SMILES and title, with a field."""
    return "".join(
        f"{title}\n{Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)).split(chr(10), 1)[1]}"
        f">  <Compound Name>\nfield of {smiles}\n\n>  <CID>\n702\n\n$$$$\n"
        for smiles, title in records
    )


def read(path):
    structures, number = read_batch(path)
    found = [(each.line, read_molecule(each.smiles).smiles, each.name) for each in structures]
    return found, number


@pytest.mark.parametrize("name", ["list.sdf", "list.SD", "list.txt", "list.smi.gz", "list.sdf.gz"])
def test_each_record_is_a_structure_of_its_title(tmp_path, name):
    text = sdf(("OCC", "ethanol"), ("CC(C)=O", ""), ("C[NH3+]", "methylamine")).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    found, number = read(path)
    assert [each[1:] for each in found] == [
        ("CCO", "ethanol"),
        ("CC(C)=O", "field of CC(C)=O"),
        ("CN", "methylamine"),
    ]
    assert [text.splitlines()[line - 1] for line, *_ in found] == [b"ethanol", b"", b"methylamine"]
    if "sd" in name.lower():
        assert number == 3


def test_windows_line_ends_and_a_last_record_without_its_mark(tmp_path):
    path = tmp_path / "list.sdf"
    text = sdf(("OCC", "ethanol"), ("CO", "methanol")).removesuffix("$$$$\n")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    found, number = read(path)
    assert [each[1:] for each in found] == [("CCO", "ethanol"), ("CO", "methanol")]
    assert number == 2


def test_a_record_without_a_structure_fails_alone(tmp_path):
    path = tmp_path / "list.sdf"
    path.write_text(f"nothing here\n$$$$\n{sdf(('OCC', 'ethanol'))}", encoding="utf-8")
    structures, _ = read_batch(path)
    broken, ethanol = structures
    assert broken.fault == "no MOL block: M  END is missing"
    assert (ethanol.line, read_molecule(ethanol.smiles).smiles) == (3, "CCO")


def test_a_mol_file_in_a_folder(tmp_path):
    (tmp_path / "a.mol").write_text(Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")))
    (tmp_path / "b.sdf").write_text(sdf(("C", "methane"), ("CC", "ethane")))
    structures, _ = read_batch(tmp_path)
    places = [(each.file, each.file_line, each.name) for each in structures]
    assert places[:2] == [("a.mol", 1, ""), ("b.sdf", 1, "methane")]
    assert len({each.line for each in read_batch(tmp_path)[0]}) == 3


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_case_31():
    assert read(CASES / "31" / "mols.sdf")[0] == [
        (1, "CCO", "ethanol"),
        (12, "CC(C)=O", "acetone"),
    ]
    assert read(CASES / "31" / "candidates.sdf")[0] == [(1, "CC(C)=O", "acetone")]
    assert read(CASES / "31" / "ethanol.mol")[0] == [(1, "CCO", "")]
