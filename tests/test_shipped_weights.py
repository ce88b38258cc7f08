"""The weights that come with the code: there, small, described, and sane on known compounds."""

import re

import numpy as np
import pytest
from rdkit import Chem

from builders import bit_flips
from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.config import PROJECT_ROOT, load_config
from nextims.data.bde.bond_table import bond_rows
from nextims.evaluation.trust import trust_path
from nextims.files.digest import digest_path, file_digest
from nextims.inference import Predictor
from nextims.inference.loading import open_predictor
from nextims.inference.onnx.predictor import OnnxError, OnnxPredictor
from nextims.models.bde_backends import NativeBackend
from nextims.models.checkpoint import CheckpointError, load_plain, weights_digest
from nextims.training.bde import bde_arguments, load_bde_model
from nextims.training.card_figures import card_path

TEACHER = PROJECT_ROOT / "checkpoints" / "teacher" / "best_finetune_teacher.pt"
STUDENT = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"
BDE = PROJECT_ROOT / "checkpoints" / "bde" / "bde.pt"
BOTH = pytest.mark.parametrize("path", [TEACHER, STUDENT], ids=["teacher", "student"])

# Base peaks as any library has them.
BASE_PEAKS = {
    "CCO": 31,  # loss of methyl
    "c1ccccc1": 78,  # the molecular ion
    "Cc1ccccc1": 91,  # tropylium
    "CC(=O)c1ccccc1": 105,  # benzoyl
    "CC(C)=O": 43,  # acetyl
    "CCCCCCCCN": 30,  # alpha-cleavage
    "c1ccc2ccccc2c1": 128,
}


@BOTH
def test_they_are_small_finished_and_described(path):
    assert path.stat().st_size < {TEACHER: 60e6, STUDENT: 21e6}[path]  # the teacher: 3 networks
    metadata = load_plain(path)["metadata"]
    assert {"finished", "commit", "data", "validation", "version"} <= set(metadata)
    card = card_path(path).read_text()
    for name, value in metadata["validation"].items():
        assert f"{value:.4f}" in card or name.startswith("expert_")
    assert "Test: 1203 spectra" in card
    assert "CC BY-NC-SA" in card


def test_every_expert_of_the_student_gets_a_tenth_of_the_validation_split():
    validation = load_plain(STUDENT)["metadata"]["validation"]
    shares = [share for name, share in validation.items() if name.startswith("expert_")]
    assert len(shares) == 4
    assert min(shares) >= 0.1


def test_the_student_says_how_far_it_is_to_be_trusted():
    export = STUDENT.with_suffix(".onnx")
    assert trust_path(export).stat().st_size < 2e6
    smiles = ["CCCCCCCCCC", "CCOP(=S)(OCC)Oc1ccc(cc1)[N+](=O)[O-]"]
    for checkpoint in (STUDENT, export):
        decane, parathion = open_predictor(checkpoint, device="cpu").predict(smiles, neighbours=1)
        of_decane, of_parathion = (
            each.uncertainty.expected["entropy_similarity"].mean for each in (decane, parathion)
        )
        assert of_decane > 0.85 > of_parathion
        assert "ANE" in decane.uncertainty.neighbours[0].name.upper()
        assert any("organophosphorus" in note for note in parathion.notes)
        assert not decane.notes


