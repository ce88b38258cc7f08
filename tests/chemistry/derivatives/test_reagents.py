import pytest

from nextims.chemistry.derivatives.reagents import REAGENTS


# From the exact masses of the atoms (CODATA/AME), not from RDKit.
@pytest.mark.parametrize(
    ("reagent", "shift"),
    [
        ("tms", 72.0395),
        ("meox", 29.0265),
        ("acetyl", 42.0106),
        ("methyl", 14.0157),
        ("tbdms", 114.0865),
    ],
)
def test_exact_shift(reagent, shift):
    assert REAGENTS[reagent].exact_shift == pytest.approx(shift, abs=5e-5)
    assert REAGENTS[reagent].shift == round(shift)
