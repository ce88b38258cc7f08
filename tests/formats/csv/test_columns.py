"""Which columns of a table are m/z and intensity, and tables that have none."""

import time

import pytest

PEAKS = [(15.1, 200), (43.1, 999)]


@pytest.mark.parametrize(
    "text",
    [
        "#Point,X(Thomsons),Y(Counts)\n0,15.1,200\n1,43.1,999\n",
        "#Point;X(Thomsons);Y(Counts)\n0;15,1;200\n1;43,1;999\n",
        '#"+EI Scan (8.123 min) a.D"\n#Point,X(Thomsons),Y(Counts)\n0,15.1,200\n1,43.1,999\n',
        "m/z [Da]\tIntensity [counts]\n15.1\t200\n43.1\t999\n",
        "Index,Centroid Mass,Relative Intensity\n0,15.1,200\n1,43.1,999\n",
        "No.,m/z,S/N,I\n1,15.1,3,200\n2,43.1,99,999\n",
        "RT,m/z,Area\n5.1,15.1,200\n5.1,43.1,999\n",
        "Mass Intensity\n15.1 200\n43.1 999\n",
        "m/z   Rel. Abund. (%)\n15.1  200\n43.1  999\n",
        "m/z abund. m/z abund.\n15.1 200 43.1 999\n",
        "Masse;Intensität\n15,1;200\n43,1;999\n",
        "m/z;rel. Häufigkeit [%]\n15,1;200\n43,1;999\n",
        "Masse\tIntensité relative\n15,1\t200\n43,1\t999\n",
        "m/z,Peak Area\n15.1,200\n43.1,999\n",
        "m/z (Da),Ion count\n15.1,200\n43.1,999\n",
        "Fragment m/z\tNorm. ion abundance (%)\n15.1\t200\n43.1\t999\n",
        "質量,相対強度\n15.1,200\n43.1,999\n",
        "m/z intensity\n15.1 200\n\n43.1 999\n",
        "Spectrum of acetone\n15.1 200\n43.1 999\n",
        "Name;acetone\n15,1;200\n43,1;999\n",
        "ID;X12\n15,1;200\n43,1;999\n",
        "Spectrum at retention time 5.2 min\n15.1 200\n43.1 999\n",
        "15.1,200,20.0\n43.1,999,100.0\n",
        "Formula,m/z,Intensity\nCH3,15.1,200\nC2H3O,43.1,999\n",
        "m/z,Intensity,Formula,Exact mass\n15.1,200,CH3,15.02\n43.1,999,C2H3O,43.02\n",
        "sep=;\nm/z;I\n15,1;200\n43,1;999\n",
        "m/z,intensity\n15.1,200,\n43.1,999,\n",
        "m/z;intensity\n15,1;200;;\n43,1;999\n",
        "15.1,200\n43.1,999,\n",
        "% mass abundance\n15.1 200\n43.1 999\n",
        "% mass abundance\n#\n15.1 200\n43.1 999\n",
        "% abundance mass\n200 15.1\n999 43.1\n",
        "; m/z intensity\n15.1 200\n43.1 999\n",
        ";m/z intensity\n15.1 200\n43.1 999\n",
        "; m/z;intensity\n15.1;200\n43.1;999\n",
        "// m/z intensity\n15.1 200\n43.1 999\n",
        "!mass\tabundance\n15.1\t200\n43.1\t999\n",
        "! m/z Intensity S/N\n15.1 200 50\n43.1 999 40\n",
        "#\tm/z\tintensity\n15.1\t200\n43.1\t999\n",
        "% m/z,intensity\n15.1,200\n43.1,999\n",
        "# of the lab\n# m/z intensity\n15.1 200\n43.1 999\n",
        "# m/z intensity noise\n15.1 200 5\n43.1 999 4\n",
        "# m/z intensity\n1 15.1 200\n2 43.1 999\n",
        "# scan m/z intensity\n1 15.1 200\n1 43.1 999\n",
        "%,m/z\n200,15.1\n999,43.1\n",
        "m/z [Da] Intensity [a.u.]\n15.1 200\n43.1 999\n",
        "# Mass (m/z) Intensity (arb. units)\n15.1 200\n43.1 999\n",
        "m/z Rel. Int.\n15.1 200\n43.1 999\n",
        "# mass spectrum\n15.1 200\n43.1 999\n",
        "m/z,intensity\n# of the lab\n15.1,200\n-----\n43.1,999\nEnd of data\n\x1a",
    ],
)
def test_columns_that_are_known(read, pairs, text):
    for name in ("x.csv", "x.txt"):
        [record] = read(name, text)
        assert pairs(record) == PEAKS


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("Point,Value\n1,20\n2,30\n", "known as m/z or intensity; found Point, Value"),
        ("Time (min),TIC\n1.0,500\n", "known as m/z or intensity; found Time (min), TIC"),
        ("R.Time (min)\tIntensity\n1.01\t500\n", "known as m/z; found R.Time (min), Intensity"),
        ("#Point,X(Minutes),Y(Counts)\n0,1.1,20\n", "found #Point, X(Minutes), Y(Counts)"),
        ("m/z,Resolution\n15.1,200\n", "known as intensity; found m/z, Resolution"),
        ("Time Signal\n15 200\n43 999\n", "found Time, Signal"),
        ("1\t15.1\t200\n2\t43.1\t999\n", "the first column numbers the peaks"),
        ("0 15.1 200\n1 43.1 999\n", "the first column numbers the peaks"),
        ("15,0235,200,5\n43,0178,999,0\n", "cannot read the peak"),
        ("m/z,intensity\n15,0235,200,5\n", "line 2: cannot read the peak"),
        ("m/z,intensity\n15,200,3\n43,999,5\n", "line 2: cannot read the peak"),
        ("m/z,intensity\n15,200\nBase,peak\n12,999\n", "line 3: no peak in 'Base,peak'"),
        ("acetone\n15 200\n43 999\n\nethanol\n31 999\n", "line 5: no peak in 'ethanol'"),
        ("15 200\n43 999\n------\n31 999\n", "line 3: no peak in '------'"),
        ("m/z\tIntensity\n15\t200\n43\t9,990\n", "may stand for the point or part thousands"),
        ("m/z\tIntensity\n15.1\t200\n43\t9,990\n", "may stand for the point or part thousands"),
        ("m/z;Intensity\n15.1;200,5\n43.1;999\n", "line 2: cannot read the peak"),
        ("Time,15,43,58\n1.0,200,999,300\n1.1,210,999,300\n", "found Time, 15, 43, 58"),
        ("".join(f"{i / 100:.2f},{1000 + i}\n" for i in range(60)), "a chromatogram or a profile"),
        # Times that were rounded.
        (
            "".join(f"{5 + i * 0.0057:.3f},{1000 + i}\n" for i in range(60)),
            "a chromatogram or a profile",
        ),
        ("Scan,Total ion count\n15.1,200\n43.1,999\n", "found Scan, Total ion count"),
        ("m/z;I\n1,031;999\n45;500\n", "a comma may stand for the point or part thousands"),
        ("15 200\n18 30\n\n43 999\n", "line 4: a blank line within the peaks"),
        ("43 999\n15 200\n\n14 50\n", "line 4: a blank line within the peaks"),
        ("RT,TIC\n1.5,200\n1.62,999\n", "known as m/z or intensity; found RT, TIC"),
        ("Scan\tTotal\n1\t200\n2\t999\n", "found Scan, Total"),
        ("id;value\n1;200\n2;999\n", "found id, value"),
        ("name,value\n1,200\n2,999\n", "found name, value"),
        ("Exact Mass,Formula\n58.04,2\n", "found Exact Mass, Formula"),
        ("Chromatogram\n1.5 200\n1.62 999\n", "below 'Chromatogram' are no spectrum"),
        ("# retention time / min\n1.5 200\n1.62 999\n", "are no spectrum"),
        ("m/z,intensity\n15,200,,3\n43,999\n", "line 2: cannot read the peak"),
        ("m/z abund.\n15 200\n\nScan 13\n43 999\n", "line 4: no peak in 'Scan 13'"),
        ("% time signal\n31 999\n45 510\n", "no column is known as m/z; found time, signal"),
        ("% mass abundance\n100 31 999\n51 45 510\n", "line 2: cannot read the peak"),
        ("# m/z intensity\n31 999 1\n45 510 2\n", "line 2: cannot read the peak"),
        ("Rel. Int. m/z S/N\n999 31 5\n510 45 4\n", "which words of 'Rel. Int. m/z S/N'"),
        ("energy0\n29.03 100.0 0 1\nenergy1\n29.03 100 0\n", "output of CFM-ID"),
        ("#PREDICTED BY CFM-ID 4.4.7\nenergy0\n29.03 100.0\n", "output of CFM-ID"),
    ],
)
def test_numbers_of_something_else_are_never_taken_for_peaks(read, text, detail):
    for name in ("x.csv", "x.txt"):
        [bad] = read(name, text)
        assert bad.reason == "peak list cannot be read"
        assert detail in bad.detail


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("No;Name;Spectra\n1;Acetone;15.1:200 43.1:999\n", "Acetone"),
        ("Name\tSpectra\nAcetone\t15,1:200;43,1:999\n", "Acetone"),
        ('name;spectrum\nAcetone;"[[15.1, 200],[43.1,999]]"\n', "Acetone"),
        ('"Name","Area","Spectrum"\n"Acetone","12","15.1:200, 43.1:999"\n', "Acetone"),
        (
            "\t\tClass\tA\n\t\tFile type\tSample\nAlignment ID\tMetabolite name\tEI spectrum\ts1\n"
            "0\tAcetone\t15.1:200 43.1:999\t10\n",
            "Acetone",
        ),
    ],
)
def test_a_whole_spectrum_in_a_cell(read, pairs, text, name):
    [record] = read("x.txt", text)
    assert (record.name, pairs(record)) == (name, PEAKS)


