"""What is known about the molecule of an entry, from its record or its structure."""

from builders import build_record
from nextims.searching.entries import Entry


def test_what_the_record_gives_stands_in_for_a_structure():
    record = build_record(structures=(), formula="C2H6O", inchikey="lfqscwfljhtthz-uhfffaoysa-n")
    entry = Entry(record)
    assert (entry.smiles, entry.molecule, entry.formula) == ("", None, "C2H6O")
    assert entry.nominal_mass == 46
    assert entry.identity == "LFQSCWFLJHTTHZ" == Entry(build_record("OCC")).identity


def test_a_structure_that_disagrees_with_the_formula_is_not_shown():
    entry = Entry(build_record("CCO", formula="C3H8O"))
    assert (entry.smiles, entry.formula) == ("", "C3H8O")
    assert entry.nominal_mass == 60


def test_the_structure_gives_what_the_record_does_not():
    entry = Entry(build_record("ClC(Cl)Cl"))
    assert (entry.formula, entry.nominal_mass) == ("CHCl3", 118)
    assert entry.elements == {"C": 1, "H": 1, "Cl": 3}
    assert entry.inchikey == "HEDRZPFGACZZDS-UHFFFAOYSA-N"


def test_the_nominal_mass_counts_labels_and_commonest_isotopes():
    assert Entry(build_record("[2H]C([2H])([2H])O")).nominal_mass == 35
    # The average, 332, is the MW of many libraries.
    assert Entry(build_record("BrC(Br)(Br)Br")).nominal_mass == 328


def test_nothing_known():
    entry = Entry(build_record(structures=(), name="", file="lab.msp", line=7, formula="?"))
    assert (entry.nominal_mass, entry.elements, entry.inchikey) == (None, None, "")
    assert entry.identity == "line lab.msp 7"


def test_an_element_that_is_not_ours_has_no_mass():
    assert Entry(build_record(structures=(), formula="C10H10Fe")).nominal_mass is None
    assert Entry(build_record(structures=(), formula="C10H10Fe")).elements["Fe"] == 1


def test_a_structure_of_another_mass_is_not_shown():
    entry = Entry(build_record("Cc1ccccc1", nominal_mass=100))
    assert (entry.smiles, entry.nominal_mass) == ("", 100)
    assert entry.problem == "structure disagrees with the mass (100 Da, the structure 92)"
    assert Entry(build_record(structures=())).problem == ""
