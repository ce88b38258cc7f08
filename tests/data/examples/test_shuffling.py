import numpy as np
import pytest

from builders import build_store
from nextims.data.examples import dataset as datasets
from nextims.data.examples.dataset import SpectrumDataset
from nextims.data.examples.loader import ResumableSampler, make_loader
from nextims.data.examples.shuffling import epoch_order


@pytest.mark.parametrize("size", [1, 63, 64, 65, 4_096, 40_000])
@pytest.mark.parametrize("in_blocks", [False, True])
def test_every_example_comes_once(size, in_blocks):
    order = epoch_order(size, 7, 3, in_blocks=in_blocks)
    assert sorted(order.tolist()) == list(range(size))


@pytest.mark.parametrize("in_blocks", [False, True])
def test_the_order_follows_from_seed_and_epoch(in_blocks):
    order = epoch_order(40_000, 7, 3, in_blocks=in_blocks)
    assert np.array_equal(order, epoch_order(40_000, 7, 3, in_blocks=in_blocks))
    for seed, epoch in ((8, 3), (7, 4)):
        assert not np.array_equal(order, epoch_order(40_000, seed, epoch, in_blocks=in_blocks))


def test_without_blocks_the_order_is_the_one_that_the_shipped_weights_were_trained_in():
    expected = np.random.default_rng((7, 3)).permutation(1000)
    assert np.array_equal(epoch_order(1000, 7, 3), expected)


def test_blocks_are_read_from_few_places_and_mixed():
    order = epoch_order(300_000, 7, 0, in_blocks=True)
    window = order[: 64 * 64]
    assert len(np.unique(window // 64)) <= 65  # the last block of all is a shorter one
    batches = window.reshape(-1, 128) // 64
    assert np.mean([len(np.unique(batch)) for batch in batches]) > 50
    # Which blocks meet differs from epoch to epoch.
    other = epoch_order(300_000, 7, 1, in_blocks=True)[: 64 * 64]
    assert len(np.intersect1d(window // 64, other // 64)) < 20


def test_large_stores_alone_are_shuffled_in_blocks(tmp_path, monkeypatch):
    store = build_store(tmp_path / "s.h5", ["CCO"] * 8, splits=["train"] * 8)

    def sampler(**settings):
        data = SpectrumDataset(store, "train", energy_range=(60, 80), **settings)
        loader = make_loader(data, max_mz=100, batch_size=2, num_workers=0, shuffle_seed=1)
        return loader.batch_sampler

    assert not sampler().in_blocks
    monkeypatch.setattr(datasets, "BLOCK_SHUFFLE_ABOVE", 7)
    assert sampler().in_blocks
    assert not sampler(memory_efficient=False).in_blocks


def test_an_epoch_in_blocks_goes_on_where_it_stopped():
    sampler = ResumableSampler(1000, 64, seed=1, in_blocks=True)
    whole = list(sampler)
    sampler.start = 5
    assert list(sampler) == whole[5:]
