import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.cleavage import cleave

MOLECULES = [
    "CC(=O)OCC", "Cc1ccccc1O", "C1CC2CCC1C2", "c1ccc2ccccc2c1CCN", "CC12CCC(CC1)C2(C)C",
    "C[Si](C)(C)Oc1ccccc1C(=O)OCC", "O=C1CCCCCCCC1", "C#CCN(C)C", "FC(F)(F)c1nnc(Br)s1",
]  # fmt: skip


def pieces_by_search(mol, most=3):
    """Return what is connected when one, two or three bonds break, by trying all of them."""
    from itertools import combinations

    orders = Chem.GetAdjacencyMatrix(mol)
    bonds = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in mol.GetBonds()]
    found = {}
    for number in range(most + 1):
        for broken in combinations(bonds, number):
            left = orders.copy()
            for a, b in broken:
                left[a, b] = left[b, a] = 0
            reach = np.linalg.matrix_power(left + np.eye(len(left)), len(left)) > 0
            for piece in set(map(tuple, reach.tolist())):
                # A bond counts only if it lies between the piece and the rest.
                if all(piece[a] != piece[b] for a, b in broken):
                    found.setdefault(piece, broken)
    return found


def in_a_ring(mol, bond):
    return mol.GetBondBetweenAtoms(*map(int, bond)).IsInRing()


@pytest.mark.parametrize("smiles", MOLECULES)
def test_the_pieces_are_those_of_one_bond_two_bonds_or_an_opened_ring(smiles):
    mol = Chem.MolFromSmiles(smiles)
    wanted = set()
    for piece, broken in pieces_by_search(mol).items():
        rings = sum(in_a_ring(mol, bond) for bond in broken)
        if (len(broken), rings) in {(0, 0), (1, 0), (2, 0), (2, 2), (3, 2)}:
            wanted.add(piece)
    found = cleave(mol, 10**6).atoms
    assert len(found) == len(set(map(tuple, found.tolist())))
    assert set(map(tuple, found.tolist())) == wanted


@pytest.mark.parametrize("smiles", MOLECULES)
def test_the_broken_bonds_are_those_between_a_piece_and_the_rest(smiles):
    cleavage = cleave(Chem.MolFromSmiles(smiles), 10**6)
    for piece, kept, lost in zip(cleavage.atoms, cleavage.kept, cleavage.lost, strict=True):
        broken = {(int(k), int(o)) for k, o in zip(kept, lost, strict=True) if k >= 0}
        between = np.argwhere((cleavage.orders > 0) & piece[:, None] & ~piece[None])
        assert broken == set(map(tuple, between.tolist()))


def test_the_cheapest_come_first():
    few, all_of_them = (cleave(Chem.MolFromSmiles("CCCC(=O)OCC"), most) for most in (6, 100))
    assert len(few) == 6 and few.atoms[0].all()
    assert (few.atoms == all_of_them.atoms[:6]).all()
    broken = all_of_them.kept >= 0
    orders = all_of_them.orders[all_of_them.kept, all_of_them.lost] * broken
    cost = orders.sum(1) + 0.3 * broken.sum(1)
    assert (np.diff(cost) >= -1e-9).all() and set(orders.max(1)) == {0, 1, 2}


def test_the_order_of_atoms_changes_nothing():
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    shuffled = Chem.RenumberAtoms(mol, [4, 9, 0, 7, 2, 10, 1, 3, 8, 6, 5])
    sizes = [sorted(cleave(m, 10**6).atoms.sum(1).tolist()) for m in (mol, shuffled)]
    assert sizes[0] == sizes[1]


def test_one_atom_is_its_only_piece():
    assert cleave(Chem.MolFromSmiles("C"), 10).atoms.tolist() == [[True]]


def test_a_labelled_hydrogen_stays_with_its_atom():
    mol = Chem.MolFromSmiles("[2H]C([2H])([2H])C")
    symbols = np.array([atom.GetSymbol() for atom in mol.GetAtoms()])
    pieces = cleave(mol, 10).atoms
    assert sorted(piece[symbols == "H"].sum() for piece in pieces) == [0, 3, 3]