@pytest.mark.parametrize("header", ["", "m/z intensity\n", "a title\n\nm/z intensity\n"])
@pytest.mark.parametrize("between", ["\n", "\n\n", "# the next\n\n", "\n# the next\n"])
def test_masses_that_begin_anew_below_a_blank_line_are_another_spectrum(
    read, pairs, header, between
):
    first, second = read("x.txt", f"{header}15.1 200\n43.1 999\n{between}31 999\n45 510\n")
    assert (pairs(first), pairs(second)) == (PEAKS, [(31, 999), (45, 510)])
    assert (first.name, second.name) == ("x", "x 2")


def test_blank_lines_between_all_rows_say_nothing(read, pairs):
    [record] = read("x.csv", "15.1,200\n\n43.1,999\n\n43.0,3\n")
    assert len(pairs(record)) == 3


def test_commas_part_thousands_beside_an_m_z_with_a_point(read, pairs):
    [record] = read("x.txt", "m/z\tIntensity\n15.1\t200\n43.1\t9,990\n58.1\t1,234,567\n")
    assert pairs(record) == [(15.1, 200), (43.1, 9990), (58.1, 1234567)]


def test_a_row_without_a_spectrum_is_named(read):
    first, bad = read("x.txt", "Name\tSpectra\nAcetone\t15:200 43:999\nUnknown\t\n")
    assert (first.name, bad.name) == ("Acetone", "Unknown")
    assert bad.detail == "line 3: no spectrum in the row 'Unknown'"


