"""Lists of structures as users have them."""

import io
from pathlib import Path

import pytest

from nextims.inference.structures.lists import (
    InputError,
    InputStructure,
    count_lines,
    parse_line,
    read_batch,
    read_structures,
)

CASES = Path(__file__).parents[4] / "shared" / "cases"


def read(tmp_path, content, name="list.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [(s.line, s.smiles, s.name) for s in read_structures(path)]


ETHANOL_AND_BENZENE = [(1, "CCO", "ethanol"), (2, "c1ccccc1", "")]


@pytest.mark.parametrize(
    "content",
    [
        b"CCO ethanol\nc1ccccc1\n",
        b"CCO ethanol\nc1ccccc1",
        b"CCO\tethanol\r\nc1ccccc1\r\n",
        b"  CCO   ethanol  \rc1ccccc1\r",
        b"\xef\xbb\xbfCCO ethanol\nc1ccccc1\n",
        "CCO ethanol\r\nc1ccccc1\r\n".encode("utf-16"),
    ],
    ids=["unix", "no newline at the end", "windows, tab", "old mac, spaces", "bom", "utf-16"],
)
@pytest.mark.parametrize("name", ["list.txt", "list.smi", "list"])
def test_text_files_in_their_variants(tmp_path, content, name):
    assert read(tmp_path, content, name) == ETHANOL_AND_BENZENE


@pytest.mark.parametrize(
    "content",
    [
        "smiles,name\nCCO,ethanol\nc1ccccc1\n",
        "Name;Formula;SMILES\r\nethanol;C2H6O;CCO\r\n;C6H6;c1ccccc1\r\n",
        '"id","smiles","name"\n"1","CCO","ethanol"\n"2","c1ccccc1",""\n',
        " smiles , name \n CCO , ethanol \n c1ccccc1 , \n",
        "\ufeffsmiles\tname\nCCO\tethanol\nc1ccccc1\t\n",
    ],
    ids=["plain", "semicolon", "quoted", "spaces", "bom, tab"],
)
def test_tables_with_a_header(tmp_path, content):
    expected = [(line + 1, smiles, name) for line, smiles, name in ETHANOL_AND_BENZENE]
    assert read(tmp_path, content, "table.csv") == expected


@pytest.mark.parametrize(
    "content",
    ["CCO,ethanol\nc1ccccc1,\n", "CCO;ethanol\nc1ccccc1\n", '"CCO"\t"ethanol"\n"c1ccccc1"\n'],
)
def test_tables_without_a_header(tmp_path, content):
    assert read(tmp_path, content, "table.csv") == ETHANOL_AND_BENZENE


def test_the_delimiter_is_not_taken_from_a_name(tmp_path):
    rows = read(tmp_path, 'ClCCCl;1,2-dichloroethane\nCCO;"ethanol; absolute"\n', "table.csv")
    assert rows == [(1, "ClCCCl", "1,2-dichloroethane"), (2, "CCO", "ethanol; absolute")]


def test_quotes_within_names(tmp_path):
    rows = read(tmp_path, 'smiles,name\nCCO,"the ""spirit"", 96 %"\n', "table.csv")
    assert rows == [(2, "CCO", 'the "spirit", 96 %')]


def test_an_unclosed_quote_does_not_swallow_the_lines_after_it(tmp_path):
    rows = read(tmp_path, 'smiles,name\nCCO,"ethanol\nCCC,propane\n', "table.csv")
    assert [row[:2] for row in rows] == [(2, "CCO"), (3, "CCC")]
    assert rows[1][2] == "propane"


def test_a_one_column_table(tmp_path):
    assert read(tmp_path, "SMILES\nCCO\n", "table.csv") == [(2, "CCO", "")]
    assert read(tmp_path, "CCO\nCC\n", "table.csv") == [(1, "CCO", ""), (2, "CC", "")]


def test_a_header_is_recognised_in_a_text_file(tmp_path):
    assert read(tmp_path, "SMILES Name\nCCO ethanol\n") == [(2, "CCO", "ethanol")]
    assert read(tmp_path, "name,smiles\nethanol,CCO\n") == [(2, "CCO", "ethanol")]


def test_a_column_to_keep_is_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("SMILES,RI,ri\nCCO,400,500\n")
    assert next(read_structures(path)).smiles == "CCO"
    with pytest.raises(InputError, match="several columns are named RI; rename all but one"):
        read_structures(path, ["RI"])


def test_blank_lines_and_comments_are_no_structures(tmp_path):
    text = "\n// alcohols\nCCO\n\n   \n# alkanes\n-----\nCC\n\n"
    assert read(tmp_path, text) == [(3, "CCO", ""), (8, "CC", "")]
    assert read(tmp_path, text, "table.csv") == [(3, "CCO", ""), (8, "CC", "")]
    assert read(tmp_path, "\n// mine\nname,smiles\nethanol,CCO\n") == [(4, "CCO", "ethanol")]
    table = "smiles,name\n\nCCO,ethanol\n,,\n// mine\n,nothing\nCC,#1\n"
    assert read(tmp_path, table, "table.csv") == [
        (3, "CCO", "ethanol"),
        (6, "", "nothing"),
        (7, "CC", "#1"),
    ]
    assert read(tmp_path, "name,smiles\n# mine\n#1,CC\n//,C\n", "table.csv") == [
        (3, "CC", "#1"),
        (4, "C", "//"),
    ]


def test_rows_that_are_too_short_have_an_empty_structure(tmp_path):
    assert read(tmp_path, "name,smiles\nethanol\n", "table.csv") == [(2, "", "ethanol")]


def test_a_cell_longer_than_csv_allows_is_one_bad_record(tmp_path):
    rows = read(tmp_path, "smiles,name\n" + "C" * 200_000 + ",x\nCC,y\n", "table.csv")
    assert [(line, len(smiles) > 100_000) for line, smiles, _ in rows] == [(2, True), (3, False)]


def test_bytes_that_are_not_utf8(tmp_path):
    rows = read(tmp_path, b"CCO \xe9thanol\nCC \xce\xb2\nC\x81 x\n")
    assert rows[:2] == [(1, "CCO", "éthanol"), (2, "CC", "β")]
    assert rows[2][0] == 3  # no text in any encoding, yet kept for the report
    rows[2][1].encode("utf-8")


def test_no_lines(tmp_path):
    assert read(tmp_path, "") == []
    assert read(tmp_path, "smiles,name\n", "table.csv") == []


@pytest.mark.parametrize("name", ["list.xlsx", "LIST.XLS"])
def test_a_workbook_is_named_for_what_it_is(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(InputError, match=rf"{name}: is a workbook; save the sheet as \.csv"):
        read_structures(path)
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        read_structures(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match=r"missing\.smi: no such file"):
        read_structures(tmp_path / "missing.smi")
    with pytest.raises(InputError, match="holds no files of structures"):
        read_structures(tmp_path)
    (tmp_path / "table.smi").write_bytes(b"PK\x03\x04\x14\x00\x06\x00")
    with pytest.raises(InputError, match="not a text file"):
        read_structures(tmp_path / "table.smi")


def test_standard_input_is_read_and_left_open(monkeypatch):
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"CCO ethanol\r\nCC")))
    monkeypatch.setattr("sys.stdin", stdin)
    structures = list(read_structures("-"))
    assert structures == [InputStructure(1, "CCO", "ethanol"), InputStructure(2, "CC", "")]
    assert not stdin.buffer.closed


