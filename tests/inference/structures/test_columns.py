import pytest

from nextims.inference.structures.columns import find_columns, read_rows


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("smiles,name", (0, 1)),
        ("SMILES", (0, -1)),
        ("CID,Name,ConnectivitySMILES", (2, 1)),
        ("cmpdname,canonicalsmiles,isosmiles", (2, 0)),
        ("PREFERRED_NAME,CASRN,INCHIKEY,IUPAC_NAME,SMILES,QSAR_READY_SMILES", (4, 0)),
        ("Molecule ChEMBL ID,Molecule Name,Smiles", (2, 1)),
        ("Standard InChI Key,Standard InChI,Compound", (1, 2)),
        ("InChI_Code;Compound name".replace(";", ","), (0, 1)),
        ("canonical_smiles,title", (0, 1)),
        ("file name,structure,name", (1, 2)),
        ("id,formula,inchikey,cas", None),
        ("CCO,ethanol", None),
        ("InChI=1S/CH4/h1H4,methane", None),
    ],
)
def test_columns_are_found_by_their_names(header, columns):
    assert find_columns(header.split(",")) == columns


def rows(text):
    return [cells for _, cells in read_rows(iter(enumerate(text.splitlines(), 1)), ",")]


def test_a_cell_may_reach_over_lines():
    assert rows('C,"a\nb\nc"\nCC,d') == [["C", "a b c"], ["CC", "d"]]
    assert rows('C,"a ""b""\nc"\nCC,d') == [["C", 'a "b" c'], ["CC", "d"]]


def test_an_open_quote_swallows_nothing():
    assert rows('C,"a\nCC,"b\nCCC,c') == [["C", "a"], ["CC", "b"], ["CCC", "c"]]
    assert rows('C,2" pipe\nCC,3" pipe') == [["C", '2" pipe'], ["CC", '3" pipe']]
    far = "\n".join(["C,x"] * 30)
    assert len(rows(f'C,"a\n{far}\nCC,b"')) == 32
