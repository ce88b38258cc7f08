import pytest
import torch

from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.formula_head import FormulaHead, Vocabulary


def formula(**atoms):
    return torch.tensor([atoms.get(element, 0) for element in ELEMENTS], dtype=torch.int16)


NOTHING = formula()
IONS = [
    formula(C=3, H=7), formula(C=2, H=3, O=1), formula(C=7, H=7), formula(C=1, Cl=3),
    formula(C=6, H=5), formula(H=2), formula(C=2, H=5),
]  # fmt: skip
LOSSES = [NOTHING, formula(C=1, H=3), formula(Cl=1), formula(H=1), formula(C=1, H=1, O=1)]


def head_of(likes=(), losses=LOSSES, max_mz=400):
    """Return a head that gives the same share to all possible formulas, or only to some."""
    head = FormulaHead(
        4, max_mz, ions=len(IONS), losses=len(losses), pieces=1, piece_width=8, dropout=0.0
    )
    usual = torch.full((len(IONS) + len(losses),), 1e-9 if likes else 1.0)
    for liked in likes:
        usual[liked] = 1.0
    head.start_from(Vocabulary(torch.stack(IONS), torch.stack(losses), usual))
    torch.nn.init.zeros_(head.score.weight)
    head.pieces.score.bias.data.fill_(-1e4)  # the vocabulary alone
    return head.eval()


def spectra(head, *smiles):
    batch = collate([featurize(read_molecule(s), Inputs(pieces=1)) for s in smiles])
    return head(torch.randn(len(smiles), 4), batch).detach()


def masses(spectrum, least=1e-3):
    """Return the m/z of what can be seen."""
    return ((spectrum > least).nonzero()[:, 0] + 1).tolist()


def test_only_formulas_that_the_molecule_has_make_peaks():
    # Of toluene: C7H7, C6H5 and C2H5, M, M - CH3, M - H; each with a 13C. C3H7 it has as well.
    [toluene] = spectra(head_of(), "Cc1ccccc1")
    assert masses(toluene) == [29, 30, 43, 44, 77, 78, 91, 92, 93]
    # Methane has none of the ions, and lighter ones than carbon are not recorded.
    assert masses(spectra(head_of(), "C")[0]) == [15, 16, 17]


def test_the_molecular_ion_and_a_loss_bring_the_isotopes_of_chlorine():
    loss = len(IONS) + 2  # of Cl
    [trichloromethyl] = spectra(head_of([loss]), "ClC(Cl)(Cl)Cl")
    exact = isotope_pattern({"C": 1, "Cl": 3})
    for shift in range(7):
        assert trichloromethyl[116 + shift].item() == pytest.approx(exact[shift], abs=1e-4)
    by_ion = spectra(head_of([3]), "ClC(Cl)(Cl)Cl")[0]
    assert torch.allclose(by_ion, trichloromethyl, atol=1e-6)


def test_the_molecule_itself_is_always_possible():
    for smiles in ("C", "[H][H]", "FC(F)(F)F", "B", "Cc1ccccc1"):
        molecule = read_molecule(smiles)
        [spectrum] = spectra(head_of([len(IONS)]), smiles)
        assert spectrum.argmax() + 1 == molecule.nominal_mass
        assert spectrum.sum().item() == pytest.approx(1)
        assert spectrum[molecule.highest_mz :].sum() == 0


def test_a_molecules_spectrum_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    head = head_of()
    torch.nn.init.normal_(head.score.weight)
    x = torch.randn(1, 4)
    smiles = ("CCCCl", "C[13CH3]", "ClC(Cl)(Cl)Cl")
    features = [featurize(read_molecule(s), Inputs(pieces=1)) for s in smiles]
    alone = head(x, collate(features[1:2]))[0]
    among = head(x.expand(3, -1), collate(features))[1]
    assert torch.allclose(alone, among, atol=1e-6)


def test_labels_shift_the_ions_that_hold_them():
    loss_of_methyl, loss_of_hydrogen = len(IONS) + 1, len(IONS) + 3
    # [13C]2-acetone loses a methyl that is labelled in two thirds of the ways to choose a carbon.
    [acetone] = spectra(head_of([loss_of_methyl]), "[13CH3]C(=O)[13CH3]")
    assert acetone[43] / acetone[44] == pytest.approx(2.0, rel=0.02)  # 44 holds one, 45 two
    # C2HD3O... loses a hydrogen of six, three of them deuterium.
    [labelled] = spectra(head_of([loss_of_hydrogen]), "[2H]C([2H])([2H])C(C)=O")
    assert labelled[58] / labelled[59] == pytest.approx(1.0, rel=0.05)
    # The molecular ion holds all of them.
    [molecule] = spectra(head_of([len(IONS)]), "[2H]C([2H])([2H])C(C)=O")
    assert masses(molecule, 0.01) == [61, 62]
    [carbons] = spectra(head_of([len(IONS)]), "[13CH3][13CH3]")
    assert masses(carbons) == [32]


def test_boron_ten_makes_an_ion_lighter():
    [molecule] = spectra(head_of([len(IONS)]), "[10BH3]")
    assert masses(molecule, 0.01) == [13]


def test_it_learns_which_ions_there_are():
    torch.manual_seed(0)
    head = head_of().train()
    features = [featurize(read_molecule(s), Inputs(pieces=1)) for s in ("CCCCl", "CCC(C)=O")]
    batch, x = collate(features), torch.eye(2, 4)
    wanted = torch.zeros(2, 400)
    wanted[0, 42] = wanted[1, 42] = 1.0  # C3H7 of one, C2H3O of the other
    optimizer = torch.optim.Adam(head.parameters(), lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = -(head(x, batch) * wanted).sum()
        loss.backward()
        optimizer.step()
    spectrum = head(x, batch).detach()
    assert spectrum[:, 42].min() > 0.9
    # Each brings its own isotopes: three carbons, or two and an oxygen.
    assert spectrum[0, 43] / spectrum[0, 42] == pytest.approx(0.0334, abs=0.003)
    assert spectrum[1, 43] / spectrum[1, 42] == pytest.approx(0.0226, abs=0.006)


def test_what_was_predicted_with_before_can_be_trained_and_loaded_anew():
    head, batch = head_of(), collate([featurize(read_molecule("CCC"), Inputs(pieces=1))])
    with torch.inference_mode():
        before = head(torch.ones(1, 4), batch)
    head(torch.ones(1, 4), batch).square().sum().backward()  # not refused
    assert head.score.bias.grad.abs().sum() > 0
    other = head.state_dict()
    other["ions"] = torch.stack([formula(C=1, H=3)] * len(IONS))
    head.load_state_dict(other)
    after = head(torch.ones(1, 4), batch).detach()
    assert masses(before[0]) == [29, 30, 43, 44, 45] and 15 in masses(after[0])