def test_a_list_is_read_as_it_is_needed(monkeypatch):
    class Stream(io.BytesIO):
        read_so_far = 0

        def read1(self, size=-1):
            part = super().read1(min(size, 8192))
            Stream.read_so_far += len(part)
            return part

    stdin = io.TextIOWrapper(Stream(b"CCO\n" * 100_000))
    monkeypatch.setattr("sys.stdin", stdin)
    structures = read_structures("-")
    assert next(structures).line == 1
    assert 0 < Stream.read_so_far < 20_000
    structures.close()


def test_a_batch_is_not_empty(tmp_path, monkeypatch):
    path = tmp_path / "list.smi"
    path.write_text("CCO ethanol\n\nC")
    structures, lines = read_batch(path)
    assert ([each.line for each in structures], lines) == ([1, 3], 3)
    for empty in ("", "\n\n", "# none\n"):
        path.write_text(empty)
        with pytest.raises(InputError, match=r"list\.smi: holds no structures"):
            read_batch(path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(InputError, match="standard input: holds no structures"):
        read_batch("-")


@pytest.mark.parametrize(("content", "lines"), [(b"", 0), (b"C", 1), (b"C\n", 1), (b"C\n\nC", 3)])
def test_count_lines(tmp_path, content, lines):
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    assert count_lines(path) == lines


def test_count_lines_leaves_pipes_alone():
    assert count_lines("-") is None


def test_parse_line():
    assert parse_line("CCO  ethyl  alcohol ", 3) == InputStructure(3, "CCO", "ethyl  alcohol")
    assert parse_line("") == InputStructure(1, "", "")
    assert parse_line("CCO\tethyl alcohol\t46.07\n") == InputStructure(1, "CCO", "ethyl alcohol")


def test_an_inchi_in_the_place_of_a_smiles(tmp_path):
    inchi = "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3"
    assert read(tmp_path, f"{inchi} ethanol\n{inchi}\n") == [(1, inchi, "ethanol"), (2, inchi, "")]
    assert read(tmp_path, f"InChI\n{inchi}\n") == [(2, inchi, "")]
    assert read(tmp_path, f'Name,InChI\nethanol,"{inchi}"\n') == [(2, inchi, "ethanol")]


@pytest.mark.parametrize(
    ("line", "smiles", "name"),
    [
        ("C1CCC=CC1 |c:3| cyclohexene", "C1CCC=CC1 |c:3|", "cyclohexene"),
        ("CC(O)C(=O)O |&1:1|", "CC(O)C(=O)O |&1:1|", ""),
        ("CCO |(0,0,;1,0,;2,0,)|\tethanol | pure", "CCO |(0,0,;1,0,;2,0,)|", "ethanol | pure"),
        ("CCO | spirit |x", "CCO", "| spirit |x"),
        ("CCO # ethanol", "CCO", "ethanol"),
        ("CCO #5", "CCO", "#5"),
    ],
)
def test_what_stands_between_smiles_and_name(line, smiles, name):
    assert parse_line(line) == InputStructure(1, smiles, name)


def test_comments_are_passed_over(tmp_path):
    assert read(tmp_path, "# alcohols\nCO\n#CCO\n") == [(2, "CO", "")]


@pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")
def test_cases_30_and_32():
    ethanol, acetone = ("CCO", "ethanol"), ("CC(=O)C", "acetone")
    for file, wanted in {
        "30/canon.csv": [ethanol, acetone],
        "30/cname.csv": [ethanol],
        "30/inchi.csv": [("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", "ethanol")],
        "30/pubchem.csv": [ethanol, acetone],
        "30/pubchem_old.csv": [ethanol],
        "30/sep.csv": [ethanol, ("CC(C)=O", "acetone")],
        "30/newline.csv": [
            ("CCO", "ethanol, absolute"),
            ("CC(C)=O", "acetone second line"),
            ("C1CC1", "cyclopropane"),
        ],
        "32/cx.smi": [
            ("C1CCC=CC1 |c:3|", "cyclohexene"),
            ("CC(O)C(=O)O |&1:1|", "lactic acid"),
            ethanol,
            ("CCC", ""),
            ethanol,
        ],
    }.items():
        structures, _ = read_batch(CASES / file)
        assert [(each.smiles, each.name) for each in structures] == wanted, file


def test_inchis_between_commas_without_quotes_are_whole(tmp_path):
    propanol = "InChI=1S/C3H8O/c1-2-3-4/h4H,2-3H2,1H3"
    content = f"id,inchi,name\n1,{propanol},propanol\n2,InChI=1S/CH4/h1H4,methane\n"
    assert read(tmp_path, content, "list.csv") == [
        (2, propanol, "propanol"),
        (3, "InChI=1S/CH4/h1H4", "methane"),
    ]


def test_names_between_commas_without_quotes_are_whole(tmp_path):
    content = "name,smiles\nN,N-dimethylaniline,CN(C)c1ccccc1\ntoluene,Cc1ccccc1,\n"
    assert read(tmp_path, content, "list.csv") == [
        (2, "CN(C)c1ccccc1", "N,N-dimethylaniline"),
        (3, "Cc1ccccc1", "toluene"),
    ]
    content = "smiles,name\nOCCO,1,2-ethanediol\n"
    assert read(tmp_path, content, "list.csv") == [(2, "OCCO", "1,2-ethanediol")]


def test_a_row_of_too_many_cells_is_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("id,name,smiles\n1,butane-1,C,CCCC\n2,ethanol,CCO\n")
    faulty, ethanol = read_structures(path)
    assert faulty.fault == "4 cells, expected 3: quote what has a ','"
    assert (ethanol.smiles, ethanol.name) == ("CCO", "ethanol")


def test_a_row_without_a_smiles_has_its_inchi(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "Name,SMILES,InChI\nethanol,CCO,\nmethane,,InChI=1S/CH4/h1H4\n"
        "ethane,,InChI=1S/C2H6/c1-2/h1-2H3\nbutanone,,InChI=1S/C4H8O/c1-3-4(2)5/h3H2,1-2H3\nnone,,\n"
    )
    found = [(each.name, each.smiles[:12]) for each in read_structures(path)]
    assert found == [
        ("ethanol", "CCO"),
        ("methane", "InChI=1S/CH4"),
        ("ethane", "InChI=1S/C2H"),
        ("butanone", "InChI=1S/C4H"),
        ("none", ""),
    ]


def test_a_table_of_two_kinds_of_smiles_is_refused_by_name(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("smiles_predicted,smiles_true\nCCO,CCC\n")
    with pytest.raises(InputError, match=r"list.csv: smiles_predicted and smiles_true could each"):
        read_structures(path)


@pytest.mark.parametrize(
    ("name", "separator"),
    [("list.csv", False), ("list.csv", True), ("list.tsv", False), ("list.txt", False)],
)
def test_names_of_columns_that_are_not_known_are_no_data(tmp_path, name, separator):
    delimiter = "," if name == "list.csv" else "\t"
    lines = ["struct,label,cas", "CCO,ethanol,64-17-5", "CO,methanol,67-56-1"]
    text = "\n".join(lines).replace(",", delimiter) + "\n"
    (tmp_path / name).write_text(f"sep={delimiter}\n{text}" if separator else text)
    structures = list(read_structures(tmp_path / name, ["CAS"]))
    found = [(each.line, each.smiles, each.name, each.columns) for each in structures]
    first = 3 if separator else 2
    assert found == [
        (first, "CCO", "ethanol", (("CAS", "64-17-5"),)),
        (first + 1, "CO", "methanol", (("CAS", "67-56-1"),)),
    ]
    said = "its first line is taken for names of columns (struct, label, cas)"
    assert [each.note.endswith(said) for each in structures] == [True, False]


@pytest.mark.parametrize(
    "text",
    ["CO,methanol\nCCO,ethanol\n", "C1CC,broken\nCCO,ethanol\n", "caffeine,58-08-2\nCCO,64-17-5\n"],
)
def test_a_first_line_that_may_be_data_stays_data(tmp_path, text):
    (tmp_path / "list.csv").write_text(text)
    assert [(each.line, each.note) for each in read_structures(tmp_path / "list.csv")] == [
        (1, ""),
        (2, ""),
    ]
