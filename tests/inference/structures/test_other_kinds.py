"""Files of something else are refused once; lists with faulty lines are not."""

import pytest

from nextims.inference.structures.lists import InputError, read_batch

INCHIKEY = "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.smi", "ethanol\nacetone\n", r"names or other words \('ethanol' in line 1\)"),
        ("a.txt", f"{INCHIKEY}\n", r"InChIKeys .* expected a SMILES or InChI a line"),
        ("a.txt", "64-17-5 ethanol\n67-64-1 acetone\n", "CAS numbers"),
        ("a.txt", "702\n180\n", "numbers"),
        ("a.txt", "C2H6O\nCCl4\nC3H6O\n", "molecular formulas"),
        ("a.txt", "Name: ethanol\nNum Peaks: 2\n31 999; 45 510\n", "a spectrum of MSP"),
        ("a.txt", "BEGIN IONS\nPEPMASS=46\n", "a spectrum of MGF"),
        ("a.txt", "##TITLE=ethanol\n##NPOINTS=2\n", "a spectrum of JCAMP-DX"),
        ("a.txt", '[{"smiles": "CCO"}]', "JSON"),
        ("a.txt", '{\n"smiles": "CCO"}', "JSON"),
        ("a.smi", "<!DOCTYPE html>\n<p>CCO</p>\n", "XML or HTML"),
        ("a.txt", "@<TRIPOS>MOLECULE\nethanol\n", "a MOL2 file"),
        ("a.txt", "HEADER    HYDROLASE\n", "a PDB file"),
        (
            "a.csv",
            f"CID,Name,InChIKey\n702,ethanol,{INCHIKEY}\n",
            r"numbers \('702' in line 2\); expected a column smiles \(or InChI\), found CID, Name, "
            "InChIKey",
        ),
        ("a.tsv", "Name\tFormula\nethanol\tC2H6O\n", "expected a column smiles .* Name, Formula"),
        ("a.csv", "name,smiles\nethanol,C2H6O\nacetone,C3H6O\n", "molecular formulas"),
    ],
)
def test_other_kinds_are_named_once(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{name}: holds .*{message}"):
        read_batch(path)


@pytest.mark.parametrize(
    "content",
    [
        "C1CC\nCC(\n",  # SMILES with faults
        "ethanol\nCCO\n",  # one is enough
        "ethanol\nC1CC\n",  # in doubt
        "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H4\n",
        "[Na+].[Cl-]\n",
        "CC~O\n",
    ],
)
def test_faults_of_lines_are_left_to_the_lines(tmp_path, content):
    path = tmp_path / "a.smi"
    path.write_text(content, encoding="utf-8")
    assert len(list(read_batch(path)[0])) == content.count("\n")


def test_a_parquet_file_of_something_else(tmp_path):
    pa = pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    from pyarrow.parquet import write_table

    path = tmp_path / "a.parquet"
    write_table(pa.table({"smiles": [INCHIKEY], "name": ["ethanol"]}), path)
    with pytest.raises(InputError, match="holds InChIKeys"):
        read_batch(path)
    write_table(pa.table({"Compound Name": ["ethanol"], "Canonical SMILES": ["CCO"]}), path)
    [ethanol] = read_batch(path)[0]
    assert (ethanol.smiles, ethanol.name) == ("CCO", "ethanol")
