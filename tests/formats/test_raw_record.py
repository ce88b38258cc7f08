"""What a record's fields make of it, where no format matters."""

import pytest

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
        ("", "EI"),
    ],
)
def test_the_kind_of_ionization(ionization, expected):
    assert record(ionization=ionization).ionization == expected


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
