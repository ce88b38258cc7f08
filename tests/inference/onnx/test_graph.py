import numpy as np
import pytest
import torch

from builders import build_student
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.inference.onnx.graph import OnnxStudent, _OnnxHead
from nextims.inference.onnx.inputs import onnx_inputs, pieces_of
from nextims.inference.onnx.labels import LabelledIons, labelled_spectrum
from nextims.models.formula_head import FormulaHead, Vocabulary

# Boron alone is too light to be seen, and hydrogen has nothing but itself to lose.
SMILES = ["CCO", "C", "FB(F)F", "B", "[H][H]", "BrC(Br)(Br)Br", "Clc1ccc(Cl)cc1Cl", "CC(C)=O"]


@pytest.fixture
def student():
    torch.manual_seed(0)
    student = build_student()
    with torch.no_grad():
        student.head.score.weight.normal_(0, 3)
        student.head.pieces.score.weight.normal_()
        for buffer in (*student.experts.buffers(), *student.mixed.buffers()):
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 2)
    return student


def arrays(molecules, most):
    pieces = [pieces_of(molecule, most) for molecule in molecules]
    return tuple(map(torch.from_numpy, onnx_inputs(molecules, pieces, most)))


def formula(**atoms):
    return torch.tensor([atoms.get(element, 0) for element in ELEMENTS], dtype=torch.int16)


@torch.no_grad()
def test_it_gives_what_the_student_gives(student):
    molecules = [read_molecule(smiles) for smiles in SMILES if "Br" not in smiles]  # below 300 Da
    batch = collate([featurize(molecule, student.inputs) for molecule in molecules])
    found, *_ = OnnxStudent(student)(*arrays(molecules, student.inputs.pieces))
    wanted = student(batch).intensity
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)
    assert ((found > 0) == (wanted > 0)).all()


@pytest.fixture(scope="module")
def knows_two_charges():
    torch.manual_seed(3)
    student = build_student(doubly_charged=True)
    with torch.no_grad():
        student.head.double_score.bias += 7  # so that such ions are seen
    return student


@torch.no_grad()
def test_ions_of_two_charges_are_those_of_the_student(knows_two_charges):
    student = knows_two_charges
    smiles = [
        "Clc1ccccc1",
        "c1ccc2ccccc2c1",
        "[2H]c1ccccc1",
        "CCO",
        "Clc1ccccc1Cl",
        "C[Se]c1ccccc1",
    ]
    molecules = [read_molecule(each) for each in smiles]
    batch = collate([featurize(molecule, student.inputs) for molecule in molecules])
    batch.limit_carbon = True
    wanted = student(batch).intensity
    spectra, *ions = OnnxStudent(student)(*arrays(molecules, student.inputs.pieces))
    ions = LabelledIons(*(part.numpy() for part in ions))
    pieces = pieces_of(molecules[2], student.inputs.pieces)
    spectra[2] = torch.from_numpy(
        labelled_spectrum(ions, 2, molecules[2], pieces, spectra[2].numpy())
    )
    torch.testing.assert_close(spectra, wanted, atol=1e-5, rtol=1e-4)
    assert wanted[1, 63] > 0.01  # naphthalene at 64
    assert 2 in ions.ion_charge


@torch.no_grad()
def test_it_names_the_ions_of_labelled_molecules_alone(student):
    smiles = ("CCO", "[2H]OCC", "C", "[13CH3]C([2H])=O", "CCO")
    molecules = [read_molecule(each) for each in smiles]
    spectra, *ions = OnnxStudent(student)(*arrays(molecules, student.inputs.pieces))
    ions = LabelledIons(*(part.numpy() for part in ions))
    assert sorted(set(ions.ion_molecule.tolist())) == [1, 3]
    batch = collate([featurize(molecule, student.inputs) for molecule in molecules])
    batch.limit_carbon = True
    wanted = student(batch).intensity.numpy()
    for number in (1, 3):
        pieces = pieces_of(molecules[number], student.inputs.pieces)
        found = labelled_spectrum(ions, number, molecules[number], pieces, spectra[number].numpy())
        np.testing.assert_allclose(found, wanted[number], atol=1e-6)
        assert abs(spectra[number].numpy() - found).max() > 0.1
    np.testing.assert_allclose(spectra[[0, 2, 4]], wanted[[0, 2, 4]], atol=1e-5)


@torch.no_grad()
def test_it_rules_out_the_formulas_that_the_student_rules_out():
    ions = [
        formula(), formula(H=2), formula(B=1), formula(B=1, H=1), formula(C=1), formula(C=2, H=5),
        formula(C=6, H=4, Cl=1), formula(C=1, Br=3), formula(B=1, F=2),
    ]  # fmt: skip
    losses = [
        formula(), formula(F=3), formula(H=1), formula(H=2), formula(H=3), formula(C=1, H=3),
        formula(Cl=3), formula(Br=4), formula(B=1, F=2), formula(C=1), formula(H=4), formula(O=1),
    ]  # fmt: skip
    number = len(ions) + len(losses)
    head = FormulaHead(
        4, 400, ions=len(ions), losses=len(losses), pieces=5, piece_width=8, dropout=0.0
    )
    head.start_from(Vocabulary(torch.stack(ions), torch.stack(losses), torch.ones(number)))
    batch = collate([featurize(read_molecule(smiles), Inputs(pieces=5)) for smiles in SMILES])
    x, own = torch.zeros(len(SMILES), 4), _OnnxHead(head)
    possible = head._possible(batch.atoms)
    order = (head.ions.long() @ head.masses).argsort(stable=True)
    wanted = torch.cat([possible[:, order], possible[:, len(ions) :]], 1)
    scores = torch.cat([own._ions(x, batch.atoms), own._losses(x, batch.atoms)], 1)
    assert ((scores > -1e20) == wanted).all()
    assert 0.1 < wanted.float().mean() < 0.9
