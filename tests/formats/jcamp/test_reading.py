"""JCAMP-DX as NIST, ChemStation, ACD and others write it."""

import pytest

from nextims.spectra.record import BadRecord, Record

# In the labels and the layout of the NIST Chemistry WebBook.
WEBBOOK = """\
##TITLE=Ethanol
##JCAMP-DX=4.24
##DATA TYPE=MASS SPECTRUM
##ORIGIN=NIST Mass Spectrometry Data Center, 1990
##OWNER=NIST Mass Spectrometry Data Center
Collection (C) 2014 copyright by the U.S. Secretary of Commerce
on behalf of the United States of America. All rights reserved.
##CAS REGISTRY NO=64-17-5
##$NIST MASS SPEC NO=291264
##MOLFORM=C2 H6 O
##MW=46
##$NIST SOURCE=MSDC
##XUNITS=M/Z
##YUNITS=RELATIVE INTENSITY
##XFACTOR=1
##YFACTOR=1
##FIRSTX=15
##LASTX=46
##FIRSTY=659
##MAXX=46
##MINX=15
##MAXY=9999
##MINY=40
##NPOINTS=5
##PEAK TABLE=(XY..XY)
15,659 27,2239
31,9999 45,5147
46,2164
##END=
"""
PEAKS = [(15, 659), (27, 2239), (31, 9999), (45, 5147), (46, 2164)]


def block(table, *labels, title="x"):
    labels = labels or ("DATA TYPE=MASS SPECTRUM",)
    head = "".join(f"##{label}\n" for label in (f"TITLE={title}", "JCAMP-DX=4.24", *labels))
    return f"{head}{table}\n##END=\n"


def test_the_webbooks_file_of_a_mass_spectrum(read, pairs):
    [record] = read("64-17-5-Mass.jdx", WEBBOOK)
    assert (record.name, record.formula, record.nominal_mass) == ("Ethanol", "C2H6O", 46)
    assert (record.id, record.line) == ("291264", 1)
    assert (record.ionization, record.ms_level) == ("EI", 1)
    assert record.remarks[1] == "NIST Mass Spectrometry Data Center, 1990"
    assert pairs(record) == PEAKS
    assert record.notes == ()


