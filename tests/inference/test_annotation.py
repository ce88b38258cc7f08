"""The ions behind the peaks: they cover what the head gives and are possible pieces."""

import re
from collections import Counter

import numpy as np
import pytest
import torch
from rdkit import Chem

from nextims.chemistry.formula import ELECTRON_MASS
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.inference import PredictedSpectrum
from nextims.inference.annotation import annotate
from nextims.spectra.spectrum import Spectrum, nominal_mz

VARIED = [
    "Cc1ccccc1",
    "ClC(Cl)(Cl)Cl",
    "BrCCCBr",
    "CC(=O)C([2H])([2H])[2H]",
    "[2H]C([2H])([2H])C(=O)C([2H])([2H])[2H]",
    "[13CH3]c1ccccc1",
    "C[Si](C)(C)OC(C)=O",
    "OB(O)c1ccccc1",
    "CSCC(=O)OC",
    "[2H]O[2H]",
    "C",
]
TABLE = Chem.GetPeriodicTable()


@pytest.fixture(scope="module")
def explain(small_teacher):
    """Return a function: SMILES to the teacher's parts and its annotated peaks, every bin one."""

    def run(*smiles, smallest_share=0.0):
        molecules = [read_molecule(text) for text in smiles]
        batch = collate([featurize(m, Inputs(graph=True, fragments=60)) for m in molecules])
        with torch.inference_mode():
            prediction = small_teacher(batch)
        annotated = []
        for i, molecule in enumerate(molecules):
            bins = prediction.intensity[i].numpy()
            spectrum = Spectrum(np.arange(1, len(bins) + 1), bins)
            result = PredictedSpectrum(1, "", molecule, spectrum)
            annotated.append(
                annotate(result, prediction, batch.fragments, i, smallest_share=smallest_share)
            )
        return prediction, annotated

    return run


def atoms_in(formula):
    """Count the atoms of a formula by element and mass number (0 where it names none)."""
    counts = Counter()
    for isotope, element, plain, number in re.findall(
        r"(?:\[(\d+)([A-Z][a-z]?)\]|([A-Z][a-z]?))(\d*)", formula
    ):
        nuclide = ("H", 2) if plain == "D" else (plain or element, int(isotope or 0))
        counts[nuclide] += int(number or 1)
    return counts


def mass_of(formula):
    return sum(
        n * TABLE.GetMassForIsotope(e, isotope or TABLE.GetMostCommonIsotope(e))
        for (e, isotope), n in atoms_in(formula).items()
    )


def ions_of(peaks):
    return [(peak, ion) for peak in peaks for ion in peak.ions]


def amount_in_ions(prediction, peak, ion):
    """Return an ion's intensity in the first spectrum."""
    return float(prediction.intensity[0, int(peak.mz) - 1]) * ion.share


def test_the_ions_cover_all_that_comes_from_ions(explain):
    prediction, annotated = explain(*VARIED)
    for i, peaks in enumerate(annotated):
        covered = [peak.intensity * sum(ion.share for ion in peak.ions) for peak in peaks]
        np.testing.assert_allclose(covered, prediction.extra.from_ions[i], atol=2e-6)


def test_the_shares_of_a_peak_sum_to_one(explain):
    _, annotated = explain(*VARIED, smallest_share=0.01)
    others = 0
    for peak in (peak for peaks in annotated for peak in peaks if peak.intensity > 1e-6):
        shares = [ion.share for ion in peak.ions]
        assert sum(shares) + peak.other_ions + peak.unexplained == pytest.approx(1, abs=1e-6)
        assert shares == sorted(shares, reverse=True)
        assert min(shares, default=1) >= 0.01
        others += peak.other_ions > 0.001
    assert others > 10


def test_an_ion_and_its_neutral_loss_are_the_molecule(explain):
    _, annotated = explain(*VARIED)
    for smiles, peaks in zip(VARIED, annotated, strict=True):
        molecule = read_molecule(smiles)
        whole = atoms_in(Chem.rdMolDescriptors.CalcMolFormula(molecule.mol, separateIsotopes=True))
        light = [ion for _, ion in ions_of(peaks) if ion.isotope_shift == 0]
        assert len(light) >= 3
        for ion in light:
            assert ion.formula.endswith("+")
            assert atoms_in(ion.formula) + atoms_in(ion.neutral_loss) == whole
            # 10B with 13C weighs 7 mDa more than 11B with 12C, and counts in the mean.
            tolerance = 2e-4 if "B" in molecule.element_counts else 1e-6
            expected = mass_of(ion.formula) - ELECTRON_MASS
            assert ion.mz == pytest.approx(expected, abs=tolerance)


def test_no_ion_comes_twice_in_a_peak_and_all_fall_into_its_bin(explain):
    _, annotated = explain(*VARIED)
    for peak in (peak for peaks in annotated for peak in peaks):
        # A deuterium can be the molecule's label or one of nature's, of another neutral loss.
        ions = [(ion.formula, ion.neutral_loss) for ion in peak.ions]
        assert len(set(ions)) == len(ions)
        assert {int(nominal_mz(ion.mz)) for ion in peak.ions} <= {int(peak.mz)}


