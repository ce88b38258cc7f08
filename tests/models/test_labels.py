"""Isotope labels only move masses: the spectrum is that without them, each ion moved by its own."""

import numpy as np
import pytest
import torch

from builders import build_student
from nextims.chemistry.formula import parse_formula
from nextims.chemistry.isotope_labels import SHIFTS
from nextims.chemistry.isotopes import LOWEST_ISOTOPE
from nextims.chemistry.molecule import ELEMENTS, read_molecule
from nextims.data.examples.features import Inputs, collate, featurize
from nextims.inference.annotation import annotate
from nextims.models.isotopes import IsotopeEnvelope
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

TOLUENE_D8 = "[2H]C([2H])([2H])c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
NITROBENZENE_D5 = "O=[N+]([O-])c1c([2H])c([2H])c([2H])c([2H])c1[2H]"
PAIRS = [
    ("Cc1ccccc1", TOLUENE_D8),
    ("Cc1ccccc1", "[2H]C([2H])([2H])c1ccccc1"),
    ("O=[N+]([O-])c1ccccc1", NITROBENZENE_D5),
    ("CCO", "[2H]CCO"),
    ("CCO", "CC([2H])O"),
    ("CCO", "CCO[2H]"),
    ("CCO", "[3H]CC([2H])O"),
    ("CCO", "[13CH3]CO"),
    ("CCCl", "CC[37Cl]"),
]
# Of one of its elements all atoms are labelled: what an ion holds follows from its formula.
WHOLLY_LABELLED = [
    ("Cc1ccccc1", TOLUENE_D8, "H"),
    ("c1ccccc1", "[2H]c1c([2H])c([2H])c([2H])c([2H])c1[2H]", "H"),
    ("CCO", "[2H]C([2H])([2H])C([2H])([2H])O[2H]", "H"),
    ("CC(C)=O", "[13CH3][13C](=O)[13CH3]", "C"),
    ("CCO", "CC[18OH]", "O"),
]
ORDINARY = {"H": 1, "C": 12, "O": 16}
EXTRA = {"H": 1, "C": 1, "O": 2}


def teachers(teacher, *smiles):
    molecules = [read_molecule(text) for text in smiles]
    batch = collate([featurize(m, Inputs(graph=True, fragments=60)) for m in molecules])
    with torch.inference_mode():
        return molecules, batch, teacher(batch)


