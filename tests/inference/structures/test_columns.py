import pytest

from nextims.inference.structures.columns import find_columns, read_rows
from nextims.inference.structures.text_lines import InputError


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("smiles,name", ((0,), 1)),
        ("SMILES", ((0,), -1)),
        ("CID,Name,ConnectivitySMILES", ((2,), 1)),
        ("cmpdname,canonicalsmiles,isosmiles", ((2, 1), 0)),
        ("PREFERRED_NAME,CASRN,INCHIKEY,IUPAC_NAME,SMILES,QSAR_READY_SMILES", ((4, 5), 0)),
        ("Molecule ChEMBL ID,Molecule Name,Smiles", ((2,), 1)),
        ("Standard InChI Key,Standard InChI,Compound", ((1,), 2)),
        ("InChI_Code;Compound name".replace(";", ","), ((0,), 1)),
        ("canonical_smiles,title", ((0,), 1)),
        ("file name,structure,name", ((1,), 2)),
        ("smiles_original,canonical_smiles,name", ((1, 0), 2)),
        ("InChI,SMILES,Name", ((1, 0), 2)),
        ("mol,name", ((0,), 1)),
        ("mol", ((0,), -1)),
        ("id,formula,inchikey,cas", None),
        ("CCO,ethanol", None),
        ("InChI=1S/CH4/h1H4,methane", None),
    ],
)
def test_columns_are_found_by_their_names(header, columns):
    assert find_columns(header.split(",")) == columns


def test_two_columns_that_could_both_be_the_structures_are_refused_by_name():
    with pytest.raises(InputError, match=r"^list.csv: smiles_predicted and smiles_true could each"):
        find_columns(["id", "smiles_predicted", "smiles_true"], "list.csv")
    assert find_columns(["smiles", "smiles_predicted", "smiles_true"]).structures == (0, 1, 2)


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        ("SMILES,Name,SMILES", "SMILES and SMILES could each be the structures"),
        ("SMILES,Name,smiles ", "could each be the structures"),
        ("smiles_1,smiles_2", "smiles_1 and smiles_2 could each be the structures"),
        ("canonical_smiles,isomeric_smiles,Isomeric SMILES", "could each be the structures"),
        ("SMILES,InChI,InChI", "InChI and InChI could each be the structures"),
        ("Name,SMILES,NAME", "Name and NAME could each be the names"),
    ],
)
def test_columns_of_the_same_name_are_refused(header, refused):
    with pytest.raises(InputError, match=f"^list.csv: .*{refused}"):
        find_columns(header.split(","), "list.csv")


def test_columns_that_differ_by_a_number():
    assert find_columns(["SMILES", "SMILES 2", "name1", "name2"]) == ((0, 1), 2)


@pytest.mark.parametrize("missing", ["", "N/A", "nan", "-"])
def test_a_row_without_its_structure_in_one_column_has_it_in_the_next(missing):
    columns = find_columns(["Name", "SMILES", "InChI"])
    methane = "InChI=1S/CH4/h1H4"
    assert columns.read(["methane", missing, methane]) == (methane, "methane")
    assert columns.read(["methane", "C", methane]) == ("C", "methane")
    assert columns.read(["methane", missing]) == (missing, "methane")


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
