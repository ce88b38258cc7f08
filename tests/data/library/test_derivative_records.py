"""Peaks are from records of MassBank, the low ones left out."""

import pytest

from builders import build_record
from nextims.chemistry.molecule import read_molecule
from nextims.config import DataConfig
from nextims.data.library.derivative_records import named_groups, recover
from nextims.data.library.splits import hash_share
from nextims.spectra.record import BadRecord

EVERYTHING_TRAINS = DataConfig(validation_fraction=0, test_fraction=0)

VALINE = "CC(C)[C@H](N)C(=O)O"
# KZ000241: 2TMS, M 261, shows the loss of a methyl only.
VALINE_PEAKS = {
    73: 700, 100: 120, 144: 999, 145: 180, 147: 150, 156: 20, 202: 10, 218: 374, 219: 80, 220: 37,
    246: 25, 247: 4, 248: 2,
}  # fmt: skip
# OUF00081: 2TMS, M 269.
METHYLCYTOSINE = "Cc1cnc(=O)[nH]c1N"
METHYLCYTOSINE_PEAKS = {
    73: 200, 99: 100, 112: 120, 147: 90, 197: 42, 238: 30, 253: 20, 254: 999, 255: 234, 256: 88,
    268: 25, 269: 198, 270: 46, 271: 17,
}  # fmt: skip
# OUF00204: neither M 467 nor the loss of a methyl, but both halves of the chain.
LYXOSE = "OC1COC(O)C(O)C1O"
LYXOSE_PEAKS = {
    73: 999, 89: 60, 103: 450, 104: 45, 105: 22, 147: 200, 160: 80, 161: 12, 162: 5,
    205: 30, 206: 6, 207: 3, 217: 300, 218: 65, 219: 28, 262: 20, 263: 5, 264: 2,
    307: 150, 308: 42, 309: 21,
}  # fmt: skip


def recovered(smiles, peaks, *remarks, config=EVERYTHING_TRAINS, **fields):
    return recover(build_record(smiles, peaks, remarks=remarks, **fields), config)


def same(smiles, other):
    return read_molecule(smiles).smiles == read_molecule(other).smiles


@pytest.mark.parametrize(
    ("remarks", "named"),
    [
        (["Glucose; GC-EI-TOF; MS; 5 TMS; 1 MEOX; BP:73"], {"tms": {5}, "meox": {1}}),
        (["L-Alanine, 2TMS derivative"], {"tms": {2}}),
        (["Malic acid; GC-EI-Q; MS; MEOX,2TBDMS-derivative"], {"meox": set(), "tbdms": {2}}),
        (["Adenine; n TMS", "DERIVATIVE_TYPE x TMS"], {"tms": set()}),
        (["Adenine; 2 TMS", "DERIVATIVE_TYPE n TMS"], {"tms": {2}}),
        (["Adenine; 2 TMS", "DERIVATIVE_TYPE 3 TMS"], {"tms": {2, 3}}),
        (["treated with N-methyl-N-trimethylsilyl-trifluoroacetamide(MSTFA)"], {"tms": set()}),
        (["Ethanol from the TMSR collection, C12TMS"], {}),
    ],
)
def test_groups_and_numbers_are_read(remarks, named):
    assert named_groups(remarks) == named


def test_named_number_borne_out_by_the_peaks():
    record = recovered(VALINE, VALINE_PEAKS, "L-Valine; GC-EI-TOF; MS; 2 TMS", formula="C5H11NO2")
    assert same(record.molecule.smiles, "CC(C)[C@H](N[Si](C)(C)C)C(=O)O[Si](C)(C)C")
    assert (record.name, record.formula) == (f"{VALINE} 2TMS", "C11H27NO2Si2")
    assert record.notes == ("structure derivatised (TMS)",)
    assert record.spectrum.mz.tolist() == list(VALINE_PEAKS)


@pytest.mark.parametrize("number", [1, 3, 4])
def test_named_number_that_the_peaks_contradict(number):
    assert recovered(VALINE, VALINE_PEAKS, f"L-Valine; GC-EI-TOF; MS; {number} TMS") is None


def test_peaks_choose_between_two_numbers():
    record = recovered(VALINE, VALINE_PEAKS, "L-Valine; 2 TMS", "DERIVATIVE_TYPE 3 TMS")
    assert record.molecule.nominal_mass == 261


def test_peaks_tell_the_number():
    record = recovered(METHYLCYTOSINE, METHYLCYTOSINE_PEAKS, "5-Methylcytosine; MS; n TMS")
    assert same(record.molecule.smiles, "Cc1cnc(O[Si](C)(C)C)nc1N[Si](C)(C)C")


def test_pair_of_ions_needs_no_name():
    assert recovered(METHYLCYTOSINE, METHYLCYTOSINE_PEAKS).molecule.nominal_mass == 269
    assert recovered(VALINE, VALINE_PEAKS) is None