@pytest.mark.parametrize("ending", ["jdx", "dx", "jcamp", "JDX", "txt"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_endings_and_line_ends(read, pairs, ending, line_end):
    [record] = read(f"x.{ending}", WEBBOOK.replace("\n", line_end))
    assert pairs(record) == PEAKS


@pytest.mark.parametrize(
    "table",
    [
        "##PEAK TABLE=(XY..XY)\n15,9 16,12",
        "##PEAK TABLE=(XY..XY)\n15, 9\n16, 12",
        "##PEAK TABLE= (XY..XY)\n  15.0,  9.0;  16.0,  12.0;",
        "##PEAK TABLE=(XY..XY) 15,9 16,12",
        "##PEAKTABLE=(XY..XY)\n15 9\n16 12",
        "##Peak Table=(xy..xy) $$ two peaks\n15,9 $$ methyl\n\n16,12",
        "##PEAK TABLE=\n15\t9\n16\t12",
        "##XYPOINTS=(XY..XY)\n15,9 16,1.2E1",
        "##XYDATA=(XY..XY)\n15,9,16,12",
        "##DATA TABLE=(XY..XY), PEAKS\n15,9\n16,12",
        "##PEAK TABLE=(XYW..XYW)\n15,9,1 16,12,1",
        "##PEAK ASSIGNMENTS=(XYA)\n(15, 9, <CH3+, 1.0>)\n(16, 12, <CH4+>)",
        "##XFACTOR=0.5\n##YFACTOR=3\n##PEAK TABLE=(XY..XY)\n30,3 32,4",
        "##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n15,9 16,12",
        "##SYMBOL=T, X, Y\n##FACTOR=1, 0.1, 1\n##PEAK TABLE=(XY..XY)\n150,9 160,12",
    ],
)
def test_dialects_of_peak_tables(read, pairs, table):
    [record] = read("x.jdx", block(table, "DATA TYPE=MASS SPECTRUM", "DATA CLASS=PEAK TABLE"))
    assert pairs(record) == [(15, 9), (16, 12)]


def test_chemstation(read, pairs):
    text = block(
        "##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n  27,   84\n  28,   12",
        "DATA TYPE= MASS SPECTRUM",
        "DATA CLASS= PEAK TABLE $$ HP-JCAMP 4.10",
        "CAS REGISTRY NO= 64-17-5",
        "MOLFORM= C2 H6 O",
        "SPECTROMETER/DATA SYSTEM= HP ChemStation",
        ".IONIZATION ENERGY= 70",
        ".IONIZATION MODE= EI+",
        title=" Ethyl alcohol ",
    )
    [record] = read("x.jdx", text)
    assert (record.name, record.instrument, record.energy) == (
        "Ethyl alcohol",
        "HP ChemStation",
        70,
    )
    assert (record.formula, record.ionization) == ("C2H6O", "EI")
    assert pairs(record) == [(27, 84), (28, 12)]


def test_blocks_one_after_the_other_as_lib2nist_writes_them(read):
    text = WEBBOOK + "\n" + block("##PEAK TABLE=(XY..XY)\n17,212 18,999", title="water")
    first, second = read("x.jdx", text)
    assert (first.name, second.name) == ("Ethanol", "water")
    assert second.line == text[: text.index("##TITLE=water")].count("\n") + 1


def linked(*blocks, number=None, end="##END=\n"):
    number = len(blocks) if number is None else number
    link = f"##TITLE=paracetamol\n##JCAMP-DX=5.00\n##DATA TYPE=LINK\n##BLOCKS={number}\n"
    return f"{link}##MOLFORM=C8 H9 N O2\n{''.join(blocks)}{end}"


STRUCTURE = "##TITLE=the structure\n##JCAMP-CS=3.7\n##BLOCK_ID=1\n##ATOMLIST=\n  1 C\n##END=\n"
SPECTRUM = block("##PEAK TABLE=(XY..XY)\n109,999 151,400", title="$$ Begin of the data block")


@pytest.mark.parametrize("number", [2, 3])
def test_blocks_linked_to_a_compound(read, number):
    [record] = read("x.jdx", linked(STRUCTURE, SPECTRUM, number=number))
    assert (record.name, record.formula) == ("paracetamol", "C8H9NO2")
    assert len(record.spectrum) == 2


def test_links_that_are_cut_off_say_so(read):
    record, bad = read("x.jdx", linked(SPECTRUM, number=5, end=""))
    assert (type(record), bad.detail) == (Record, "the link block ends without ##END=")
    assert [type(record) for record in read("x.jdx", linked(STRUCTURE, SPECTRUM, end=""))] == [
        Record
    ]


def test_pages_of_a_run(read, pairs):
    pages = "".join(
        f"##PAGE= T={t}\n##NPOINTS=2\n##DATA TABLE= (XY..XY), PEAKS\n15,{t} 16,12\n" for t in (1, 2)
    )
    text = block(
        pages + "##END NTUPLES= MASS SPECTRUM",
        "DATA TYPE=MASS SPECTRUM",
        "DATA CLASS=NTUPLES",
        "NTUPLES=MASS SPECTRUM",
        "SYMBOL= X, Y, T",
        "FACTOR= 1, 10, 1",
    )
    first, second = read("x.jdx", text)
    assert (first.name, pairs(first)) == ("x (T=1)", [(15, 10), (16, 120)])
    assert (second.name, pairs(second)) == ("x (T=2)", [(15, 20), (16, 120)])


RUN = "##TITLE=\n##XUNITS= Daltons\n" + "".join(
    f"##SCAN_NUMBER= {i}\n##RETENTION_TIME= {i}.5\n##NPOINTS= 2\n##XYDATA= (XY..XY)\n 16.0, 12\n"
    f" 15.0, {i}\n" for i in (1, 2, 3)
)  # fmt: skip


@pytest.mark.parametrize("end", ["", "##END=\n"])
def test_scans_of_a_run_as_micromass_wrote_them(read, pairs, end):
    records = read("run.jdx", RUN + end)
    assert [record.name for record in records] == ["(scan 1)", "(scan 2)", "(scan 3)"]
    assert [record.id for record in records] == ["1", "2", "3"]
    assert [pairs(record) for record in records] == [[(15, i), (16, 12)] for i in (1, 2, 3)]
    assert all(record.notes == () for record in records)


def test_a_fault_in_a_run_names_the_line_of_its_scan(read):
    first, bad, third = read("run.jdx", RUN.replace(" 15.0, 2", " 15.0, x"))
    assert (first.id, third.id) == ("1", "3")
    assert (bad.line, bad.name) == (9, "(scan 2)")
    assert bad.detail == "line 14: cannot read the peaks '15.0, x'"


def test_a_run_that_is_cut_off_within_a_scan_says_so(read):
    *scans, bad = read("run.jdx", RUN[: RUN.rindex(" 15.0")])
    assert [record.id for record in scans] == ["1", "2"]
    assert bad.detail == "ends without ##END="


@pytest.mark.parametrize("behind", [" 1", "1", "  25", ", PEAKS", " ,"])
def test_what_stands_behind_the_form_is_no_peak(read, pairs, behind):
    [record] = read("x.jdx", block(f"##PEAK TABLE=(XY..XY){behind}\n15 9\n16 12"))
    assert pairs(record) == [(15, 9), (16, 12)]


@pytest.mark.parametrize("factor", ["0", "0.0", "0.000000E+00", ""])
def test_factors_of_0_count_as_none(read, pairs, factor):
    text = block(f"##XFACTOR={factor}\n##YFACTOR={factor}\n##PEAK TABLE=(XY..XY)\n15,9 16,12")
    assert pairs(read("x.jdx", text)[0]) == [(15, 9), (16, 12)]


def test_a_name_of_several_lines_and_negative_ions(read):
    text = block(
        "##PEAK TABLE=(XY..XY)\n15,9", "DATA TYPE=MASS SPECTRUM", "NAMES=ethanol\nalcohol",
        ".IONIZATION MODE=EI-", title="",
    )  # fmt: skip
    [record] = read("x.jdx", text)
    assert (record.name, record.ion_mode) == ("ethanol", "negative")


def test_a_wrong_number_of_points_is_noted(read):
    [record] = read("x.jdx", WEBBOOK.replace("NPOINTS=5", "NPOINTS=6"))
    assert len(record.spectrum) == 5
    assert record.notes == ("NPOINTS disagrees with the number of peaks",)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (block("##PEAK TABLE=(XY..XY)\n15,9 16"), "3 numbers, expected 2 for each peak"),
        (block("##PEAK TABLE=(XY..XY)\n15,9\n16,l2"), "line 6: cannot read the peaks '16,l2'"),
        (block("##XYDATA=(X++(Y..Y))\n15 9 12"), "line 1: the table is '(X++(Y..Y))', expected"),
        (block("##XFACTOR=-1\n##PEAK TABLE=(XY..XY)\n15,9"), "##XFACTOR=-1 is no factor"),
        (block("##YFACTOR=inf\n##PEAK TABLE=(XY..XY)\n15,9"), "##YFACTOR=inf is no factor"),
        (block("##YFACTOR=x\n##PEAK TABLE=(XY..XY)\n15,9"), "##YFACTOR=x is no number"),
        (block("##XYDATA=(XY..XY)\n1,2", "DATA TYPE=INFRARED SPECTRUM"), "INFRARED SPECTRUM, expe"),
        (block("##XYDATA=(XY..XY)\n1,2", "XUNITS=1/CM"), "##XUNITS=1/CM, expected M/Z"),
        (block(""), "no ##PEAK TABLE="),
        (block("##PEAK TABLE=(XY..XY)\n15,9").replace("##END=\n", ""), "ends without ##END="),
        (block("##PEAK TABLE=(XY..XY)\n-15,9 16,-1"), "intensity must not be negative"),
    ],
)
def test_damage_spoils_one_block_only(read, text, detail):
    bad, after = read("x.jdx", text + WEBBOOK)
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.name, bad.reason) == (1, "x", "peak list cannot be read")
    assert detail in bad.detail
    assert (after.name, len(after.spectrum)) == ("Ethanol", 5)


