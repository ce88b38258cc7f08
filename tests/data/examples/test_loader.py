import numpy as np

from nextims.data.examples.loader import OrderedSampler, ResumableSampler


def test_the_order_depends_on_seed_and_epoch_alone():
    sampler = ResumableSampler(10, 3, seed=1)
    first, again = list(sampler), list(sampler)
    assert first == again
    assert len(first) == len(sampler) == 3
    assert len({i for batch in first for i in batch}) == 9
    sampler.epoch = 1
    assert list(sampler) != first


def test_a_sampler_continues_in_the_middle_of_an_epoch():
    sampler = ResumableSampler(10, 3, seed=1)
    whole = list(sampler)
    sampler.start = 2
    assert list(sampler) == whole[2:]


def test_a_batch_larger_than_the_data_takes_all():
    assert len(next(iter(ResumableSampler(4, 64, seed=0)))) == 4


def test_processes_share_each_batch_and_the_order():
    whole = ResumableSampler(11, 4, seed=3)
    shares = [ResumableSampler(11, 4, seed=3) for _ in range(3)]
    for rank, sampler in enumerate(shares):
        sampler.share = slice(rank, None, 3)
    for batch, *parts in zip(whole, *shares, strict=True):
        assert sorted(np.concatenate(parts)) == sorted(batch)
        assert [len(part) for part in parts] == [2, 1, 1]
    ordered = OrderedSampler(11)
    assert list(ordered) == list(range(11))
    parts = []
    for rank in range(3):
        ordered.share = slice(rank, None, 3)
        assert len(ordered) == len(list(ordered))
        parts += list(ordered)
    assert sorted(parts) == list(range(11))
