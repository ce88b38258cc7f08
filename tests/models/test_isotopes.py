import pytest
import torch

from nextims.chemistry.isotopes import CENTRES, isotope_pattern
from nextims.chemistry.molecule import ELEMENTS
from nextims.models.isotopes import IsotopeEnvelope


def envelope(counts):
    row = torch.tensor([[counts.get(element, 0) for element in ELEMENTS]])
    shifts = range(IsotopeEnvelope.LOWEST, IsotopeEnvelope.HIGHEST + 1)
    middle = sum(CENTRES.get(element, 0) * number for element, number in counts.items())
    return {
        middle + shift: share
        for shift, share in zip(shifts, IsotopeEnvelope()(row)[0].tolist(), strict=True)
    }


@pytest.mark.parametrize(
    "counts",
    [
        {"C": 1, "Cl": 4},
        {"C": 1, "Br": 4},
        {"C": 60},
        {"C": 6, "Br": 6},
        {"C": 22, "H": 55, "N": 1, "O": 6, "Si": 5},
        {"C": 4, "H": 8, "S": 8},
        {"B": 3, "H": 6, "N": 3},
        {"C": 40, "H": 82},
        {"C": 24, "H": 54, "Sn": 2},
        {"C": 2, "H": 6, "Se": 2},
        {"C": 12, "H": 10, "Hg": 1},
        {"C": 8, "H": 20, "Pb": 1},
        {"C": 12, "H": 30, "Ge": 2},
        {"H": 2},
        {"F": 3, "I": 1, "P": 1},
        {},
    ],
    ids=str,
)
def test_it_equals_the_convolution_of_the_elements_isotopes(counts):
    exact = isotope_pattern(counts)
    for shift, share in envelope(counts).items():
        assert share == pytest.approx(exact.get(shift, 0.0), abs=2e-6), shift


def test_the_chlorines_of_carbon_tetrachloride():
    # (a + b)^4 with 35Cl : 37Cl = 75.76 : 24.24.
    pattern = envelope({"Cl": 4})
    binomial = [0.3294, 0.4216, 0.2023, 0.0432, 0.0035]
    assert [pattern[2 * i] for i in range(5)] == pytest.approx(binomial, abs=2e-4)
