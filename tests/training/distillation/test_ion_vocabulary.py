import pytest
import torch

from builders import TEACHER_SIZES
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.models.teacher import Teacher
from nextims.training.distillation.ion_vocabulary import collect_vocabulary

MOLECULES = ("CCCCO", "CC(=O)OCC", "Clc1ccccc1", "CCN")


@pytest.fixture(scope="module")
def teacher():
    torch.manual_seed(0)
    return Teacher(**TEACHER_SIZES, members=2).eval()


def batch_of(*smiles):
    return collate([featurize(read_molecule(s), Inputs(graph=True, fragments=60)) for s in smiles])


def collect(teacher, *smiles, ions=400, losses=400):
    batches = [batch_of(*smiles[:2]), batch_of(*smiles[2:])]
    return collect_vocabulary(teacher, batches, ions=ions, losses=losses)


def rows(formulas):
    return [tuple(row) for row in formulas.tolist()]


def formula(**atoms):
    return tuple(atoms.get(element, 0) for element in ELEMENTS)


def test_it_holds_the_ions_of_the_molecules_and_what_they_lose(teacher):
    vocabulary = collect(teacher, *MOLECULES)
    ions, losses = rows(vocabulary.ions), rows(vocabulary.losses)
    assert losses[0] == formula()
    assert formula(C=4, H=10, O=1) in ions  # butanol
    assert formula(C=6, H=4) in ions  # of chlorobenzene
    assert formula(Cl=1) in losses
    assert formula(C=2, H=4, O=2) in losses  # acetic acid, of ethyl acetate
    assert len(vocabulary.usual_share) == 800
    assert vocabulary.usual_share.min() > 0
    assert vocabulary.usual_share.max() <= 1


def test_places_that_no_formula_fills_are_of_no_molecule(teacher):
    vocabulary = collect(teacher, *MOLECULES, ions=3000)
    filled = [row for row in rows(vocabulary.ions) if max(row) < 1000]
    assert len(set(filled)) == len(filled) < 3000
    assert len(vocabulary.ions) == 3000


def test_a_small_vocabulary_holds_what_many_molecules_have(teacher):
    small = collect(teacher, "Clc1ccccc1", *["CCCCO"] * 6, ions=15, losses=5)
    assert len(small.ions) == 15
    assert not any(row[ELEMENTS.index("Cl")] for row in rows(small.ions))
    assert max(row[ELEMENTS.index("C")] for row in rows(small.ions)) <= 4


def test_labelled_molecules_are_left_out(teacher):
    with_label = collect(teacher, "CCCCO", "CC(=O)OCC", "CCN", "[2H]C([2H])([2H])Br")
    assert not any(row[ELEMENTS.index("Br")] for row in rows(with_label.ions) if max(row) < 1000)
