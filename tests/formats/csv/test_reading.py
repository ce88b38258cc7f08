"""Tables with one row a peak: pastes, exports of instruments, and tables of many spectra."""

import pytest

from nextims.spectra.record import BadRecord, Record

PEAKS = [(15.5, 9), (31, 99.5)]


@pytest.mark.parametrize(
    "text",
    [
        "15.5,9\n31,99.5",
        "15.5, 9\n31, 99.5\n\n",
        "15.5;9\r\n31;99.5\r\n",
        "15,5;9\n31;99,5",
        "15,5\t9\n31\t99,5",
        "15.5\t9\n31\t99.5",
        "15.5 9\n31 99.5",
        "  15,5   9\n  31   99,5",
        "m/z,intensity\n15.5,9\n31,99.5",
        "m/z;Abundance\n15,5;9\n31;99,5",
        "Mass\tRelative Intensity\n15.5\t9\n31\t99.5",
        "m/z    Rel. Abundance (%)\n15.5   9\n31  99.5",
        "#,m/z,Abs. Intensity\n1,15.5,9\n2,31,99.5",
        "Intensity,m/z\n9,15.5\n99.5,31",
        '"mz","intensity","annotation"\n"15.5","9",""\n"31","99.5","CH3O, a"',
        "Scan 123 of run.D\nRT;7.31 min\n\nm/z;I\n15,5;9\n31;99,5",
        "15.5,9,CH3\n31,99.5,CH3O",
        "1.55E1 9.0e0\n3.1e+1 9.95e1",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_two_columns_are_one_spectrum_named_after_the_file(read, pairs, text, encoding):
    for ending in ("csv", "tsv", "txt"):
        [record] = read(f"peak 7.{ending}", text.encode(encoding))
        assert (record.name, record.structures, record.nominal_mass) == ("peak 7", (), None)
        assert pairs(record) == PEAKS


def test_a_table_of_many_spectra(read, pairs):
    text = (
        "Name;SMILES;InChIKey;m/z;Intensity\n"
        "Ethanol;CCO;LFQSCWFLJHTTHZ-UHFFFAOYSA-N;31;999\n"
        "Ethanol;CCO;LFQSCWFLJHTTHZ-UHFFFAOYSA-N;45;510\n"
        "\n"
        '"Water; pure";O;;17;212\n'
    )
    ethanol, water = read("x.csv", text)
    assert (ethanol.name, ethanol.molecule.smiles, ethanol.line) == ("Ethanol", "CCO", 2)
    assert ethanol.inchikey == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert pairs(ethanol) == [(31, 999), (45, 510)]
    assert (water.name, water.line, pairs(water)) == ("Water; pure", 5, [(17, 212)])


@pytest.mark.parametrize("repeated", ["", "Ethanol"])
def test_the_name_in_the_first_row_of_a_spectrum_alone(read, pairs, repeated):
    text = f"m/z,Intensity,Name,SMILES\n31,999,Ethanol,CCO\n45,510,{repeated},\n46,216,,\n"
    text = text + "31,999,Methanol,CO\n32,700,,\n17,212,Ammonia,N\n"
    ethanol, methanol, ammonia = read("x.csv", text)
    assert (ethanol.name, ethanol.molecule.smiles) == ("Ethanol", "CCO")
    assert pairs(ethanol) == [(31, 999), (45, 510), (46, 216)]
    assert (methanol.name, methanol.line, pairs(methanol)) == (
        "Methanol",
        5,
        [(31, 999), (32, 700)],
    )
    assert (ammonia.name, pairs(ammonia)) == ("Ammonia", [(17, 212)])


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("31,999,e\n45,510,\n31,700,\n32,999,\n", 4),  # of a second one, without a name
        ("31,999,e\n45,510,e\n46,216,\n", 4),
        ("31,999,\n45,510,e\n46,216,\n", 3),
        ("45,510,e\n31,999,\n", 3),
    ],
)
def test_rows_without_a_name_that_may_be_of_either_are_refused(read, rows, line):
    for bad in read("x.csv", f"m/z,Intensity,Name\n{rows}"):
        assert bad.detail.startswith(f"line {line}: whose peak this is cannot be told")


def test_a_spectrum_without_a_name_below_one_whose_rows_are_all_named(read, pairs):
    first, second = read("x.csv", "m/z,Intensity,Name\n31,9,e\n45,5,e\n31,7,\n32,9,\n")
    assert (first.name, pairs(first)) == ("e", [(31, 9), (45, 5)])
    assert (second.name, pairs(second)) == ("", [(31, 7), (32, 9)])


def test_a_compound_may_be_called_by_a_number_sign(read):
    text = "name,mz,intensity\n# of the lab\n#1,31,9\n#1,45,5\n-----\n#2,17,2\n"
    first, second = read("x.csv", text)
    assert (first.name, len(first.spectrum), second.name) == ("#1", 2, "#2")


def test_a_name_over_several_lines(read):
    first, second = read(
        "x.csv", 'name,mz,intensity\n"a\r\n""b""",31,9\n"a\r\n""b""",45,5\nc,17,2\n'
    )
    assert (first.name, len(first.spectrum), second.name, second.line) == ('a\n"b"', 2, "c", 6)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("15,9\nx,12\n", "line 2: cannot read the peak 'x,12'"),
        ("m/z,intensity\n15,9\n16\n", "line 3: cannot read the peak '16'"),
        ("15,9\n16,nan\n", "line 2: cannot read the peak '16,nan'"),
        ("15,9\n16,-3\n", "intensity must not be negative"),
        ("name,smiles\nethanol,CCO\n", "no two columns of numbers below 'name,smiles'"),
    ],
)
def test_a_table_that_cannot_be_read(read, text, detail):
    [bad] = read("x.csv", text)
    assert isinstance(bad, BadRecord)
    assert bad.reason == "peak list cannot be read"
    assert detail in bad.detail


def test_damage_spoils_one_spectrum_of_many(read):
    rows = ["name,mz,intensity", "a,31,9", "b,31,9", "b,4x,5", "c,31,9", "c,45"]
    first, second, third = read("x.csv", "\n".join(rows))
    assert isinstance(first, Record)
    assert (second.name, second.line) == ("b", 3)
    assert second.detail == "line 4: cannot read the peak 'b,4x,5'"
    assert (third.name, third.detail) == ("c", "line 6: cannot read the peak 'c,45'")


def test_a_quote_that_nothing_closes_does_not_swallow_the_rest(read):
    rows = ["name,mz,intensity", "a,31,9", '"b,31,9'] + [f"c{i},31,9" for i in range(200)]
    records = read("x.csv", "\n".join(rows))
    assert [type(record) for record in records].count(Record) == 201
    [bad] = [record for record in records if isinstance(record, BadRecord)]
    assert bad.line == 3


def test_a_header_without_rows_holds_nothing(read):
    assert read("x.csv", "m/z,intensity\n") == []
    assert read("x.csv", "name,m/z,intensity\n") == []