def test_the_students_export_is_of_the_same_weights_and_small():
    exported = OnnxPredictor(STUDENT.with_suffix(".onnx"))
    assert exported.checkpoint_sha256 == file_digest(STUDENT)
    assert exported.unchecked is None
    assert STUDENT.with_suffix(".onnx").stat().st_size < 20.5e6
    by_checkpoint = Predictor.from_checkpoint(STUDENT, device="cpu").predict(list(BASE_PEAKS))
    for own, other in zip(exported.predict(list(BASE_PEAKS)), by_checkpoint, strict=True):
        own, other = own.spectrum.binned(200), other.spectrum.binned(200)
        np.testing.assert_allclose(own, other, atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("path", [TEACHER, STUDENT, BDE], ids=lambda path: path.stem)
def test_a_bit_that_turned_over_in_them_is_noticed(path, tmp_path):
    damaged_file = tmp_path / path.name
    noticed = 0
    for damaged in bit_flips(path.read_bytes()):
        damaged_file.write_bytes(damaged)
        try:
            assert weights_digest(damaged_file) == weights_digest(path)
        except CheckpointError as error:
            assert path.name in str(error)
            noticed += 1
    assert noticed >= 45  # the others lie between the parts of the file


@pytest.mark.slow
def test_a_bit_that_turned_over_in_the_export_is_noticed(tmp_path):
    exported = STUDENT.with_suffix(".onnx")
    damaged_file = tmp_path / exported.name
    digest_path(damaged_file).write_bytes(digest_path(exported).read_bytes())
    for damaged in bit_flips(exported.read_bytes()):
        damaged_file.write_bytes(damaged)
        with pytest.raises(OnnxError, match=r"best_student\.onnx: damaged"):
            OnnxPredictor(damaged_file)


@pytest.fixture(scope="module", params=[TEACHER, STUDENT], ids=["teacher", "student"])
def predictor(request):
    return Predictor.from_checkpoint(request.param, device="cpu")


@pytest.mark.parametrize("smiles", BASE_PEAKS)
def test_base_peaks_are_those_of_the_textbook(predictor, smiles):
    [result] = predictor.predict([smiles])
    assert result.highest_peaks(1)[0].mz == BASE_PEAKS[smiles]


def test_chlorobenzene_has_its_molecular_ion_twice_and_phenyl(predictor):
    [result] = predictor.predict(["Clc1ccccc1"])
    highest = {peak.mz: peak.intensity for peak in result.highest_peaks(3)}
    assert set(highest) == {77, 112, 114}
    assert 0.2 < highest[114] / highest[112] < 0.5  # 0.32 by the abundance of 37Cl


@pytest.mark.parametrize(
    ("smiles", "mz", "shift", "formula"),
    [
        ("Brc1ccccc1", 156, 2, {"C": 6, "H": 5, "Br": 1}),
        ("Clc1ccccc1", 112, 2, {"C": 6, "H": 5, "Cl": 1}),
        ("ClC(Cl)(Cl)Cl", 117, 2, {"C": 1, "Cl": 3}),
        ("ClC(Cl)(Cl)Cl", 117, 4, {"C": 1, "Cl": 3}),
        ("Brc1ccc(Br)cc1", 234, 2, {"C": 6, "H": 4, "Br": 2}),
        ("Brc1ccc(Br)cc1", 234, 4, {"C": 6, "H": 4, "Br": 2}),
        ("CCCBr", 122, 2, {"C": 3, "H": 7, "Br": 1}),
        ("C[Si](C)(C)Cl", 93, 2, {"C": 2, "H": 6, "Si": 1, "Cl": 1}),
        ("c1ccsc1", 84, 2, {"C": 4, "H": 4, "S": 1}),
    ],
)
def test_isotope_patterns_are_computed(predictor, smiles, mz, shift, formula):
    [result] = predictor.predict([smiles])
    intensity = {peak.mz: peak.intensity for peak in result.peaks}
    pattern = isotope_pattern(formula)
    # Other ions lie there as well: M + 2 of M - 1 and what has taken up hydrogens.
    expected = pattern[shift] / pattern[0]
    assert intensity[mz + shift] / intensity[mz] == pytest.approx(expected, rel=0.05, abs=0.01)


@pytest.mark.parametrize(
    ("smiles", "mz", "formula"),
    [
        ("CC[Sn](CC)(CC)CC", 236, {"C": 8, "H": 20, "Sn": 1}),
        ("CC[Pb](CC)(CC)CC", 324, {"C": 8, "H": 20, "Pb": 1}),
        ("CC[As](CC)CC", 162, {"C": 6, "H": 15, "As": 1}),
        ("c1ccc(cc1)[Hg]c1ccccc1", 356, {"C": 12, "H": 10, "Hg": 1}),
        ("C[Se][Se]C", 190, {"C": 2, "H": 6, "Se": 2}),
    ],
)
def test_elements_that_they_have_hardly_seen_have_their_isotopes(predictor, smiles, mz, formula):
    results = predictor.predict([smiles])
    if not predictor.names_ions:
        results += OnnxPredictor(STUDENT.with_suffix(".onnx")).predict([smiles])
    for result in results:
        assert re.match("(no|little) training data", result.notes[0])
        intensity = {peak.mz: peak.intensity for peak in result.peaks}
        pattern = isotope_pattern(formula)
        seen = [shift for shift in pattern if pattern[shift] > 0.02]
        # All have at least what the molecular ion gives them; those that lost hydrogen lie on it.
        for shift in seen:
            assert intensity[mz + shift] / intensity[mz] > 0.95 * pattern[shift] / pattern[0]
        expected = pattern[max(seen)] / pattern[0]
        assert intensity[mz + max(seen)] / intensity[mz] == pytest.approx(expected, abs=0.02)
        assert result.peaks[-1].mz <= result.molecule.highest_mz


def test_no_peak_above_the_isotopes_or_below_carbon(predictor):
    smiles = ["ClC(Cl)(Cl)Cl", "CCCCCCCCCCCCCCCC(=O)OC", "C[Si](C)(C)OCC", "Brc1ccc(Br)cc1"]
    for result in predictor.predict(smiles):
        assert result.peaks[0].mz >= 12
        assert result.peaks[-1].mz <= result.molecule.highest_mz


def test_a_spectrum_does_not_depend_on_how_the_smiles_is_written(predictor):
    one, other = predictor.predict(["OC(=O)c1ccccc1O", "c1ccc(C(O)=O)c(c1)O"])
    assert [p.mz for p in one.peaks] == [p.mz for p in other.peaks]
    assert one.spectrum.intensity == pytest.approx(other.spectrum.intensity, abs=1e-5)


def test_the_bde_model_is_small_finished_and_described():
    assert BDE.stat().st_size < 10e6
    content = load_plain(BDE)
    metadata = content["metadata"]
    assert {"finished", "commit", "version", "atom_kinds", "training_bonds"} <= set(metadata)
    assert metadata["data"]["source"] == "alfabet==0.1.0"
    assert metadata["training_molecules"] > 60_000
    assert max(metadata["test"].values()) < 1  # kcal/mol
    card = card_path(BDE).read_text()
    for split in ("test", "validation"):
        for quantity in ("bde_error", "bdfe_error"):
            assert f"{metadata[split][quantity]:.3f}" in card
    for fact in (metadata["data"]["sha256"], metadata["commit"], "BSD-3-Clause", "# bde.pt"):
        assert fact in card
    elements = ", ".join(sorted({kind[0] for kind in metadata["atom_kinds"]}))
    assert f"ten heavy atoms of {elements}." in card


def test_the_bde_model_fits_the_teacher_of_the_shipped_settings():
    config = load_config()
    assert config.bde.checkpoint == BDE
    load_bde_model(config)
    teacher = load_plain(TEACHER)["model_config"]
    assert {name: teacher[name] for name in bde_arguments(config)} == bde_arguments(config)


@pytest.fixture(scope="module")
def bonds():
    """Give the energies of a molecule's bonds that match a SMARTS pattern of two atoms."""
    backend = NativeBackend.from_checkpoint(BDE)

    def energies(smiles, pattern="*~*"):
        molecule = read_molecule(smiles)
        [found] = backend.predict(backend.prepare([molecule]))
        matches = Chem.AddHs(molecule.mol).GetSubstructMatches(Chem.MolFromSmarts(pattern))
        wanted = {frozenset(match) for match in matches}
        rows = [i for i, ends in enumerate(found.atoms.tolist()) if frozenset(ends) in wanted]
        assert rows
        return found.bde[rows], found.bdfe[rows]

    return energies


@pytest.mark.parametrize(
    ("smiles", "pattern", "expected"),
    [  # experiment, kcal/mol: Luo, Comprehensive Handbook of Chemical Bond Energies, 2007
        ("C", "C[#1]", 105.0),
        ("CC", "CC", 90.2),
        ("CC", "C[#1]", 100.5),
        ("CCC", "[CH2][#1]", 98.1),
        ("CC(C)C", "[CH1][#1]", 95.7),
        ("Cc1ccccc1", "[CH3][#1]", 89.7),
        ("Cc1ccccc1", "[CH3]c", 103.9),
        ("c1ccccc1", "c[#1]", 112.9),
        ("C=CC", "[CH3][#1]", 88.2),
        ("CC=O", "[CX3][#1]", 89.4),
        ("CCO", "O[#1]", 104.7),
        ("CO", "CO", 92.1),
        ("Oc1ccccc1", "O[#1]", 88.0),
        ("COOC", "OO", 39.0),
        ("CS", "S[#1]", 87.4),
        ("CCl", "CCl", 83.7),
        ("C[N+](=O)[O-]", "CN", 61.0),
    ],
)
def test_known_bonds_have_about_their_measured_energy(bonds, smiles, pattern, expected):
    bde, _ = bonds(smiles, pattern)
    assert np.ptp(bde) < 1e-4
    assert bde[0] == pytest.approx(expected, abs=3.5)


@pytest.mark.parametrize("smiles", ["Cc1ccccc1", "CCc1ccccc1", "Cc1ccc(C)cc1", "COc1ccc(C)cc1"])
def test_benzylic_hydrogen_is_weaker_than_aryl_hydrogen(bonds, smiles):
    benzylic, _ = bonds(smiles, "[C;$(Cc)][#1]")
    aryl, _ = bonds(smiles, "c[#1]")
    assert benzylic.max() + 15 < aryl.min()


@pytest.mark.parametrize(
    "smiles", ["OO", "COOC", "CC(C)(C)OO", "CCOOCC", "CC(=O)OOC(C)=O", "CC(C)(C)OOC(C)(C)C"]
)
def test_the_peroxide_bond_is_the_weakest(bonds, smiles):
    everything, _ = bonds(smiles)
    peroxide, _ = bonds(smiles, "OO")
    assert peroxide[0] == np.nanmin(everything)
    assert peroxide[0] < 60


@pytest.mark.parametrize(
    ("smiles", "pattern", "number"),
    [
        ("CC(C)(C)C", "CC", 4),
        ("CC(C)(C)C", "C[#1]", 12),
        ("Cc1cc(C)c(C)cc1C", "[CH3]c", 4),  # durene
        ("Cc1cc(C)c(C)cc1C", "c[#1]", 2),
        ("Cc1ccc(C)cc1", "C[#1]", 6),  # p-xylene
        ("Cc1ccc(C)cc1", "c[#1]", 4),
        ("C1CCCCC1", "C[#1]", 12),
        ("FC(F)(F)C(F)(F)F", "CF", 6),
    ],
)
def test_bonds_that_symmetry_makes_equal_have_one_energy(bonds, smiles, pattern, number):
    for values in bonds(smiles, pattern):
        assert len(values) == number
        assert np.ptp(values) < 1e-4


def test_free_energies_are_lower_by_what_two_radicals_gain_in_entropy(bonds):
    for smiles in ("CCO", "Cc1ccccc1", "CC(=O)OC", "CCCCN", "CSSC", "C[N+](=O)[O-]", "OCC1CCCO1"):
        bde, bdfe = bonds(smiles)
        difference = (bde - bdfe)[np.isfinite(bde)]
        assert len(difference) >= 4
        assert ((difference > 5) & (difference < 17)).all()


def test_the_table_of_ethanol_that_is_shown_is_what_the_model_gives():
    backend = NativeBackend.from_checkpoint(BDE)
    ethanol = read_molecule("CCO")
    [energies] = backend.predict(backend.prepare([ethanol]))
    page = PROJECT_ROOT / "docs" / "guides" / "bond_energies.md"
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^ +([\d.]+) +([\d.]+) +[\d.]+ +(\d) × .* (\S+) \+ (\S+)$", text, re.M)
    rows = bond_rows(ethanol, energies)
    assert [(int(count), pair) for _, _, count, *pair in shown] == [
        (row.count, list(row.radicals)) for row in rows
    ]
    for (bde, bdfe, *_), row in zip(shown, rows, strict=True):
        assert float(bde) == pytest.approx(row.bde, abs=0.11)
        assert float(bdfe) == pytest.approx(row.bdfe, abs=0.11)


# The ion that a textbook names for a peak, and what it was lost from the molecular ion with.
IONS = {
    "Cc1ccccc1": (91, "C7H7+", "H"),  # tropylium
    "CCCCC(C)=O": (58, "C3H6O+", "C3H6"),  # McLafferty rearrangement
    "CCCCCCCC(=O)OC": (74, "C3H6O2+", "C6H12"),  # McLafferty rearrangement of a methyl ester
    "C1=CCCCC1": (54, "C4H6+", "C2H4"),  # retro-Diels-Alder
    "CCCCN": (30, "CH4N+", "C3H7"),  # alpha-cleavage
    "CCN(CC)CC": (86, "C5H12N+", "CH3"),  # alpha-cleavage
    "CC(C)(C)O": (59, "C3H7O+", "CH3"),  # alpha-cleavage
    "CC(=O)c1ccccc1": (105, "C7H5O+", "CH3"),  # benzoyl
    "Oc1ccccc1": (66, "C5H6+", "CO"),  # a phenol's loss of carbon monoxide
    "ClC(Cl)(Cl)Cl": (117, "CCl3+", "Cl"),
    "C[Si](C)(C)OCC": (103, "C4H11OSi+", "CH3"),
    "[2H]C([2H])([2H])C(=O)C([2H])([2H])[2H]": (46, "C2D3O+", "CD3"),
}


def test_the_teacher_names_the_ions_of_the_textbook():
    predictor = Predictor.from_checkpoint(TEACHER, device="cpu")
    results = predictor.predict(list(IONS), annotate=True)
    for (smiles, (mz, formula, loss)), result in zip(IONS.items(), results, strict=True):
        [peak] = [peak for peak in result.annotations if peak.mz == mz]
        assert (peak.ions[0].formula, peak.ions[0].neutral_loss) == (formula, loss), smiles
