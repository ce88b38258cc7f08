from rdkit import Chem

from nextims.inference.structures.lists import InputStructure
from nextims.inference.structures.neutralised import tell_neutralised

GLYCINE = "[NH3+]CC(=O)[O-]"


def told(*structures):
    lines = []
    assert list(tell_neutralised(structures, lines.append)) == list(structures)
    return lines


def test_each_is_told_of_once_with_its_line():
    assert told(
        InputStructure(1, "CCO"),
        InputStructure(2, GLYCINE),
        InputStructure(3, "C[N+](=O)[O-]"),
        InputStructure(7, Chem.MolToMolBlock(Chem.MolFromSmiles("C[NH3+]"))),
        InputStructure(8, "InChI=1S/CH5N/c1-2/h2H2,1H3/p+1"),
        InputStructure(9, GLYCINE, file="b.smi", file_line=4),
    ) == [
        "line 2: predicted as the neutral molecule NCC(=O)O",
        "line 7: predicted as the neutral molecule CN",
        "line 8: predicted as the neutral molecule CN",
        "b.smi, line 4: predicted as the neutral molecule NCC(=O)O",
    ]


def test_what_cannot_be_predicted_is_left_to_the_predictor():
    assert told(
        InputStructure(1, "C[N+](C)(C)C"),
        InputStructure(2, "C[NH3+].[Cl-]"),
        InputStructure(3, "C1[NH3+]"),
        InputStructure(4, GLYCINE, fault="too many derivatives"),
    ) == []  # fmt: skip
