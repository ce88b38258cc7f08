import multiprocessing
import pickle

import h5py
import numpy as np
import pytest

from builders import bit_flips
from nextims.data.bde.bond_energies import NO_BONDS, BondEnergies
from nextims.data.bde.cache import BDECache, BDECacheError, CacheContent, distinct_structures

METHANE, ETHANE, WATER, NITROGEN, CYCLOPROPANE = (
    "VNWKTOKETHGBQD-UHFFFAOYSA-N",
    "OTMSDBZUPAUEDD-UHFFFAOYSA-N",
    "XLYOFNOQVPJJNP-UHFFFAOYSA-N",
    "IJGRMHOSHXDMSA-UHFFFAOYSA-N",
    "LVZWSLJZHVFIQJ-UHFFFAOYSA-N",
)


def energies(pairs, values, free_values, ring=False) -> BondEnergies:
    bde, bdfe = np.array([values, free_values], dtype=np.float32)
    return BondEnergies(
        np.array(pairs, dtype=np.int32), bde, bdfe, ~np.isnan(bde), np.full(len(bde), ring)
    )


# DFT values of the ALFABET training set (kcal/mol), free energies rounded; water's second bond is
# made unknown here, and of cyclopropane there are the ring bonds.
KNOWN = {
    METHANE: ("C", energies([[0, 1], [0, 2], [0, 3], [0, 4]], [103.83] * 4, [95.4] * 4)),
    WATER: ("O", energies([[0, 1], [0, 2]], [116.01, np.nan], [108.0, np.nan])),
    NITROGEN: ("N#N", NO_BONDS),
    ETHANE: ("CC", energies([[0, 1], [0, 2]], [90.67, 99.84], [78.0, 91.2])),
    CYCLOPROPANE: (
        "C1CC1",
        energies([[0, 1], [1, 2], [0, 2]], [np.nan] * 3, [np.nan] * 3, ring=True),
    ),
}


@pytest.fixture
def content():
    return CacheContent("dft", "M06-2X", dict(KNOWN))


@pytest.fixture
def path(content, tmp_path):
    content.write(tmp_path / "bde.h5")
    return tmp_path / "bde.h5"


def assert_same(found: BondEnergies, expected: BondEnergies):
    for name in ("atoms", "bde", "bdfe", "valid", "ring"):
        values, wanted = getattr(found, name), getattr(expected, name)
        assert values.dtype == wanted.dtype, name
        np.testing.assert_array_equal(values, wanted)


def test_every_molecule_comes_back_as_it_was_written(path):
    cache = BDECache(path)
    assert len(cache) == len(KNOWN)
    assert (cache.backend, cache.backend_version) == ("dft", "M06-2X")
    for inchikey, (smiles, expected) in KNOWN.items():
        assert inchikey in cache
        assert_same(cache.get(inchikey), expected)
        assert_same(cache.get(inchikey, smiles), expected)


@pytest.mark.parametrize(
    "inchikey",
    ["IJDNQMDRQITEOD-UHFFFAOYSA-N", "ZZZZZZZZZZZZZZ-UHFFFAOYSA-N", "", METHANE[:-1], METHANE + "X"],
)
def test_a_molecule_that_is_not_there_is_none(path, inchikey):
    cache = BDECache(path)
    assert inchikey not in cache
    assert cache.get(inchikey) is None


def test_bonds_of_another_smiles_are_not_given_out(path):
    # The indices mean other atoms there.
    assert BDECache(path).get(METHANE, "[H]C") is None


def test_the_file_is_as_documented(path):
    with h5py.File(path) as file:
        assert dict(file.attrs) == {
            "format_version": 2,
            "backend": "dft",
            "backend_version": "M06-2X",
            "units": "kcal/mol",
        }
        assert file["inchikey"].dtype == "S27"
        keys = file["inchikey"][:].tolist()
        assert keys == sorted(keys)
        assert file["offsets"][:].tolist() == [0, 0, 3, 5, 9, 11]
        assert file["atoms"].shape == (11, 2) and file["atoms"].dtype == np.int32
        for name in ("bde", "bdfe"):
            assert file[name].dtype == np.float32
            assert (np.isnan(file[name][:]) == ~file["valid"][:]).all()
        assert file["valid"].dtype == file["ring"].dtype == bool
        assert not (file["valid"][:] & file["ring"][:]).any()


def test_an_empty_cache_can_be_written_and_read(tmp_path):
    CacheContent("dft", "1").write(tmp_path / "empty.h5")
    cache = BDECache(tmp_path / "empty.h5")
    assert len(cache) == 0
    assert cache.get(METHANE) is None
    assert cache.read_all() == CacheContent("dft", "1")


