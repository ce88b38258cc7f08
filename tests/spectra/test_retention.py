import pytest

from nextims.spectra.retention import RetentionError, RetentionIndex, check_index, column_kind

KINDS = {
    "standard non-polar": [
        "DB-1",
        "HP-1MS",
        "OV-1",
        "OV-101",
        "SE-30",
        "CP-Sil 5 CB",
        "InertCap 1",
    ],
    "semi-standard non-polar": [
        "DB-5MS",
        "HP-5",
        "HP-5MS 30 m 0.25 mm 0.50 um",
        "Rxi-5Sil MS",
        "VF-5ms",
        "ZB-5",
        "SE-54",
        "CP-SIL 8 CB LOW BLEED/MS",
        "InertCap 5MS/NP 0.25 mmI.D. x 30 m, df=0.25 um",
        "5 % phenyl (DB-5MS type)",
        "SemiStdNP",
    ],
    "mid-polar": ["DB-17MS", "DB-1701", "Rtx-35", "OV-17", "HP-50+", "50% phenyl methyl siloxane"],
    "polar": ["DB-WAX", "HP-INNOWax", "Carbowax 20M", "BP-20", "StdPolar"],
    "": ["", "column 7", "C18"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_columns_name_tells_its_kind(kind):
    assert {column_kind(name) for name in KINDS[kind]} == {kind}
    assert column_kind(kind) == kind  # so that what is written is read back


@pytest.mark.parametrize("absurd", [-1234, 0, 99, 12345, float("nan"), float("inf")])
def test_an_index_that_no_compound_has_is_refused(absurd):
    with pytest.raises(RetentionError, match="expected 100"):
        check_index(absurd)


def test_an_interval_is_told_with_its_column_and_as_a_deviation():
    index = RetentionIndex(1234.4, 1200.0, 1300.0)
    assert str(index) == "1234 (90 %: 1200-1300, semi-standard non-polar)"
    assert index.deviation == pytest.approx(30.4, abs=0.1)
