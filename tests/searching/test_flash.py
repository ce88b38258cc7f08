"""Flash entropy search of ms_entropy, in an index that is written a part at a time."""

import numpy as np
import pytest

from builders import SMALL_MOLECULES, binned_rows, plausible_peaks
from nextims.evaluation.metrics import entropy_similarity
from nextims.searching import flash
from nextims.searching.entries import SearchError
from nextims.searching.flash import WEIGHTINGS, FlashSearch, FlashWriter

pytest.importorskip("ms_entropy")

SPECTRA = [plausible_peaks(smiles) for smiles in SMALL_MOLECULES]


def written(folder, weighting, spectra=SPECTRA, batch=5):
    writer = FlashWriter(folder, weighting)
    for start in range(0, len(spectra), batch):
        peaks = [sorted(s.items()) for s in spectra[start : start + batch]]
        mz, height = (np.array([p[i] for s in peaks for p in s], float) for i in (0, 1))
        writer.add(mz.astype(np.uint16), height, np.array([len(s) for s in peaks]))
    writer.close()
    return FlashSearch(folder, weighting)


def similarities(search, spectrum):
    peaks = sorted(spectrum.items())
    return search.similarities(np.array([m for m, _ in peaks]), np.array([h for _, h in peaks]))


@pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS)
def test_it_is_the_search_of_ms_entropys_own_index(tmp_path, weighting):
    search = written(tmp_path / "flash", weighting)
    own = flash._flash()
    spectra = []
    for spectrum in SPECTRA:
        mz, height = np.array(sorted(spectrum.items()), float).T
        weights = weighting(mz, height)
        kept = weights >= weighting.floor * weights.max()
        shares = weights[kept] / weights[kept].sum()
        spectra.append({"precursor_mz": 0, "peaks": np.stack([mz[kept], shares], 1)})
    own.build_index([dict(s) for s in spectra], clean_spectra=False)
    for spectrum, cleaned in zip(SPECTRA, spectra, strict=True):
        expected = own.open_search(cleaned["peaks"].astype(np.float32), 0.2)
        np.testing.assert_allclose(similarities(search, spectrum), expected, atol=1e-6)


def test_it_is_our_entropy_similarity_of_the_weighted_peaks(tmp_path):
    weighting = WEIGHTINGS["mass"]._replace(floor=0.0)
    search = written(tmp_path / "flash", weighting)
    rows = weighting(np.arange(1, 201), binned_rows(*SPECTRA))
    for spectrum, row in zip(SPECTRA, rows, strict=True):
        query = np.broadcast_to(row, rows.shape)
        # Our own metric leaves out predicted peaks under 0.1 %.
        expected = entropy_similarity(rows, query, 1)
        np.testing.assert_allclose(similarities(search, spectrum), expected, atol=2e-3)


def test_parts_change_nothing(tmp_path, monkeypatch):
    weighting = WEIGHTINGS["intensity"]
    whole = written(tmp_path / "whole", weighting)
    monkeypatch.setattr(flash, "_PART_PEAKS", 30)
    parts = written(tmp_path / "parts", weighting)
    assert len(list((tmp_path / "parts").iterdir())) > 3
    assert (parts.entries, whole.entries) == (len(SPECTRA), len(SPECTRA))
    for spectrum in SPECTRA:
        np.testing.assert_allclose(
            similarities(parts, spectrum), similarities(whole, spectrum), atol=1e-6
        )


def test_peaks_that_no_entry_has(tmp_path):
    search = written(tmp_path / "flash", WEIGHTINGS["mass"])
    assert not similarities(search, {2999: 5}).any()
    assert not similarities(search, {1: 5}).any()
    assert similarities(search, {78: 5}).any()


def test_entries_without_a_peak_keep_their_place(tmp_path):
    search = written(tmp_path / "flash", WEIGHTINGS["mass"], [{31: 5}, {}, {45: 3}, {}])
    assert similarities(search, {45: 1}).tolist() == [0, 0, 1, 0]


def test_a_part_without_any_peak(tmp_path, monkeypatch):
    monkeypatch.setattr(flash, "_PART_PEAKS", 1)
    search = written(tmp_path / "flash", WEIGHTINGS["mass"], [{31: 5}, {}, {}], batch=1)
    assert len(list((tmp_path / "flash").iterdir())) == 2
    assert similarities(search, {31: 1}).tolist() == [1, 0, 0]


def test_a_file_that_is_missing_is_an_error(tmp_path):
    written(tmp_path / "flash", WEIGHTINGS["mass"])
    (tmp_path / "flash" / "0000" / "all_ions_mz.npy").unlink()
    with pytest.raises(SearchError, match="0000: not an index of ms_entropy, or damaged"):
        FlashSearch(tmp_path / "flash", WEIGHTINGS["mass"])


def test_without_ms_entropy(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ms_entropy", None)
    with pytest.raises(SearchError, match=r'ms_entropy is missing: pip install "nextims\[index\]"'):
        FlashWriter(tmp_path / "flash", WEIGHTINGS["mass"])