def test_a_pickled_cache_reads_after_the_original_was_used(path):
    cache = BDECache(path)
    cache.get(METHANE)
    copy = pickle.loads(pickle.dumps(cache))
    cache.close()
    assert_same(copy.get(ETHANE), KNOWN[ETHANE][1])
    assert_same(cache.get(ETHANE), KNOWN[ETHANE][1])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_read_their_own_file(path, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    cache = BDECache(path)
    cache.get(METHANE)  # opens the file before the processes begin
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map(cache.get, list(KNOWN) * 20, chunksize=4)
    for result, (_, expected) in zip(found, list(KNOWN.values()) * 20, strict=True):
        assert_same(result, expected)


def test_a_missing_file_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(BDECacheError, match=r"none\.h5.*nextims bde --max-samples 0"):
        BDECache(tmp_path / "none.h5")


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_refused(path, share):
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(BDECacheError, match=r"bde\.h5.*nextims bde --max-samples 0"):
        BDECache(path)


def test_another_hdf5_file_is_refused(tmp_path):
    with h5py.File(tmp_path / "spectra.h5", "w") as file:
        file["peaks/mz"] = [15.0, 31.0]
    with pytest.raises(BDECacheError, match=r"spectra\.h5.*some other HDF5 file"):
        BDECache(tmp_path / "spectra.h5")


def test_a_text_file_is_refused(tmp_path):
    (tmp_path / "bde.csv").write_text("molecule,bde\nC,103.8\n")
    with pytest.raises(BDECacheError, match=r"bde\.csv: not readable"):
        BDECache(tmp_path / "bde.csv")


@pytest.mark.parametrize("version", [1, 3])
def test_an_older_and_a_newer_format_are_refused(path, version):
    path.write_bytes(path.read_bytes()[512:])  # without its digest
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = version
    with pytest.raises(BDECacheError, match=f"format version is {version}, this program reads 2"):
        BDECache(path)


def test_a_write_that_fails_leaves_the_old_file(path, content):
    content.entries[METHANE + "-2"] = "CCC", NO_BONDS
    with pytest.raises(ValueError, match="UHFFFAOYSA-N-2' is no InChIKey"):
        content.write(path)
    assert [file.name for file in path.parent.iterdir()] == ["bde.h5"]
    assert len(BDECache(path)) == len(KNOWN)


def test_newer_results_replace_older_ones_and_failures():
    older = CacheContent("dft", "1", {METHANE: KNOWN[METHANE]}, {WATER: ("O", "too wet")})
    newer = CacheContent("dft", "1", {WATER: KNOWN[WATER]}, {METHANE: ("C", "lost")})
    older.update(newer)
    assert older == newer


def test_covers_counts_failures_and_looks_at_the_smiles(content, tmp_path):
    content.failures["IJDNQMDRQITEOD-UHFFFAOYSA-N"] = "CCCC", "too long"
    content.write(tmp_path / "bde.h5")
    cache = BDECache(tmp_path / "bde.h5")
    assert cache.read_all().failures == content.failures
    assert cache.covers([(METHANE, "C"), ("IJDNQMDRQITEOD-UHFFFAOYSA-N", "CCCC"), ("", "?")])
    assert not cache.covers([(METHANE, "C"), ("ATUOYWHBWRKTHZ-UHFFFAOYSA-N", "CCC")])
    assert not cache.covers([(METHANE, "[H]C")])


def test_distinct_structures_takes_the_first_of_each_molecule():
    records = [(METHANE, "C"), ("", "F"), (ETHANE, "CC"), (METHANE, "[CH4]"), (WATER, "O")]
    assert distinct_structures(records) == {METHANE: "C", ETHANE: "CC", WATER: "O"}
    assert distinct_structures(records, 2) == {METHANE: "C", ETHANE: "CC"}
    assert distinct_structures([]) == {}


def test_a_bit_that_turned_over_is_noticed(path, content):
    whole = path.read_bytes()
    for damaged in bit_flips(whole, 100):
        path.write_bytes(damaged)
        with pytest.raises(BDECacheError, match=r"^.*bde\.h5: not readable .*; delete it[^\n]*$"):
            BDECache(path)
    path.write_bytes(whole)
    assert BDECache(path).read_all().structures() == content.structures()


def test_a_cache_that_was_written_without_a_digest_is_read(path, content):
    path.write_bytes(path.read_bytes()[512:])
    assert BDECache(path).read_all().structures() == content.structures()