@pytest.mark.parametrize(
    "changes",
    [
        {269: 0, 270: 0, 271: 0, 254: 9, 255: 2, 256: 1},  # too low to tell
        {255: 900, 270: 190},  # no isotopes of the formula
        {331: 400, 332: 140},  # a heavier compound
        {253: 700, 269: 0, 270: 0, 271: 0},  # the tail of another cluster
    ],
)
def test_number_is_not_guessed(changes):
    peaks = {mz: height for mz, height in (METHYLCYTOSINE_PEAKS | changes).items() if height}
    assert recovered(METHYLCYTOSINE, peaks, "5-Methylcytosine; MS; n TMS") is None


def test_number_may_be_named_where_the_loss_is_low():
    peaks = VALINE_PEAKS | {246: 3, 247: 1, 248: 0.3}
    assert recovered(VALINE, peaks, "L-Valine; MS; n TMS") is None
    assert recovered(VALINE, peaks, "L-Valine; MS; 2 TMS").molecule.nominal_mass == 261


def test_ion_of_silyl_groups_that_meet_tells_nothing():
    # m/z 147 would be the loss of a methyl from one group; the compound has two.
    peaks = {73: 999, 75: 100, 103: 120, 117: 900, 131: 40, 147: 700, 148: 110, 149: 57}
    assert recovered("CC(O)CO", peaks, "Propylene glycol; MS; n TMS") is None


def test_chain_tells_where_nothing_else_does():
    for remark in ("D-Lyxose; MS; n TMS", "D-Lyxose; MS; 4 TMS", "D-Lyxose; MS; 4 TMS; 1 MEOX"):
        record = recovered(LYXOSE, LYXOSE_PEAKS, remark)
        assert record.molecule.formula == "C18H45NO5Si4"
        assert record.notes == ("structure derivatised (TMS, MEOX)",)
    assert recovered(LYXOSE, LYXOSE_PEAKS, "D-Lyxose; MS; 4 TMS; 0 MEOX") is None
    half = {mz: height for mz, height in LYXOSE_PEAKS.items() if mz not in (205, 206, 207)}
    assert recovered(LYXOSE, half, "D-Lyxose; MS; n TMS") is None


def test_butyl_is_lost_from_tbdms():
    # OUF01001: glycine 2TBDMS, M 303.
    peaks = {73: 999, 147: 900, 189: 150, 218: 600, 219: 130, 246: 800, 247: 180, 248: 70, 288: 19}
    comment = "modified with tert-butyldimethylsilyl chloride; the TMS derivatives are a mixture"
    record = recovered("NCC(=O)O", peaks, "Glycine; GC-EI-QQ; MS; 2 TBDMS", comment)
    assert same(record.molecule.smiles, "CC(C)(C)[Si](C)(C)NCC(=O)O[Si](C)(C)C(C)(C)C")
    assert record.notes == ("structure derivatised (TBDMS)",)


def test_unclear_positions_are_left_out():
    # One of two hydroxyls: 2-phenylethane-1,2-diol 1TMS, M 210.
    peaks = {73: 500, 75: 300, 107: 999, 108: 90, 195: 300, 196: 52, 197: 15, 210: 90, 211: 16}
    bad = recovered("OCC(O)c1ccccc1", peaks, "Phenylethanediol; MS; 1 TMS", id="P")
    assert isinstance(bad, BadRecord)
    assert (bad.id, bad.reason, bad.detail) == ("P", "derivative with unclear positions", "1TMS")


def test_what_gives_no_derivative_is_left_out():
    # An enol's silyl ether stands in no order of reactivity: acetone, M 130.
    peaks = {43: 200, 73: 500, 75: 999, 115: 800, 116: 90, 117: 35, 130: 300, 131: 34, 132: 12}
    assert recovered("CC(C)=O", peaks, "Acetone; 1 TMS").reason == (
        "derivative with unclear positions"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"test_fraction": 0.96, "validation_fraction": 0},
        {"test_fraction": 0, "validation_fraction": 0.96},
    ],
)
def test_only_what_trains_with_its_parent_is_used(settings):
    bad = recovered(VALINE, VALINE_PEAKS, "L-Valine; 2 TMS", config=DataConfig(**settings))
    assert bad.reason == "derivative of a molecule outside the training split"


def test_parent_in_another_split_keeps_the_derivative_out():
    shares = [
        hash_share(read_molecule(smiles).inchikey[:14])
        for smiles in (VALINE, "CC(C)C(N[Si](C)(C)C)C(=O)O[Si](C)(C)C")
    ]
    between = DataConfig(test_fraction=sum(shares) / 2, validation_fraction=0)
    bad = recovered(VALINE, VALINE_PEAKS, "L-Valine; 2 TMS", config=between)
    assert bad.reason == "derivative of a molecule outside the training split"


def test_derivative_passes_the_filters_too():
    light = DataConfig(validation_fraction=0, test_fraction=0, max_mz=260)
    bad = recovered(VALINE, VALINE_PEAKS, "L-Valine; 2 TMS", config=light)
    assert bad.reason == "mass above max_mz"
