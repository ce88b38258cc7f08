import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.homolysis import breakable
from nextims.chemistry.molecule import read_molecule
from nextims.data.bde import alfabet as bde_alfabet
from nextims.data.bde.alfabet import AlfabetBackend
from nextims.data.bde.backend import BackendMissingError

SMILES = [
    *("C", "CC", "CCC", "CC(C)C", "C=C", "c1ccccc1", "Cc1ccccc1", "O", "CO", "COOC", "CC=O"),
    *("CC(=O)O", "N", "CN", "CC#N", "NC=O", "C1CC1", "C1CCOC1", "c1ccncc1", "CCl", "CBr", "CF"),
    *("CS", "CSSC", "C[N+](=O)[O-]", "[2H]C([2H])([2H])O", "C[Si](C)(C)C", "Oc1ccccc1"),
]


def test_missing_packages_say_how_to_install_them(monkeypatch):
    installed = {"alfabet": "0.1.0", "tf-keras": None, "tensorflow": None}
    monkeypatch.setattr(bde_alfabet, "_version", installed.get)
    with pytest.raises(
        BackendMissingError, match=r"packages tensorflow, tf-keras; .*pip install \"nextims\[alf"
    ):
        AlfabetBackend()


@pytest.fixture(scope="module")
def alfabet():
    try:
        return AlfabetBackend()
    except BackendMissingError as error:
        pytest.skip(str(error))


def predict(backend, *smiles):
    """Return the molecules and their energies."""
    molecules = [read_molecule(text) for text in smiles]
    return molecules, backend.predict(backend.prepare(molecules))


def bond_values(molecule, energies) -> dict[str, set[float]]:
    """Return the values of each kind of bond outside rings, rounded, by its elements."""
    mol = Chem.AddHs(molecule.mol)
    values = {}
    for pair, value, ring in zip(energies.atoms, energies.bde, energies.ring, strict=True):
        kind = "-".join(sorted(mol.GetAtomWithIdx(int(i)).GetSymbol() for i in pair))
        if not ring:
            values.setdefault(kind, set()).add(round(float(value), 2))
    return values


class TestAlfabet:
    @pytest.mark.parametrize(
        ("smiles", "bond", "expected"),
        [  # experiment, kcal/mol: Luo, Comprehensive Handbook of Chemical Bond Energies, 2007
            ("C", "C-H", 105.0),
            ("CC", "C-C", 90.2),
            ("CC", "C-H", 100.5),
            ("O", "H-O", 118.8),
            ("CO", "H-O", 105.2),
            ("COOC", "O-O", 39.0),
            ("Cc1ccccc1", "C-C", 103.9),
            ("CCl", "C-Cl", 83.7),
        ],
    )
    def test_known_bonds(self, alfabet, smiles, bond, expected):
        [molecule], [energies] = predict(alfabet, smiles)
        values = bond_values(molecule, energies)[bond]
        assert max(values) - min(values) < 0.02  # equivalent bonds have one value
        assert max(values) == pytest.approx(expected, abs=3.5)

    def test_benzylic_hydrogen_is_weaker_than_aryl_hydrogen(self, alfabet):
        [molecule], [energies] = predict(alfabet, "Cc1ccccc1")
        values = bond_values(molecule, energies)["C-H"]
        assert min(values) < 92 and max(values) > 110

    def test_values_are_those_of_the_package(self, alfabet):
        molecules, predicted = predict(alfabet, *SMILES)
        from alfabet import model  # after the backend has set TensorFlow up

        unlabelled = [molecule.smiles for molecule in molecules if "2H" not in molecule.smiles]
        table = model.predict(unlabelled, drop_duplicates=False)
        compared = 0
        for molecule, energies in zip(molecules, predicted, strict=True):
            mol = Chem.AddHs(molecule.mol)
            bonds = [mol.GetBondBetweenAtoms(*map(int, pair)) for pair in energies.atoms]
            values = {
                bond.GetIdx(): pair
                for bond, *pair in zip(bonds, energies.bde, energies.bdfe, strict=True)
            }
            rows = table[table.molecule == molecule.smiles]
            for index, *expected, valid in zip(
                rows.bond_index, rows.bde_pred, rows.bdfe_pred, rows.is_valid, strict=True
            ):
                bond = mol.GetBondWithIdx(int(index))
                ionic = "[O-]" in molecule.smiles and bond.GetEndAtom().GetFormalCharge() < 0
                assert np.isnan(values[index]).all() == (ionic or not valid)
                if not np.isnan(values[index]).any():
                    assert values[index] == pytest.approx(expected, abs=1e-3)
                    compared += 1
        assert compared > 50

    def test_a_molecule_has_the_same_values_alone_and_among_others(self, alfabet):
        molecules, together = predict(alfabet, *SMILES)
        for molecule, energies in zip(molecules, together, strict=True):
            (alone,) = alfabet.predict(alfabet.prepare([molecule]))
            np.testing.assert_array_equal(alone.atoms, energies.atoms)
            np.testing.assert_allclose(alone.bde, energies.bde, atol=1e-3)
            np.testing.assert_allclose(alone.bdfe, energies.bdfe, atol=1e-3)

    def test_ring_bonds_are_listed_and_have_no_energy(self, alfabet):
        molecules, results = predict(alfabet, "C1CC1", "Cc1ccccc1", "c1ccc2ccccc2c1", "C1CCOC1")
        for molecule, energies in zip(molecules, results, strict=True):
            mol = Chem.AddHs(molecule.mol)
            bonds = [mol.GetBondBetweenAtoms(*map(int, pair)) for pair in energies.atoms]
            assert [b.IsInRing() for b in bonds] == energies.ring.tolist()
            assert [b.GetIdx() for b in bonds] == [
                b.GetIdx() for b in mol.GetBonds() if breakable(b) or b.IsInRing()
            ]
            assert (energies.valid == ~energies.ring).all()
            assert (np.isnan(energies.bde) == energies.ring).all()

    @pytest.mark.parametrize("smiles", ["C[Si](C)(C)C", "CCI", "CB(C)C"])
    def test_elements_it_does_not_know_have_no_valid_bond(self, alfabet, smiles):
        _, [energies] = predict(alfabet, smiles)
        assert len(energies) > 0
        assert not energies.valid.any()
        assert np.isnan(energies.bde).all()

    def test_a_bond_between_opposite_charges_is_not_valid(self, alfabet):
        [molecule], [energies] = predict(alfabet, "C[N+](=O)[O-]")
        values = bond_values(molecule, energies)
        assert np.isnan(list(values["N-O"])).all()
        assert 55 < max(values["C-N"]) < 70  # experiment: 61
        assert energies.valid.tolist() == [True, False, True, True, True]

    @pytest.mark.parametrize(
        ("labelled", "unlabelled"),
        [
            ("[2H]C([2H])([2H])O", "CO"),
            ("[13CH3]C", "CC"),
            ("[2H][C@H](C)O", "CCO"),  # a stereocentre by its label alone
        ],
    )
    def test_isotope_labels_change_nothing(self, alfabet, labelled, unlabelled):
        [labelled, unlabelled], [found, expected] = predict(alfabet, labelled, unlabelled)
        assert found.valid.all()
        assert bond_values(labelled, found) == bond_values(unlabelled, expected)
        assert len(found) == len(expected)

    def test_molecules_without_a_breakable_bond(self, alfabet):
        _, [energies] = predict(alfabet, "N#N")
        assert energies.atoms.shape == (0, 2)
        assert alfabet.predict(alfabet.prepare([])) == []