@pytest.mark.parametrize("smiles", VARIED)
def test_the_piece_has_the_atoms_of_the_formula(explain, smiles):
    mol = read_molecule(smiles).mol
    _, [peaks] = explain(smiles)
    for _, ion in ions_of(peaks):
        atoms = [mol.GetAtomWithIdx(i) for i in ion.atoms]
        heavy = Counter(atom.GetSymbol() for atom in atoms if atom.GetSymbol() != "H")
        hydrogens = sum(a.GetTotalNumHs() + (a.GetSymbol() == "H") for a in atoms)
        elements = Counter()
        for (element, _), number in atoms_in(ion.formula).items():
            elements[element] += number
        assert elements.pop("H", 0) == hydrogens + ion.hydrogen_shift
        assert elements == heavy
        assert mol.HasSubstructMatch(Chem.MolFromSmarts(ion.piece))


def test_carbon_tetrachloride_in_its_isotopes(explain):
    prediction, [peaks] = explain("ClC(Cl)(Cl)Cl")
    assert {e for _, ion in ions_of(peaks) for e, _ in atoms_in(ion.formula)} == {"C", "Cl"}
    trichloromethyl = {
        "CCl3+": 116.9060, "CCl2[37Cl]+": 118.9031, "CCl[37Cl]2+": 120.9001, "C[37Cl]3+": 122.8972,
    }  # fmt: skip
    pattern = isotope_pattern({"C": 1, "Cl": 3})
    found = {ion.formula: (peak, ion) for peak, ion in ions_of(peaks)}
    for shift, (formula, mz) in enumerate(trichloromethyl.items()):
        peak, ion = found[formula]
        assert (ion.neutral_loss, ion.isotope_shift, ion.piece) == ("Cl", 2 * shift, "ClC(Cl)Cl")
        assert ion.mz == pytest.approx(mz, abs=5e-5)
        assert peak.mz == 117 + 2 * shift
    amounts = [amount_in_ions(prediction, *found[formula]) for formula in trichloromethyl]
    for shift, amount in zip((0, 2, 4, 6), amounts, strict=True):
        assert amount / amounts[0] == pytest.approx(pattern[shift] / pattern[0], rel=1e-3)


def test_tropylium(explain):
    _, [peaks] = explain("Cc1ccccc1")
    by_formula = {ion.formula: (peak.mz, ion) for peak, ion in ions_of(peaks)}
    mz, tropylium = by_formula["C7H7+"]
    assert (mz, tropylium.neutral_loss, tropylium.hydrogen_shift) == (91, "H", -1)
    assert tropylium.mz == pytest.approx(91.0542, abs=5e-5)
    assert tropylium.atoms == tuple(range(7))
    mz, phenyl = by_formula["C6H5+"]
    assert (mz, phenyl.neutral_loss) == (77, "CH3")
    molecular_ion = by_formula["C7H8+"][1]
    assert (molecular_ion.neutral_loss, molecular_ion.piece) == ("", "Cc1ccccc1")
    assert by_formula["C6[13C]H8+"][0] == 93


def test_deuterated_acetone(explain):
    _, [whole, half] = explain("[2H]C([2H])([2H])C(=O)C([2H])([2H])[2H]", "CC(=O)C([2H])([2H])[2H]")
    # There is no light hydrogen that could move or stay.
    assert {e for _, ion in ions_of(whole) for e in atoms_in(ion.formula)} >= {("H", 2)}
    assert not any(("H", 0) in atoms_in(ion.formula) for _, ion in ions_of(whole))
    acetyl = {ion.formula: ion for _, ion in ions_of(whole)}["C2D3O+"]
    assert acetyl.mz == pytest.approx(46.0367, abs=5e-5)
    assert acetyl.neutral_loss == "CD3"
    by_formula = {ion.formula: (peak, ion) for peak, ion in ions_of(half)}
    # Either half of [D3]acetone is kept, and M - H is as probable as M - D.
    assert by_formula["C2H3O+"][1].neutral_loss == "CD3"
    assert by_formula["C2D3O+"][1].neutral_loss == "CH3"
    assert (by_formula["C3H2D3O+"][0].mz, by_formula["C3H3D2O+"][0].mz) == (60, 59)


def test_hydrogens_and_deuteriums_leave_alike(explain, small_teacher, monkeypatch):
    for member in small_teacher.members:  # the gate chooses the fragment head everywhere
        monkeypatch.setattr(member.gate.bias, "data", member.gate.bias - 50)
    prediction, [peaks] = explain("CC(=O)C([2H])([2H])[2H]")
    parts = {ion.formula: amount_in_ions(prediction, peak, ion) for peak, ion in ions_of(peaks)}
    assert parts["C3H2D3O+"] == pytest.approx(parts["C3H3D2O+"], rel=1e-4)
    # Of two hydrogens among three of each kind, 3 of 15 pairs are HH, 9 HD and 3 DD.
    assert parts["C3H2D2O+"] == pytest.approx(3 * parts["C3H3DO+"], rel=1e-4)


def test_a_label_stays_with_its_atom(explain):
    _, [peaks] = explain("[13CH3]c1ccccc1")
    by_formula = {ion.formula: (peak.mz, ion.piece) for peak, ion in ions_of(peaks)}
    assert by_formula["C6[13C]H7+"] == (92, "[13CH3]c1ccccc1")
    assert by_formula["C6H5+"] == (77, "c1ccccc1")


def test_a_molecule_is_explained_alike_alone_and_in_a_batch(explain):
    _, together = explain(*VARIED)
    for smiles, peaks in zip(VARIED, together, strict=True):
        _, [alone] = explain(smiles)
        first, second = (
            {i.formula: i for _, i in ions_of(p) if i.share > 0.01} for p in (peaks, alone)
        )
        assert first.keys() == second.keys()
        for formula, ion in first.items():
            assert ion.share == pytest.approx(second[formula].share, abs=1e-4)
            assert ion.mz == second[formula].mz
