import pytest
import torch

from nextims.chemistry.isotope_labels import SHIFTS
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.formula_head import FormulaHead
from nextims.models.piece_head import PieceHead

UNMOVED = SHIFTS.index(0)


def batch_of(*smiles, most=50):
    return collate([featurize(read_molecule(s), Inputs(pieces=most)) for s in smiles])


def scores(*smiles):
    torch.manual_seed(0)
    head, batch = PieceHead(4, 8, 0.0).eval(), batch_of(*smiles)
    return head(torch.ones(len(smiles), 4), batch.atoms, batch.pieces).detach(), batch.pieces


def spectra(*smiles, shift=0):
    """Return spectra of pieces alone, all equally likely and with one hydrogen shift."""
    head = FormulaHead(4, 200, ions=1, losses=1, pieces=50, piece_width=8, dropout=0.0).eval()
    with torch.no_grad():
        head.score.bias.fill_(-1e4)
        head.pieces.score.weight.zero_()
        head.pieces.score.bias.fill_(-1e4)
        head.pieces.score.bias[SHIFTS.index(shift)] = 0
        return head(torch.randn(len(smiles), 4), batch_of(*smiles))


def masses(spectrum, least=1e-3):
    return ((spectrum > least).nonzero()[:, 0] + 1).tolist()


def test_a_piece_has_only_the_hydrogens_that_there_are():
    [found, pieces] = scores("CO")
    hydrogens = pieces.elements[:, ELEMENTS.index("H")].tolist()
    possible = torch.isfinite(found)
    for row, own in zip(possible, hydrogens, strict=True):
        assert [shift for shift, p in zip(SHIFTS, row, strict=True) if p] == [
            shift for shift in SHIFTS if 0 <= own + shift <= 4
        ]
    assert hydrogens[0] == 4  # the whole molecule, which takes up none


def test_methyl_bromide_gives_methyl_and_bromine():
    [spectrum] = spectra("CBr")
    assert masses(spectrum) == [15, 16, 79, 81, 94, 95, 96, 97]
    exact = isotope_pattern({"Br": 1})
    assert (spectrum[80] / spectrum[78]).item() == pytest.approx(exact[2] / exact[0], rel=1e-3)


def test_hydrogen_moves_on_to_a_piece():
    assert {32, 46} & set(masses(spectra("CCO", shift=1)[0])) == {32}  # CH3OH+, and no M + 1


def test_a_labelled_piece_is_heavier():
    [plain, labelled] = spectra("CC#N", "[2H]C([2H])([2H])C#N")
    assert plain[14] > 0.1 and labelled[17] > 0.1 and labelled[14] < 1e-3  # of 15N


def test_the_order_of_molecules_changes_nothing():
    [forward, back] = spectra("CCO", "c1ccccc1"), spectra("c1ccccc1", "CCO")
    assert torch.allclose(forward, back.flip(0), atol=1e-6)


def test_what_is_left_of_the_molecule_counts():
    """Equal pieces of different molecules get different scores: the loss is read as well."""
    [found, pieces] = scores("CCO", "CCN")
    methyl = torch.tensor([{"C": 1, "H": 3}.get(element, 0) for element in ELEMENTS])
    rows = (pieces.elements == methyl).all(1).nonzero()[:, 0]
    assert pieces.molecule[rows].tolist() == [0, 1]
    assert not torch.allclose(*found[rows, UNMOVED])
