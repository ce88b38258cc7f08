from dataclasses import replace

from rdkit import Chem

from nextims.inference.structures.derivatised import derivatise_structures
from nextims.inference.structures.lists import InputStructure, parse_line

SUCROSE = "OCC1OC(OC2(CO)OC(CO)C(O)C2O)C(O)C(O)C1O"
CAFFEINE = "Cn1c(=O)c2c(ncn2C)n(C)c1=O"


def derivatise(*lines, method="tms", **options):
    structures = (parse_line(text, number) for number, text in enumerate(lines, start=1))
    return list(derivatise_structures(structures, method, **options))


def test_each_derivative_has_line_and_name_of_its_parent():
    found = derivatise("CCO ethanol", "NCC(=O)O", "OC(=O)CC(O)(CC(=O)O)C(=O)O citric acid")
    assert [(each.line, each.name) for each in found] == [
        (1, "ethanol 1TMS"),
        (2, "NCC(=O)O 2TMS"),
        (2, "NCC(=O)O 3TMS"),
        (3, "citric acid 4TMS"),
    ]
    assert [each.number for each in found] == [1, 2, 3, 4]
    assert found[0].smiles == "CCO[Si](C)(C)C"
    assert not any(each.fault for each in found)


def test_what_has_nothing_to_derivatise_is_told_and_stays():
    told = []
    found = derivatise("CCO ethanol", f"{CAFFEINE} caffeine", underivatised=told.append)
    caffeine = InputStructure(2, CAFFEINE, "caffeine")
    assert told == [caffeine]
    assert found[1:] == [replace(caffeine, number=2)]


def test_what_cannot_be_read_is_passed_on():
    told = []
    found = derivatise("", "C1CC broken", "CCO", underivatised=told.append)
    assert [(each.line, each.smiles, each.name) for each in found[:2]] == [
        (1, "", ""),
        (2, "C1CC", "broken"),
    ]
    assert found[2].line == 3
    assert told == []


def test_whatever_one_structure_raises_is_its_own_fault(monkeypatch):
    from nextims.inference.structures import derivatised

    def fragile(molecule, *given, **options):
        if molecule.smiles == "CN":
            raise ArithmeticError("3 Da above")
        return list_derivatives(molecule, *given, **options)

    list_derivatives = derivatised.list_derivatives
    monkeypatch.setattr(derivatised, "list_derivatives", fragile)
    methylamine, ethanol = derivatise("CN methylamine", "CCO ethanol")
    assert (methylamine.smiles, methylamine.fault) == ("CN", "ArithmeticError: 3 Da above")
    assert ethanol.name == "ethanol 1TMS"


def test_structures_of_other_notations_have_derivatives():
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    [found] = derivatise_structures([InputStructure(1, block)], "tms")
    assert (found.smiles, found.name) == ("CCO[Si](C)(C)C", "MOL block 1TMS")
    [found] = derivatise("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3 ethanol")
    assert (found.smiles, found.name) == ("CCO[Si](C)(C)C", "ethanol 1TMS")


def test_a_fault_is_passed_on():
    structure = InputStructure(1, "CCO", "ethanol", "known to be wrong")
    assert list(derivatise_structures([structure], "tms")) == [replace(structure, number=1)]


def test_the_derivatives_that_can_be_given_come_before_the_fault():
    found = derivatise(f"{SUCROSE} sucrose", partial=True)
    assert [(each.name, each.fault) for each in found] == [
        ("sucrose 8TMS", ""),
        ("sucrose", "more than 200 partial derivatives"),
    ]
    assert found[1].smiles == SUCROSE


def test_structures_are_taken_one_after_the_other():
    def endless():
        line = 0
        while True:
            line += 1
            yield InputStructure(line, "CCO", "ethanol")

    stream = derivatise_structures(endless(), "tms")
    assert [next(stream).line for _ in range(3)] == [1, 2, 3]


def test_isomers_have_names_of_their_own():
    found = derivatise("OCC(O)CO glycerol", partial=True)
    names = [structure.name for structure in found]
    assert len(set(names)) == len(names) == 5
    assert [name for name in names if " 1TMS" in name] == [
        "glycerol 1TMS isomer 1",
        "glycerol 1TMS isomer 2",
    ]
    assert "glycerol 3TMS" in names
