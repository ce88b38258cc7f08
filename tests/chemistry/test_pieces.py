import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.chemistry.pieces import CUT_POSITIONS, describe_pieces
from nextims.data.examples.features import Inputs, collate, featurize


def formulas(pieces):
    """Return the pieces' formulas, in the order of ``ELEMENTS``."""
    return [
        "".join(f"{e}{n}" for e, n in zip(ELEMENTS, row, strict=True) if n)
        for row in pieces.elements
    ]


def said(pieces):
    """Return what is said of each piece, whatever the order of its bonds."""
    return {(f, *sorted(cuts)) for f, cuts in zip(formulas(pieces), pieces.cuts, strict=True)}


def test_the_pieces_of_acetone_are_acetyl_and_methyl():
    pieces = describe_pieces(Chem.MolFromSmiles("CC(C)=O"), 3)
    assert formulas(pieces) == ["H6C3O1", "H3C2O1", "H3C2O1"]
    # The two are alike in all that is said of them.
    assert (pieces.cuts[1] == pieces.cuts[2]).all()


def test_a_molecule_of_no_broken_bonds_says_nothing_of_them():
    whole = describe_pieces(Chem.MolFromSmiles("CCO"), 20)
    assert (whole.cuts[0] == CUT_POSITIONS - 1).all()
    assert (whole.cuts[1:] < CUT_POSITIONS - 1).any(1).all()


def test_what_is_said_tells_where_a_bond_broke():
    # C2H5 is beside oxygen in one, beside carbon in the other.
    ethers = [describe_pieces(Chem.MolFromSmiles(s), 50) for s in ("CCOC", "CCCO")]
    ethyls = [{s for s in said(pieces) if s[0] == "H5C2"} for pieces in ethers]
    assert ethyls[0] and ethyls[1] and not ethyls[0] & ethyls[1]


def test_the_order_of_atoms_changes_nothing():
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc(O)cc1")
    shuffled = Chem.RenumberAtoms(mol, [4, 9, 0, 7, 2, 10, 1, 3, 8, 6, 5])
    assert said(describe_pieces(mol, 10**6)) == said(describe_pieces(shuffled, 10**6))


def test_labelled_atoms_count_as_their_element():
    [whole, *_] = describe_pieces(Chem.MolFromSmiles("[2H]C([2H])([2H])[13CH2]O"), 5).elements
    assert whole[[ELEMENTS.index(e) for e in "CHO"]].tolist() == [2, 6, 1]


@pytest.mark.parametrize("most", [1, 7, 96])
def test_a_batch_holds_the_pieces_one_after_the_other(most):
    smiles = ["CCO", "C", "CC(C)(C)c1ccc(O)cc1"]
    molecules = [featurize(read_molecule(s), Inputs(pieces=most)) for s in smiles]
    batch = collate(molecules).pieces
    counts = np.bincount(batch.molecule)
    assert counts.tolist() == [len(m.pieces) for m in molecules]
    assert counts.max() <= most
    assert [n for count in counts for n in range(count)] == batch.number.tolist()
    for number, molecule in enumerate(molecules):
        own = batch.elements[batch.molecule == number]
        assert (own.numpy() == molecule.pieces.elements).all()
        assert (own[0] == collate(molecules).atoms[number]).all()
