"""What a record's fields make of it, where no format matters."""

import pytest

from nextims.formats.fields import IMPOSSIBLE_INDEX, SYNONYMS, UNREADABLE_INDEX
from nextims.formats.raw_record import RawRecord
from nextims.spectra.record import BadRecord


def record(**fields):
    raw = RawRecord(3, pairs=[(31, 999), (45, 510)])
    for name, value in fields.items():
        raw.add(name, value)
    return raw.record("lab.mgf", 7)


@pytest.mark.parametrize(
    ("fields", "mass"),
    [
        ({}, None),
        ({"MW": "46"}, 46),
        ({"MW": "46.07"}, 46),
        ({"MW": "552", "EXACTMASS": "545.5094"}, 545),  # the average of hexabromobenzene
        ({"MW": "546", "EXACTMASS": "545.5094"}, 546),
        ({"MW": "534", "EXACTMASS": "534.6104"}, 534),  # octatriacontane
        ({"EXACTMASS": "534.6104"}, 535),
        ({"EXACTMASS": "534.6104", "SMILES": "C" * 38}, 534),
        ({"EXACTMASS": "551.5034", "SMILES": "Brc1c(Br)c(Br)c(Br)c(Br)c1Br"}, 552),
        ({"EXACTMASS": "551.5034", "SMILES": "Br1"}, 551),
        ({"NOMINAL_MASS": "534", "MW": "535.03", "EXACTMASS": "534.6104"}, 534),
        ({"PARENT_MASS": "46.0419"}, 46),
        ({"MW": "0", "EXACTMASS": "nan"}, None),
        ({"MW": "1e9"}, None),
    ],
)
def test_the_nominal_mass(fields, mass):
    assert record(**fields).nominal_mass == mass


@pytest.mark.parametrize(
    ("ionization", "expected"),
    [
        ("electron ionization", "EI"),
        ("EI+", "EI"),
        ("electrospray ionization", "ELECTROSPRAY IONIZATION"),
        ("chemical ionization", "CHEMICAL IONIZATION"),
        ("NCI", "NCI"),
        ("ECNI", "ECNI"),
        ("DESI", "DESI"),
        ("electron capture negative ionization", "ELECTRON CAPTURE NEGATIVE IONIZATION"),
        ("photoionization", "PHOTOIONIZATION"),
        ("", "EI"),
    ],
)
def test_the_kind_of_ionization(ionization, expected):
    assert record(ionization=ionization).ionization == expected


@pytest.mark.parametrize("fact", SYNONYMS)
def test_every_name_of_a_fact_is_read_and_the_first_given_is_preferred(fact):
    names = SYNONYMS[fact]
    for name in names:
        raw = RawRecord(1)
        raw.add(name.upper(), ' "1" ' if fact != "molblock" else "1")
        assert raw.first(fact) == "1"
    raw = RawRecord(1)
    for number, name in reversed(list(enumerate(names))):
        raw.add(name, "" if number == 0 else str(number))
    assert raw.first(fact) == "1"
    assert list(raw.values(fact)) == [str(number) for number in range(1, len(names))]


def test_no_name_stands_for_two_facts():
    names = [name for fact in SYNONYMS for name in SYNONYMS[fact]]
    several = {name for name in names if names.count(name) > 1}
    assert several == {"instrumenttype", "acinstrumenttype"}


@pytest.mark.parametrize("nothing", ["N/A", "none", "?", "-", " "])
def test_what_says_nothing_gives_way_to_the_comments(nothing):
    found = record(inchikey=nothing, smiles=nothing, comment='"Canonical SMILES=CCO" InChIKey=ABC')
    assert (found.inchikey, found.structures) == ("ABC", ("CCO",))
    assert record(name="NA").name == "NA"


def test_a_collision_energy_is_no_ionization_energy():
    assert record(comments="collision energy=20 eV").energy is None
    assert record(comments='"ionization_energy=12 eV" "collision energy=20 eV"').energy == 12


def test_peaks_that_cannot_be_read():
    raw = RawRecord(3, pairs=[(31, 999)], damage="line 5: cannot read the peak 'x'")
    raw.add("Name", "ethanol")
    assert raw.record("lab.mgf", 7) == BadRecord(
        "lab.mgf",
        3,
        "#7",
        "ethanol",
        "peak list cannot be read",
        "line 5: cannot read the peak 'x'",
    )


@pytest.mark.parametrize("text", ["100", "100 Da", "100.2 g/mol", "100,19", " 100.19u "])
def test_a_mass_may_have_its_unit_or_a_decimal_comma(text):
    assert record(mw=text).nominal_mass == 100
    assert record(mw=f"about {text}").nominal_mass is None


@pytest.mark.parametrize(
    ("text", "index", "column", "notes"),
    [
        ("1,234", 1234, "", ()),
        ("1,234.5", 1234.5, "", ()),
        ("1234,5", 1234.5, "", ()),
        ("1234 (DB-WAX)", 1234, "DB-WAX", ()),
        ("1234 [5% phenyl]", 1234, "5% phenyl", ()),
        ("1234 iu (estimated)", 1234, "", ()),
        ("N/A", None, "", ()),
        ("0", None, "", ()),
        ("-1", None, "", ()),
        ("-5", None, "", (IMPOSSIBLE_INDEX,)),
        ("99", None, "", (IMPOSSIBLE_INDEX,)),
        ("6001", None, "", (IMPOSSIBLE_INDEX,)),
        ("1e999", None, "", (IMPOSSIBLE_INDEX,)),
        ("SemiStdNP=99999/7/1", None, "semi-standard non-polar", (IMPOSSIBLE_INDEX,)),
        ("1234/1250", None, "", (UNREADABLE_INDEX,)),
        ("about 1234", None, "", (UNREADABLE_INDEX,)),
        ("12,34,5", None, "", (UNREADABLE_INDEX,)),
    ],
)
def test_a_retention_index_is_read_or_noted(text, index, column, notes):
    raw = RawRecord(1, pairs=[(31, 999), (45, 510)])
    for name, value in (("Name", "x"), ("Retention_index", text)):
        raw.add(name, value)
    record = raw.record("x.msp", 1)
    assert (record.retention_index, record.column, record.notes) == (index, column, notes)


def test_the_first_of_several_retention_indices_that_can_be_read_counts():
    raw = RawRecord(1, pairs=[(31, 999)])
    for value in ("see text", "1404", "1410"):
        raw.add("RI", value)
    record = raw.record("x.msp", 1)
    assert (record.retention_index, record.notes) == (1404, ("neither name nor structure",))


@pytest.mark.parametrize(
    ("comment", "index"),
    [
        ("RI=600; DB-5", 600),
        ('"retention index=1404.5" "lab=A"', 1404.5),
        ("SemiStdNP=1404/7/125 Consensus", 1404),
        ("RI=none", None),
        ("a RI of 600", None),
    ],
)
def test_a_retention_index_may_stand_in_the_comments(comment, index):
    raw = RawRecord(1, pairs=[(31, 999), (45, 510)])
    raw.add("Comments", comment)
    assert raw.record("lab.msp", 1).retention_index == index
    raw.add("RI", "777")  # its own field says it better
    assert raw.record("lab.msp", 1).retention_index == 777
