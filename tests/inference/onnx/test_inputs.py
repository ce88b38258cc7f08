import numpy as np
import pytest

from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.chemistry.pieces import CUT_POSITIONS, describe_pieces
from nextims.inference.onnx.inputs import (
    LENGTHS,
    OnnxInputs,
    _distinct_rows,
    onnx_inputs,
    pieces_of,
)

SMILES = ["CCO", "C", "CC(C)(C)c1ccc(O)cc1", "ClC(Cl)(Cl)Cl", "[H][H]", "C[Si](C)(C)OC"]
MOST = 40


@pytest.fixture(scope="module")
def molecules():
    return [read_molecule(smiles) for smiles in SMILES]


@pytest.fixture(scope="module")
def inputs(molecules):
    return inputs_of(molecules)


def inputs_of(molecules):
    return onnx_inputs(molecules, [pieces_of(molecule, MOST) for molecule in molecules], MOST)


@pytest.mark.parametrize("times", [1, 40])  # in larger batches some positions are rare
def test_fingerprints_can_be_read_back(molecules, times):
    molecules = molecules[:1] + molecules[1:] * times
    inputs = inputs_of(molecules)
    assert bool(len(inputs.rare)) == (times > 1)
    table = np.zeros((len(molecules), len(inputs.common)), np.float32)
    table.flat[inputs.places] = inputs.values
    for number, (row, molecule) in enumerate(zip(table, molecules, strict=True)):
        positions, values = molecule.fingerprint()
        own = dict(zip(inputs.common[row > 0].tolist(), row[row > 0].tolist(), strict=True))
        rare = inputs.rare_molecules == number
        few = dict(zip(inputs.rare[rare].tolist(), inputs.rare_values[rare].tolist(), strict=True))
        assert not own.keys() & few.keys()
        assert own | few == dict(zip(positions.tolist(), values.tolist(), strict=True))


def test_each_piece_stands_there_as_often_as_the_molecule_has_it(molecules, inputs):
    for number, molecule in enumerate(molecules):
        pieces = describe_pieces(molecule.mol, MOST)
        wanted = [
            (*formula, *sorted(map(tuple, cuts.reshape(3, -1).tolist())))
            for formula, cuts in zip(pieces.elements.tolist(), pieces.cuts, strict=True)
        ]
        own = np.flatnonzero(inputs.molecule == number)
        said = inputs.bonds[inputs.broken[own]]
        found = [
            (*formula, *sorted(map(tuple, bonds.tolist())))
            for formula, bonds in zip(inputs.formulas[inputs.kept[own]].tolist(), said, strict=True)
        ]
        assert len(set(found)) == len(found)
        for piece, copies in zip(found, inputs.copies[own], strict=True):
            assert wanted.count(piece) == copies
        assert set(found) == set(wanted)
        assert (inputs.place[own] - number * MOST).tolist() == list(range(len(own)))


def test_the_four_chlorines_of_tetrachloromethane_are_one_piece(inputs):
    own = inputs.molecule == SMILES.index("ClC(Cl)(Cl)Cl")
    assert sorted(inputs.copies[own].tolist()) == [1, 4, 4, 6]  # CCl4, Cl, CCl3, CCl2


def test_a_piece_and_the_rest_make_up_the_molecule(inputs):
    both = inputs.formulas[inputs.kept] + inputs.formulas[inputs.lost]
    assert (both == inputs.atoms[inputs.molecule]).all()
    assert len(np.unique(inputs.formulas, axis=0)) == len(inputs.formulas)


def test_bonds_that_are_not_there_are_said_to_be_none(inputs):
    [whole, *_] = np.flatnonzero(inputs.molecule == 0)
    assert (inputs.bonds[inputs.broken[whole]] == CUT_POSITIONS - 1).all()


@pytest.mark.parametrize("largest", [3, 10**6])  # what fits into one number, and what does not
def test_different_rows_are_told_apart(largest):
    rows = np.random.default_rng(0).integers(0, largest, (200, 12))
    rows = np.concatenate([rows, rows[::-1]])
    found, number = _distinct_rows(rows)
    assert (found[number] == rows).all()
    assert len(found) == len(np.unique(rows, axis=0))


def test_bonds_of_which_the_same_is_said_are_one(inputs):
    assert len(np.unique(inputs.bonds, axis=0)) == len(inputs.bonds)


def test_labelled_molecules_and_their_pieces_are_named(molecules):
    labelled = [read_molecule("[2H]C([2H])O"), read_molecule("[12CH4]")]
    inputs = inputs_of([molecules[0], *labelled, molecules[1]])
    assert inputs.labelled.tolist() == [1, 2]
    assert (
        inputs.labelled_pieces.tolist() == np.flatnonzero(np.isin(inputs.molecule, [1, 2])).tolist()
    )
    assert inputs.unlabelled[1, ELEMENTS.index("H")] == 0.5
    assert (inputs.unlabelled[[0, 3]] == 1).all()
    assert inputs.unlabelled[2, ELEMENTS.index("C")] == 0
    assert inputs.natural[0, ELEMENTS.index("H")] == 2  # of the whole molecule's four


def test_pieces_that_differ_in_their_labels_alone_stay_apart():
    plain, labelled = read_molecule("CC(C)=O"), read_molecule("[2H]C([2H])([2H])C(C)=O")
    inputs = inputs_of([plain, labelled])
    assert inputs.copies[inputs.molecule == 0].max() == 2  # acetyl and methyl
    of_labelled = inputs.molecule == 1
    assert (inputs.copies[of_labelled] == 1).all()
    assert of_labelled.sum() == inputs.copies[inputs.molecule == 0].sum()


def test_lighter_isotopes_have_room_where_there_are_any(molecules, inputs):
    assert inputs.shifts.tolist() == list(range(13))
    for smiles in ("FB(F)F", "C[Se]C", "C[Sn](C)(C)C"):
        inputs = inputs_of([molecules[0], read_molecule(smiles)])
        assert inputs.shifts.tolist() == list(range(-8, 13))


def test_each_input_has_a_length(inputs):
    lengths = {}
    assert len(LENGTHS) == len(OnnxInputs._fields)
    for name, array in zip(LENGTHS, inputs, strict=True):
        assert lengths.setdefault(name, len(array)) == len(array)
