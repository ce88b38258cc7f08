"""Numbers that may be read in two ways: parted thousands, positions, several columns or lists."""

import json

import pytest

PARTED = "thousands parted"
NUMBERED = "numbers the peaks"
EITHER = "a comma may stand"
TWO_LISTS = "begin anew"
MSP = "Name: ethanol\nSMILES: CCO\nNum Peaks: {}\n{}\n"
MGF = "BEGIN IONS\nNAME=ethanol\nSMILES=CCO\n{}\nEND IONS\n"
JCAMP = "##TITLE=ethanol\n##DATA TYPE=MASS SPECTRUM\n##PEAK TABLE=(XY..XY)\n{}\n##END=\n"


def of_json(peaks):
    return json.dumps([{"name": "ethanol", "smiles": "CCO", "peaks": peaks}])


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.jdx", JCAMP.format("31, 12,999\n45, 1,514"), EITHER),
        ("x.jdx", JCAMP.format("(31,12,999)(45,1,514)"), EITHER),
        ("x.msp", MSP.format(3, "31, 999\n45, 1,514\n46, 216"), PARTED),
        ("x.msp", MSP.format(3, "31, 999\n45,1,514\n46, 216"), PARTED),
        ("x.msp", MSP.format(2, "31 1 234\n45 999"), PARTED),
        ("x.msp", MSP.format(2, "31 1\u202f234\n45 12\u202f999"), PARTED),
        ("x.msp", MSP.format(2, "31 1 234 567\n45 1 999 111"), PARTED),
        ("x.msp", MSP.format(2, "1 31 999\n2 45 514"), NUMBERED),
        ("x.msp", MSP.format(3, "31 999 1 45 514 2 46 3 1"), "Num Peaks says 3, found 1"),
        ("x.mgf", MGF.format("31, 12,345\n45 3"), PARTED),
        ("x.mgf", MGF.format("31 1 234\n45 999"), PARTED),
        ("x.mgf", MGF.format("0 31 999\n1 45 514"), NUMBERED),
        ("x.json", of_json("31,12,345;45,1,514"), PARTED),
        ("x.json", of_json("1 31 999\n2 45 514"), NUMBERED),
        ("x.json", of_json(["31 1 234", "45 999"]), PARTED),
        ("x.csv", "m/z,Intensity,m/z,Intensity\n31,999,29,3\n45,514,31,4\n", "several spectra"),
        ("x.csv", "m/z,m/z,intensity\n31,31.1,999\n45,45.1,100\n", "named 'm/z'"),
        ("x.msp", MSP.format(3, "41,1234,999\n43,0542,514\n57,0699,216"), EITHER),
        ("x.mgf", MGF.format("31,02,999\n45,03,514"), EITHER),
        ("x.mgf", MGF.format("31 100 45 51 46 22"), "several peaks"),
        ("x.mgf", MGF.format("31 999; 45 514"), "several peaks"),
        ("x.mgf", MGF.format("31:999 45:514"), "several peaks"),
        ("x.mgf", MGF.format("5.01 31 999\n5.01 45 514"), "which of three"),
        ("x.jdx", JCAMP.format("31 1 234\n45 1 514"), "do not rise"),
        ("x.jdx", JCAMP.format("15,02,99\n27,03,51\n28,03,51\n29,04,21"), ""),
        ("x.json", of_json([[1, 31, 999], [2, 45, 514]]), NUMBERED),
        ("x.csv", 'Name,Spectrum\ne,"[(31,02, 999), (45,03, 514)]"\n', "no two columns"),
        ("x.csv", "m/z,Int,of\n31,999,a\n45,514,a\n29,3,b\n", "column 3 changes"),
        ("x.txt", "31 1 234\n45 514\n", PARTED),
        ("x.txt", "31 1.234\n45 514\n46 216\n", PARTED),
        ("x.msp", MSP.format(3, "31 12.999\n45 1.514\n46 216"), PARTED),
        ("x.mgf", MGF.format("31 1.234\n45 514"), PARTED),
        ("x.txt", "31 45 46\n999 514 216\n", "which of three"),
        ("x.txt", "31\t1,234,567\n45\t514\n", "line 1: cannot read"),
        ("x.txt", "31\t999*\n45\t514\n46\t216\n", "line 1: cannot read"),
        ("x.txt", "10 31 999\n11 45 1514\n12 46 216\n", "which of three"),
        ("x.txt", "5.01 31 999\n5.01 45 514\n", "which of three"),
        ("x.txt", "31 999 45 514 46 216\n29 3 30 4 32 5\n", "two numbers each"),
        ("x.txt", "31 999\n45 500\n46 10\n15 20\n29 30\n31 22\n", TWO_LISTS),
        ("x.csv", "m/z,intensity\n31,999\n45,500\n46,10\n15,20\n29,30\n31,22\n", TWO_LISTS),
        ("x.json", of_json("31 999 45"), "several numbers"),
        ("x.json", of_json("31\t999\t45"), "several numbers"),
        ("x.json", of_json("31, 999, 45"), "several numbers"),
        ("x.json", of_json("31,999 45,510 46"), "several numbers"),
        ("x.json", of_json("31,02 45,03 46,04"), "several numbers"),
        ("x.json", of_json("45,510 31,999"), EITHER),
        ("x.json", of_json("31,5 45,5\n46,2 47,5"), EITHER),
        ("x.json", of_json(["31,999 45,510", "46,216"]), "several peaks"),
        ("x.mgf", MGF.format("31,999 45,510"), "several peaks"),
        ("x.txt", "31,999 45,510\n", "several peaks"),
        ("x.txt", "31,999 45,510 46,216\n47,5 48,3 49,1\n", "several peaks"),
        ("x.mgf", MGF.format("31,999 45,510\n46,216"), "several peaks"),
        ("x.csv", "m/z;Intensity\n31,02;9.990\n45,03;5.100\n46,04;216\n", "a point part them"),
        ("x.csv", "m/z;Intensity\n31;9.990\n45;5.100\n46;216,5\n", "a point part them"),
        ("x.csv", "m/z;Intensity\n31;9.990\n45;5.100\n46;216\n", "parted by points"),
        ("x.csv", "Name;m/z;Int\ne;31;9.990\ne;45;5.100\ne;46;216\n", "parted by points"),
        ("x.csv", "31,02;9.990\n45,03;5.100\n46,04;216\n", "a point part them"),
        ("x.csv", "Name;Spectrum\ne;31,02:9.990 45,03:5.100 46,04:216\n", "a point part them"),
        ("x.csv", "Name;Spectrum\ne;31:9.990 45:5.100 46:216\n", "parted by points"),
        ("x.msp", MSP.format(3, "31,02 9.990\n45,03 5.100\n46,04 216"), EITHER),
        ("x.msp", MSP.format(3, "31,02 9990\n45,03 5.100\n46,04 2.160"), EITHER),
        ("x.mgf", MGF.format("31,02 9.990\n45,03 5.100\n46,04 216"), PARTED),
        ("x.mgf", MGF.format("31 9.990\n45,03 510\n46 216"), PARTED),
        ("x.jdx", JCAMP.format("31,02 9.990\n45,03 5.100\n46,04 216"), "9 numbers"),
        ("x.jdx", JCAMP.format("31 9.990\n45 5.100\n46 216"), PARTED),
        ("x.jdx", JCAMP.format("31,9.990 45,5.100 46,216"), PARTED),
        ("x.json", of_json("31:9.990 45:5.100 46:216"), PARTED),
        ("x.json", of_json("31,02:9.990 45,03:5.100 46,04:216"), EITHER),
    ],
)
def test_what_may_be_read_in_two_ways_is_refused(name, text, reason, read):
    [found] = read(name, text)
    assert reason in found.detail


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.jdx", JCAMP.format("131,999 145,514")),
        ("x.jdx", JCAMP.format("(131,999)(145,514)")),
        ("x.msp", MSP.format(2, "131,999 145,514")),
        ("x.msp", MSP.format(2, "131 999 145 514")),
        ("x.msp", MSP.format(2, "131 999 1\n145 514 2")),  # with what the ions' charges are, say
        ("x.msp", MSP.format(2, "131 999 130.9\n145 514 145.1")),
        ("x.mgf", MGF.format("131 999 1+\n145 514 1+")),
        ("x.json", of_json("131,999;145,514")),
        ("x.json", of_json("131:999,145:514")),
        ("x.json", of_json("131,999 145,514")),
        ("x.json", of_json("131.0,999 145.0,514")),
        ("x.json", of_json("131,0 999\n145,0 514,0")),
        ("x.csv", "m/z;Int\n131,0;999.0\n145,0;514.0\n"),
        ("x.msp", MSP.format(2, "131,0 9.990E+02\n145,0 5.140E+02")),
        ("x.txt", "131 999 99.9\n145 514 51.4\n"),
        ("x.json", of_json("131 999 999\n145 514 514")),  # with relative intensities
        ("x.csv", "m/z,count,intensity\n131,5,999\n145,2,514\n"),
        ("x.csv", "mass,m/z,intensity\n130.9,131,999\n145.1,145,514\n"),
        ("x.csv", "m/z,Int,m/z,Int\n131,999,145,514\n"),
        ("x.csv", "m/z,Int\n145,514\n131,999\n"),
    ],
)
def test_what_can_be_read_in_one_way_is(name, text, read):
    [found] = read(name, text)
    assert found.spectrum.mz.tolist() == [131.0, 145.0]
    assert found.spectrum.intensity.tolist() == [999.0, 514.0]


@pytest.mark.parametrize("units", ["1/CM", "TIME", "SECONDS", "PPM"])
def test_a_mass_spectrum_over_other_units_is_refused(units, read):
    table = f"##XUNITS={units}\n##PEAK TABLE"
    [found] = read("x.jdx", JCAMP.format("31,999 45,514").replace("##PEAK TABLE", table))
    assert "expected M/Z" in found.detail
