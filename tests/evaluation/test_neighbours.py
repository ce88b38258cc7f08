import numpy as np
import pytest
from rdkit import DataStructs
from rdkit.Chem import rdFingerprintGenerator

from builders import SMALL_MOLECULES
from nextims.chemistry.molecule import ECFP_BITS, read_molecule
from nextims.evaluation.neighbours import TrainingMolecules


@pytest.fixture(scope="module")
def molecules():
    return [(smiles, read_molecule(smiles)) for smiles in SMALL_MOLECULES]


def test_similarities_are_rdkits(molecules):
    known = TrainingMolecules.of(molecules)
    ecfp = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=ECFP_BITS)
    bits = [ecfp.GetFingerprint(molecule.mol) for _, molecule in molecules]
    for (_, molecule), own in zip(molecules, bits, strict=True):
        expected = DataStructs.BulkTanimotoSimilarity(own, bits)
        assert known.similarities(molecule) == pytest.approx(expected, abs=1e-6)


def test_a_training_molecule_is_its_own_nearest(molecules):
    known = TrainingMolecules.of(molecules)
    assert known.nearest(read_molecule("CC(C)=O"), 0) == []
    name, molecule = molecules[3]
    [nearest] = known.nearest(molecule, 1)
    assert (nearest.name, nearest.similarity) == (name, 1.0)


def test_isotope_labels_change_nothing(molecules):
    known = TrainingMolecules.of(molecules)
    plain, labelled = read_molecule("CCO"), read_molecule("[2H]C([2H])([2H])CO")
    assert np.array_equal(known.similarities(plain), known.similarities(labelled))
