"""Whatever one structure does, the others of a batch are predicted."""

import random

import pytest

from nextims.config import PROJECT_ROOT
from nextims.inference.loading import open_predictor
from nextims.inference.streaming import StreamingPredictor, attempted, describe
from nextims.inference.structures.lists import InputStructure
from nextims.spectra.prediction import FailedPrediction, PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

SHIPPED = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"


class Fragile(StreamingPredictor):
    """Dies of nitrogen, as a model might that meets what nobody thought of."""

    max_mz, name = 1000, "fragile"

    def _results(self, structures, molecules):
        for structure, molecule in zip(structures, molecules, strict=True):
            if "N" in molecule.smiles:
                raise IndexError("operands could not be\nbroadcast")
            yield PredictedSpectrum(structure.line, "", molecule, Spectrum([31], [1.0]))


def test_a_structure_that_breaks_the_model_fails_alone():
    smiles = ["CCO", "CN", "C1CC", "CCC", "NCCN", "CC", "O"]
    for size in (1, 2, 3, 256):
        results = Fragile().predict(smiles, size)
        assert [result.line for result in results] == [1, 2, 3, 4, 5, 6, 7]
        failed = [result for result in results if isinstance(result, FailedPrediction)]
        assert [str(each) for each in failed] == [
            "line 2: CN: IndexError: operands could not be broadcast",
            "line 3: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)",
            "line 5: NCCN: IndexError: operands could not be broadcast",
        ]


def test_a_structure_that_breaks_the_reader_fails_alone(monkeypatch):
    from nextims.chemistry import molecule

    def refuse(mol, smiles):
        raise RuntimeError("Invariant Violation")

    monkeypatch.setattr(molecule, "normalise_tautomer", refuse)
    [result] = Fragile().predict(["CCO"])
    assert result.reason == "RuntimeError: Invariant Violation"


def test_a_structure_that_cannot_be_described_fails_alone(monkeypatch):
    from rdkit import Chem

    def refuse(mol):
        raise RuntimeError("Pre-condition Violation")

    monkeypatch.setattr(Chem, "MolToInchiKey", refuse)
    [result] = [attempted(describe, each) for each in Fragile().predict(["OCC"])]
    assert str(result) == "line 1: CCO: RuntimeError: Pre-condition Violation"


def test_a_mol_block_is_shown_in_one_line():
    block = "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\nno atom\nM  END"
    [result] = Fragile().predict([InputStructure(4, block, "methane")])
    assert str(result) == "line 4: MOL block: RDKit cannot read the structure"


def test_a_bond_of_no_order_ends_no_batch():
    structures = ["CCO", "C=CC~Oc1nc(OCC=C)nc(OCC=C)n1", "c1ccccc1"]
    results = open_predictor(SHIPPED, device="cpu").predict(structures)
    assert [type(result).__name__ for result in results] == [
        "PredictedSpectrum",
        "FailedPrediction",
        "PredictedSpectrum",
    ]
    assert results[1].reason == "bond of no order (C~O)"


SEEDS = [
    "CCO",
    "CC(=O)Oc1ccccc1C(=O)O",
    "c1ccc2[nH]ccc2c1",
    "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "C[C@H]([NH3+])C(=O)[O-]",
    "O=c1cc[nH]c(=O)[nH]1",
    "CC(=N[Si](C)(C)C)O[Si](C)(C)C",
    "FC(F)(F)c1ccc(Br)cc1",
    "[2H]C([2H])([2H])O",
    "C1CC2CCC1C2",
    "CC(O)=Nc1ccccc1",
    "O=[N+]([O-])c1ccccc1",
    "C[n+]1ccccc1",
    "CC(C)=C/C=C\\C",
    "OB(O)c1ccccc1",
    "CCOP(=O)(S)OCC",
    "N#CC(=N)N",
    "C%10CCCC%10",
    "CC~O",
    "Oc1ccc2c(c1)CCC1C2CCC2(C)C(O)CCC12",
    "C[NH2]->B",
    "ClC1=C(Cl)C2(Cl)C3COS(=O)OCC3C1(Cl)C2(Cl)Cl",
    "[13CH3]c1c[nH]cn1",
    "C1CCC=CC1|c:3|",
    "C.[Na+].[Cl-]",
    "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
]
SIGNS = "CNOSPFBIclnosp[]()=#-+@/\\%.*~:$|>123456789H 0é"


def mutated(rng, text):
    """A SMILES with one to three letters put in, taken out or changed, or with a piece repeated."""
    for _ in range(rng.randint(1, 3)):
        place, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        sign = rng.choice(SIGNS)
        text = rng.choice(
            [
                text[:place] + sign + text[place:],
                text[:place] + text[place + 1 :],
                text[:place] + sign + text[place + 1 :],
                text[:end] + text[place:end] * rng.randint(1, 3) + text[end:],
                text[:place] + rng.choice(SEEDS) + text[place:],
            ]
        )
    return text


@pytest.mark.parametrize("number", [2000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_mutated_structures_fail_one_by_one(number):
    rng = random.Random(number)
    structures = [mutated(rng, rng.choice(SEEDS)) for _ in range(number)]
    results = open_predictor(SHIPPED, device="cpu").predict(structures)
    assert [result.line for result in results] == list(range(1, number + 1))
    failed = [result for result in results if isinstance(result, FailedPrediction)]
    assert number / 20 < number - len(failed) < number / 2
    assert not [result for result in failed if "Error" in result.reason]  # all known reasons