@pytest.mark.parametrize("end", range(2, 90))
def test_a_file_that_is_cut_off_is_never_taken_for_whole(read, end):
    [bad] = read("x.jdx", WEBBOOK[:-end])
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.name) == (1, "Ethanol")


@pytest.mark.parametrize(("number", "kind"), [(5, Record), (6, BadRecord)])
def test_a_block_without_an_end_before_another_is_judged_by_its_number(read, number, kind):
    text = WEBBOOK.replace("##END=\n", "").replace("NPOINTS=5", f"NPOINTS={number}")
    first, second = read("x.jdx", text + WEBBOOK)
    assert (type(first), type(second)) == (kind, Record)


def test_a_lost_title_does_not_hide_a_spectrum(read):
    text = WEBBOOK + WEBBOOK.replace("##TITLE=", "#TITLE=")
    records = read("x.jdx", text)
    assert [record.name for record in records] == ["Ethanol", ""]
    assert [len(record.spectrum) for record in records] == [5, 5]


def test_agrees_with_another_reader(read, pairs):
    jcamp = pytest.importorskip("jcamp", reason='needs pip install -e ".[test]"')
    theirs = jcamp.read(WEBBOOK.splitlines())
    assert pairs(read("x.jdx", WEBBOOK)[0]) == list(
        zip(theirs["x"].tolist(), theirs["y"].tolist(), strict=True)
    )
