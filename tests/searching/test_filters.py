"""Which entries pass a formula or a mass window."""

import pytest

from builders import build_record
from nextims.searching.entries import Entry, SearchError
from nextims.searching.filters import EntryFilter


class _UnreadEntry(Entry):
    """An entry that must not be asked about its structure."""

    @property
    def molecule(self):
        raise AssertionError("the structure was read")


def test_without_a_filter_no_structure_is_read():
    assert not EntryFilter().selective
    assert EntryFilter().passes(_UnreadEntry(build_record()), 46)
    assert EntryFilter(mass=46).passes(_UnreadEntry(build_record()), None)


def test_what_the_record_gives_is_enough():
    entry = _UnreadEntry(build_record(formula="C2H6O", nominal_mass=46))
    assert EntryFilter(formula="C2H6O", mass_window=0).passes(entry, 46)


@pytest.mark.parametrize(("mass", "passes"), [(41, True), (51, True), (40, False), (52, False)])
def test_the_ends_of_the_window_are_inside(mass, passes):
    assert EntryFilter(mass_window=5).passes(Entry(build_record("CCO")), mass) == passes


@pytest.mark.parametrize("formula", ["", "C10H15N!", "ethanol", "c2h6o"])
def test_what_is_no_formula(formula):
    with pytest.raises(SearchError, match="not a molecular formula"):
        EntryFilter(formula=formula)


@pytest.mark.parametrize(("option", "value"), [("mass", 0), ("mass_window", -1)])
def test_numbers_out_of_range(option, value):
    with pytest.raises(SearchError, match=rf"{option}: must be at least .* Da, found {value}"):
        EntryFilter(**{option: value})


def test_the_mass_set_goes_before_the_records():
    query = build_record(formula="C2H6O", nominal_mass=47)
    assert EntryFilter(mass=60, mass_window=5).mass_of(query) == 60
    assert EntryFilter(mass_window=5).mass_of(query) == 46
    assert EntryFilter(mass_window=5).mass_of(build_record(nominal_mass=47)) == 47
    assert EntryFilter(mass=60).mass_of(query) is None


def test_deuterium_weighs_two_and_counts_as_hydrogen():
    assert EntryFilter(mass_window=0).mass_of(build_record(formula="C7H5D3")) == 95
    labelled = Entry(build_record("[2H]C([2H])([2H])c1ccccc1"))
    for formula in ("C7H8", "C7H5D3"):
        assert EntryFilter(formula=formula).passes(labelled, None)
    assert (labelled.formula, labelled.nominal_mass) == ("C7H5D3", 95)
    unread = _UnreadEntry(build_record(formula="C7H5D3", nominal_mass=95))
    assert EntryFilter(formula="C7H8", mass_window=0).passes(unread, 95)
