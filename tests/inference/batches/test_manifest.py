import pytest

from nextims.files.writing import OutputError
from nextims.inference.batches.manifest import FinishedPart, Manifest

FACTS = {"input": "ab" * 32, "--annotate": False, "structures a part": 256}
FIRST, SECOND = FinishedPart(0, 256, 250, 6), FinishedPart(7, 12, 12, 0, left_out=0.25)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "manifest.jsonl"


def test_finished_parts_are_there_for_the_next_run(path):
    manifest = Manifest(path, FACTS)
    assert manifest.finished == {}
    manifest.add(SECOND)
    manifest.add(FIRST)
    assert Manifest(path, FACTS).finished == {0: FIRST, 7: SECOND}
    assert Manifest.facts_of(path) == FACTS


def test_there_need_be_no_manifest(path):
    assert Manifest.facts_of(path) == {}


@pytest.mark.parametrize("kept", range(1, 40, 6))
def test_a_line_that_was_cut_off_counts_for_nothing(path, kept):
    manifest = Manifest(path, FACTS)
    manifest.add(FIRST)
    whole = path.read_bytes()
    manifest.add(SECOND)
    path.write_bytes(path.read_bytes()[: len(whole) + kept])
    again = Manifest(path, FACTS)
    assert again.finished == {0: FIRST}
    again.add(SECOND)
    assert Manifest(path, FACTS).finished == {0: FIRST, 7: SECOND}


def test_other_facts_are_refused_and_named(path):
    Manifest(path, FACTS)
    other = {**FACTS, "input": "cd" * 32, "--annotate": True, "--partial": True}
    with pytest.raises(OutputError) as error:
        Manifest(path, other)
    message = str(error.value)
    assert f"{path.parent}: was begun with something else: " in message
    assert "input (was abababababab…, now cdcdcdcdcdcd…)" in message
    assert "--annotate (was False, now True)" in message
    assert "--partial (was None, now True)" in message
    assert "structures a part" not in message
    assert "delete that folder to start anew" in message


@pytest.mark.parametrize("content", [b"", b"no JSON\n"])
def test_damage_is_named(path, content):
    path.write_bytes(content)
    with pytest.raises(OutputError, match=r"manifest\.jsonl: damaged .*; delete the folder"):
        Manifest(path, FACTS)
    with pytest.raises(OutputError, match="damaged"):
        Manifest.facts_of(path)