@pytest.mark.parametrize(("plain", "labelled"), PAIRS)
def test_all_that_is_read_but_masses_is_that_of_the_molecule_without_labels(plain, labelled):
    inputs = Inputs(graph=True, fragments=60, pieces=20)
    one, other = (featurize(read_molecule(text), inputs) for text in (plain, labelled))
    for name in ("positions", "values", "atoms"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for part, names in {
        "graph": ("atoms", "edges", "bonds"),
        "fragments": ("atoms", "depth", "elements"),
        "pieces": ("elements", "bonds", "broken"),
    }.items():
        for name in names:
            own, others = (getattr(getattr(each, part), name) for each in (one, other))
            assert np.array_equal(own, others)


@pytest.mark.parametrize(("plain", "labelled"), PAIRS)
def test_the_teachers_ions_have_the_intensity_that_they_have_without_labels(
    small_teacher, plain, labelled
):
    _, batch, prediction = teachers(small_teacher, plain, labelled)
    of_labelled = batch.fragments.molecule == 1
    share = prediction.extra.ions.share
    # Of a sum of 1 in which isotopes differ by less than a thousandth.
    torch.testing.assert_close(share[of_labelled], share[~of_labelled], rtol=3e-3, atol=1e-6)


@pytest.mark.parametrize(("plain", "labelled", "element"), WHOLLY_LABELLED)
def test_the_teachers_peaks_move_with_their_ions(small_teacher, plain, labelled, element):
    (molecule, _), batch, prediction = teachers(small_teacher, plain, labelled)
    spectrum = Spectrum(np.arange(1, 201), prediction.intensity[0].numpy())
    result = PredictedSpectrum(1, "", molecule, spectrum)
    moved = np.zeros(400)
    for peak in annotate(result, prediction, batch.fragments, 0, smallest_share=0.0):
        mass = molecule.nominal_mass
        by = round(peak.mz * batch.label_mass[1].item() / mass)
        moved[int(peak.mz) + by] += peak.intensity * peak.unexplained
        for ion in peak.ions:
            nuclides = parse_formula(ion.formula)
            by = EXTRA[element] * sum(n for (e, _), n in nuclides.items() if e == element)
            # The label takes the place of nature's heavier isotopes.
            by -= sum((i - ORDINARY[e]) * n for (e, i), n in nuclides.items() if e == element and i)
            moved[int(peak.mz) + by] += peak.intensity * ion.share
    found = prediction.intensity[1].numpy()
    np.testing.assert_allclose(found, moved[1:201], atol=5e-4)
    assert found.max() > 0.02


def captured(student, monkeypatch, *smiles):
    """Return the batch, the shares of formulas and of pieces, and the spectra."""
    seen = []
    spectra = student.head._spectra

    def capture(*arguments):
        seen[:] = arguments[:2]
        return spectra(*arguments)

    monkeypatch.setattr(student.head, "_spectra", capture)
    molecules = [read_molecule(text) for text in smiles]
    batch = collate([featurize(each, student.inputs) for each in molecules])
    with torch.inference_mode():
        intensity = student(batch).intensity
    return batch, *seen, intensity


@pytest.fixture
def student():
    torch.manual_seed(4)
    student = build_student()
    with torch.no_grad():
        student.head.score.weight *= 40
        student.head.pieces.score.bias += 3  # so that pieces are seen among many ions
    return student


@pytest.mark.parametrize(("plain", "labelled"), PAIRS)
def test_the_students_ions_are_those_without_labels(student, monkeypatch, plain, labelled):
    batch, share, of_pieces, intensity = captured(student, monkeypatch, plain, labelled)
    torch.testing.assert_close(share[0], share[1])
    of_labelled = batch.pieces.molecule == 1
    torch.testing.assert_close(of_pieces[of_labelled], of_pieces[~of_labelled])
    assert of_pieces.sum() > 0.05
    assert (intensity[0] - intensity[1]).abs().max() > 0.01


# Of a hydrocarbon, the mass tells the formula; elsewhere the student's may be none of the molecule.
@pytest.mark.parametrize(("plain", "labelled", "element"), WHOLLY_LABELLED[:2])
def test_the_students_peaks_move_with_their_ions(student, monkeypatch, plain, labelled, element):
    batch, share, of_pieces, intensity = captured(student, monkeypatch, plain, labelled)
    head, whole = student.head, batch.atoms[0]
    own = batch.pieces.molecule == 0
    hydrogen = torch.arange(len(ELEMENTS)) == ELEMENTS.index("H")
    shifts = torch.tensor(SHIFTS)[:, None] * hydrogen
    formulas = torch.cat(
        [
            head.ions.long(),
            whole - head.losses.long(),
            (batch.pieces.elements[own][:, None] + shifts).flatten(0, 1),
        ]
    )
    shares = torch.cat([share[0], of_pieces[own].flatten()])
    formulas, shares = formulas[shares > 0], shares[shares > 0]
    natural, place = formulas.clone(), ELEMENTS.index(element)
    natural[:, place] = 0
    bins = torch.zeros(400)
    mz = formulas @ head.masses + EXTRA[element] * formulas[:, place]
    pattern = IsotopeEnvelope()(natural)
    for position, (row, weight) in enumerate(zip(pattern, shares, strict=True)):
        start = int(mz[position]) + LOWEST_ISOTOPE + 10
        bins[start : start + len(row)] += weight * row
    moved = bins[11 : 11 + len(intensity[1])]
    moved[batch.highest_mz[1] :] = 0
    torch.testing.assert_close(intensity[1], moved / moved.sum(), atol=5e-4, rtol=0)