def test_a_header_that_comes_again_begins_another_spectrum(read, pairs):
    block = "#Point,X(Thomsons),Y(Counts)\n0,{},200\n1,43.1,999\n"
    text = block.format(15.1) + '#"+EI Scan (9.1 min) a.D"\n' + block.format(12.5)
    scans = "".join(
        f"{blank}Scan {i} (5.{i} min): A.D\\data.ms\nm/z abund. m/z abund.\n{mz} 200 43.1 999\n"
        for i, blank, mz in ((1, "", 15.1), (2, "\n", 12.5))
    )
    for each in (
        text,
        scans,
        scans.replace("\n\n", "\n"),
        "% m/z I\n15.1 200\n43.1 999\n% m/z I\n12.5 200\n43.1 999\n",
    ):
        first, second = read("run.csv", each)
        assert (first.name, second.name) == ("run", "run 2")
        assert [pairs(first)[0], pairs(second)[0]] == [(15.1, 200), (12.5, 200)]


SECTION = (
    "[MS Spectrum]\n# of Peaks\t2\nRaw Spectrum\t5.1 (scan : {})\n"
    "Base Peak\tm/z 43.10 (Inten : 9)\n"
    "m/z\tAbsolute Intensity\tRelative Intensity\n15.1\t200\t20.02\n43.1\t999\t100.00\n\n"
)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_sections_of_shimadzu(read, pairs, number):
    text = "[Header]\nOutput\t1\n\n[MC Peak Table]\nPeak#\tm/z\tArea\n1\t43\t5\n\n"
    text += "".join(SECTION.format(7 + i) for i in range(number))
    records = read("x.txt", text)
    assert [record.id for record in records] == [str(7 + i) for i in range(number)]
    assert all(pairs(record) == PEAKS for record in records)


def test_sections_without_a_spectrum_are_named(read):
    [bad] = read("x.txt", "[Header]\na\t1\n[MS Chromatogram]\nRet.Time\tIntensity\n3.0\t100\n")
    assert bad.detail == "no section [MS Spectrum]; found Header, MS Chromatogram"


def test_scans_of_a_run_are_told_apart_by_their_times(read, pairs):
    text = "Scan,RT,Mass,Abundance\n1,5.1,15.1,200\n1,5.1,43.1,999\n2,5.2,43.1,100\n"
    first, second = read("run.csv", text)
    assert (first.id, first.name, pairs(first)) == ("1", "run 1 5.1", PEAKS)
    assert (second.id, second.name, pairs(second)) == ("2", "run 2 5.2", [(43.1, 100)])


@pytest.mark.parametrize(
    "line", ['"' + " " * 200_000 + "x", " " * 200_000 + "x", "m/z" + " (" * 60_000]
)
def test_a_line_of_spaces_takes_no_time(read, line):
    begin = time.monotonic()
    read("a.csv", f"{line}\n17 212\n")
    assert time.monotonic() - begin < 5  # some minutes, where each space was tried as the first
