"""SDF with spectra, as NIST and MoNA write it."""

import pytest
from rdkit import Chem

from nextims.spectra.record import BadRecord, Record


def sdf(peaks="31 999\n45 510\n46 220", *, block=None, num_peaks=3, tags=(), end="$$$$\n"):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) if block is None else block
    items = {"NAME": "Ethanol", "FORMULA": "C2H6O", "MW": "46", "CASNO": "64-17-5", "ID": "5"}
    items |= dict(tags)
    if num_peaks is not None:
        items["NUM PEAKS"] = str(num_peaks)
    if peaks is not None:
        items["MASS SPECTRAL PEAKS"] = peaks
    return block + "".join(f">  <{tag}>\n{value}\n\n" for tag, value in items.items()) + end


def test_a_record_of_nist(read, pairs):
    text = sdf(tags={"EXACT MASS": "46.0419", "INCHIKEY": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}.items())
    [record] = read("x.sdf", text)
    assert (record.name, record.id, record.formula, record.nominal_mass) == (
        "Ethanol", "5", "C2H6O", 46,
    )  # fmt: skip
    assert record.molecule.smiles == "CCO"
    assert record.inchikey == "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"
    assert pairs(record) == [(31, 999), (45, 510), (46, 220)]


def test_a_record_of_mona(read):
    tags = {
        "COMMENT": "computed SMILES=OCC\nauthor=x\nSMILES=CCO",
        "SPECTRUM TYPE": "MS1",
        "INSTRUMENT TYPE": "EI-B",
        "ION MODE": "P",
    }
    [record] = read("x.sdf", sdf(block="No Structure\n\n\n  0  0  0\nM  END\n", tags=tags.items()))
    assert record.molecule.smiles == "CCO"
    assert (record.ionization, record.ion_mode, record.ms_level) == ("EI", "positive", 1)
    assert "author=x" in record.remarks


@pytest.mark.parametrize(
    "peaks",
    ["31 999; 45 510; 46 220", "31 999\r\n45 510\r\n46 220", '31\t999 "CH3O"\n45 510 x\n46 220 y'],
)
def test_dialects_of_peaks(read, pairs, peaks):
    assert pairs(read("x.sdf", sdf(peaks))[0]) == [(31, 999), (45, 510), (46, 220)]


@pytest.mark.parametrize("peaks", ["31,02 999\n45,03 510", "31,02\t999,0\n45,03\t510,0"])
@pytest.mark.parametrize("num_peaks", [None, 2, "2.0", "2 (relative)"])
def test_decimal_commas(read, pairs, peaks, num_peaks):
    assert pairs(read("x.sdf", sdf(peaks, num_peaks=num_peaks))[0]) == [(31.02, 999), (45.03, 510)]


@pytest.mark.parametrize(
    "peaks",
    [
        "31,5 45,5\n46,2 47,5",
        "31,02 9.990\n45,03 5.100",
        "1,031 999\n45 500",
        "31 9,990",
        "31 9,990\n45 5,100",
    ],
)
def test_commas_that_may_be_either(read, peaks):
    assert "may" in read("x.sdf", sdf(peaks, num_peaks=None))[0].detail


def test_a_structure_that_rdkit_rejects_leaves_the_spectrum(read):
    broken = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).replace(" C ", " Xx", 1)
    first, second = read("x.sdf", sdf(block=broken, tags={"SMILES": "OCC"}.items()) + sdf())
    assert first.molecule.smiles == second.molecule.smiles == "CCO"
    assert len(first.structures) == 2


def test_the_title_of_the_structure_is_the_name_where_there_is_no_other(read):
    block = "spirit" + Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    [record] = read("x.sdf", sdf(block=block, tags={"NAME": ""}.items()))
    assert record.name == "spirit"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (sdf(num_peaks=2), "Num Peaks says 2, found 3 peaks"),
        (sdf("31 999\n4x5 510", num_peaks=2), "4x5"),
        (sdf(None), "no MASS SPECTRAL PEAKS"),
    ],
)
def test_damage_spoils_one_record_only(read, text, detail):
    bad, after = read("x.sdf", text + sdf())
    assert isinstance(bad, BadRecord)
    assert (bad.line, bad.id, bad.reason) == (1, "5", "peak list cannot be read")
    assert detail in bad.detail
    assert isinstance(after, Record)
    assert after.line == text.count("\n") + 1


def test_a_file_that_is_cut_off(read):
    whole = sdf(end="")
    assert isinstance(read("x.sdf", whole)[0], Record)
    for end in range(1, 40):
        assert isinstance(read("x.sdf", whole[: -1 - end])[0], BadRecord)
    assert isinstance(read("x.sdf", whole[: whole.rindex("46 220")])[0], BadRecord)
    assert read("x.sdf", sdf(num_peaks=None, end=""))[0].detail == "ends without $$$$"
    assert isinstance(read("x.sdf", sdf()[:60])[0], BadRecord)
