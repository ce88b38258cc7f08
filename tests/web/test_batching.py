"""Requests of the same moment share a batch, and do not get in each other's way."""

import asyncio

import pytest

from nextims.errors import UserError
from nextims.inference.structures.input_structure import InputStructure
from nextims.web.batching import Batcher


class Model:
    """Answers with the text it is given, and remembers its batches."""

    trust = None

    def __init__(self):
        self.batches = []

    def predict(self, structures, batch_size, **options):
        self.batches.append([each.smiles for each in structures])
        if "boom" in self.batches[-1]:
            raise UserError("boom")
        return [(each.smiles, options) for each in structures]


@pytest.fixture
def model():
    return Model()


def structures(*texts):
    return [InputStructure(line, text) for line, text in enumerate(texts, start=1)]


async def answers(batcher, *asked):
    return await asyncio.gather(*asked, return_exceptions=True)


def test_what_comes_at_once_goes_into_one_batch(model):
    async def run():
        batcher = Batcher(lambda: model)
        return await answers(batcher, *(batcher.predict(structures(c)) for c in "abcdef"))

    found = asyncio.run(run())
    assert [each[0][0] for each in found] == list("abcdef")
    assert model.batches == [list("abcdef")]


def test_a_long_list_lets_others_between(model):
    async def run():
        batcher = Batcher(lambda: model, most=2)
        return await answers(
            batcher, batcher.predict(structures(*"abcdef")), batcher.predict(structures("x"))
        )

    long, short = asyncio.run(run())
    assert [text for text, _ in long] == list("abcdef")
    assert [text for text, _ in short] == ["x"]
    assert model.batches.index(["x"]) == 1


def test_other_options_are_another_batch(model):
    async def run():
        batcher = Batcher(lambda: model)
        return await answers(
            batcher,
            batcher.predict(structures("a"), energy=12.0),
            batcher.predict(structures("b"), energy=12.0),
            batcher.predict(structures("c")),
        )

    found = asyncio.run(run())
    assert [options for [(_, options)] in found] == [{"energy": 12.0}, {"energy": 12.0}, {}]
    assert model.batches == [["a", "b"], ["c"]]


def test_what_nobody_waits_for_is_not_begun(model):
    async def run():
        batcher = Batcher(lambda: model, most=1)
        gone = asyncio.create_task(batcher.predict(structures(*"abc")))
        waiting = asyncio.create_task(batcher.predict(structures("x")))
        await asyncio.sleep(0)
        gone.cancel()
        return await asyncio.gather(gone, waiting, return_exceptions=True)

    gone, waiting = asyncio.run(run())
    assert isinstance(gone, asyncio.CancelledError)
    assert [text for text, _ in waiting] == ["x"]
    assert ["b"] not in model.batches and ["c"] not in model.batches


def test_an_error_is_that_of_its_batch_alone(model):
    async def run():
        batcher = Batcher(lambda: model, most=1)
        return await answers(
            batcher, batcher.predict(structures("boom")), batcher.predict(structures("a"))
        )

    failed, fine = asyncio.run(run())
    assert isinstance(failed, UserError)
    assert fine == [("a", {})]
