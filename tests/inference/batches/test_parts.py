"""Parts of a prediction: joined they are what one run writes, whatever came between."""

import csv
import shutil

import pytest

from builders import SMALL_MOLECULES
from nextims.files.writing import OutputError
from nextims.formats.spectrum_writer import SpectrumWriter, errors_path
from nextims.formats.writing import FORMATS
from nextims.inference import Predictor
from nextims.inference.batches.batch import predict_parts
from nextims.inference.batches.manifest import FinishedPart
from nextims.inference.batches.parts import MANIFEST, PartFolder, Parts, _suitable_size
from nextims.inference.structures.lists import InputStructure

FACTS = {"input": "this"}
SIZE = 256


def structures(number=600):
    """Small molecules by turns; each 50th is none."""
    for line in range(1, number + 1):
        smiles = SMALL_MOLECULES[line % len(SMALL_MOLECULES)]
        yield InputStructure(line, smiles if line % 50 else "C1CC", f"number {line}")


@pytest.fixture(scope="module")
def predictor(small_model):
    return Predictor(small_model, "small")


def open_parts(tmp_path, ending=".msp", **options):
    folder = PartFolder(tmp_path / "out.parts", ending, **options)
    return Parts(folder, FACTS, size=SIZE)


def run(predictor, parts, source=structures):
    for part in predict_parts(predictor, source(), parts, checkpoint=None, workers=1):
        parts.record(part)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("ending", FORMATS)
def test_parts_joined_are_what_one_run_writes(tmp_path, predictor, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    output = tmp_path / f"out{ending}"
    with SpectrumWriter(output, predictor.name) as writer:
        for result in predictor.predict_stream(structures()):
            writer.write(result)
    whole, failures = output.read_bytes(), errors_path(output).read_bytes()
    assert (writer.predicted, writer.failed) == (588, 12)
    for path in (output, errors_path(output)):
        path.unlink()
    parts = open_parts(tmp_path, ending)
    run(predictor, parts)
    (parts.folder.path / ".part-00001-dead").mkdir()  # one died in it, another has made it
    assert [part.structures for part in parts.finished.values()] == [256, 256, 88]
    parts.join(output, predictor.name)
    assert output.read_bytes() == whole
    assert errors_path(output).read_bytes() == failures
    assert names(tmp_path) == [output.name, errors_path(output).name]


def test_what_is_finished_is_not_predicted_again(tmp_path, predictor):
    run(predictor, open_parts(tmp_path))
    parts = open_parts(tmp_path)
    assert list(parts.unfinished(structures())) == []
    parts.folder.file(1).unlink()  # somebody wants it made again
    [(number, of_part)] = open_parts(tmp_path).unfinished(structures())
    assert number == 1
    assert [of_part[0].line, of_part[-1].line] == [257, 512]
    parts.folder.failures(2).unlink()
    assert [number for number, _ in open_parts(tmp_path).unfinished(structures())] == [1, 2]


def test_parts_may_be_finished_in_any_order(tmp_path, predictor):
    parts = open_parts(tmp_path)
    run(predictor, parts)
    parts.join(tmp_path / "wanted.msp", predictor.name)
    parts = open_parts(tmp_path)
    for number, of_part in reversed(list(parts.unfinished(structures()))):
        results = predictor.predict_stream(of_part)
        parts.record(parts.folder.write(number, results, predictor.name))
    parts.join(tmp_path / "out.msp", predictor.name)
    assert (tmp_path / "out.msp").read_bytes() == (tmp_path / "wanted.msp").read_bytes()


def test_the_failures_of_a_part_are_known(tmp_path, predictor):
    parts = open_parts(tmp_path)
    [first, *_] = predict_parts(predictor, structures(), parts, checkpoint=None, workers=1)
    assert first == FinishedPart(0, 256, 251, 5)
    assert [str(failure) for failure in parts.failures(first)][:2] == [
        "line 50: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)",
        "line 100: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)",
    ]


def test_what_is_to_be_said_of_spectra_is_kept_with_their_part(tmp_path, predictor):
    parts = open_parts(tmp_path)
    list_ = ["CCO", "CC[Se]CC", "C[Se]C", "C[Sn](C)(C)C"]
    given = [InputStructure(line, smiles) for line, smiles in enumerate(list_, start=1)]
    for part in predict_parts(predictor, given, parts, checkpoint=None, workers=1):
        parts.record(part)
    [finished] = open_parts(tmp_path).finished.values()
    told = {text.split(":")[0]: first for text, first in finished.notes.items()}
    assert told == {"no training data for Se": "line 2", "no training data for Sn": "line 4"}


def test_without_failures_there_is_no_list(tmp_path, predictor):
    parts = open_parts(tmp_path)
    run(predictor, parts, lambda: structures(49))
    output = tmp_path / "out.msp"
    errors_path(output).write_text("of an earlier run")
    parts.join(output, predictor.name)
    assert names(tmp_path) == ["out.msp"]


def test_an_interrupted_part_leaves_nothing(tmp_path, predictor):
    parts = open_parts(tmp_path)

    def interrupted():
        yield from predictor.predict_stream(structures(10))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parts.folder.write(0, interrupted(), predictor.name)
    assert names(parts.folder.path) == [MANIFEST]


def test_what_a_killed_run_left_is_removed(tmp_path):
    parts = open_parts(tmp_path)
    (parts.folder.path / ".part-00000-abc").mkdir()
    (parts.folder.path / ".part-00000-abc" / "part-00000.msp.tmp").write_text("half")
    assert names(open_parts(tmp_path).folder.path) == [MANIFEST]


def test_a_part_that_kills_its_processes_is_given_up(tmp_path, predictor):
    parts = open_parts(tmp_path)
    for attempt in range(4):
        (parts.folder.path / f".part-00002-{attempt}").mkdir()
    run_of = predictor.predict_stream(structures(5))
    with pytest.raises(OutputError, match=r"part-00002\.msp: given up"):
        parts.folder.write(2, run_of, predictor.name)
    parts.folder.write(1, run_of, predictor.name)


def test_another_batch_is_refused(tmp_path):
    parts = open_parts(tmp_path)
    for facts, size, difference in (
        ({"input": "that"}, SIZE, r"input \(was this, now that\)"),
        (FACTS, 2 * SIZE, r"structures a part \(was 256, now 512\)"),
    ):
        with pytest.raises(OutputError, match=difference):
            Parts(parts.folder, facts, size=size)
    assert Parts(parts.folder, FACTS, expected=10**9).size == SIZE


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    folder = tmp_path / "out.parts"
    folder.mkdir()
    (folder / "part-00000.msp").write_text("another program's")
    with pytest.raises(OutputError, match=r"holds part-00000\.msp and no _manifest\.jsonl"):
        open_parts(tmp_path)
    assert names(folder) == ["part-00000.msp"]
    shutil.rmtree(folder)
    folder.write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        open_parts(tmp_path)
    folder.unlink()
    folder.mkdir()
    (folder / f"{MANIFEST}.tmp").write_text("a run that was killed at its beginning")
    assert open_parts(tmp_path).finished == {}


def test_a_joining_that_was_interrupted_is_done_again(tmp_path, predictor, monkeypatch):
    output = tmp_path / "out.msp"
    parts = open_parts(tmp_path)
    run(predictor, parts)
    with monkeypatch.context() as patch:  # before the manifest goes
        patch.setattr("nextims.inference.batches.parts.shutil.rmtree", lambda path: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            parts.join(output, predictor.name)
    whole = output.read_bytes()
    assert names(parts.folder.path) == [MANIFEST]
    again = open_parts(tmp_path)
    run(predictor, again)
    again.join(output, predictor.name)
    assert output.read_bytes() == whole
    assert names(tmp_path) == ["out.msp", "out.msp.errors.csv"]


def test_a_folder_of_parquet_is_one_table_to_others(tmp_path, predictor):
    dataset = pytest.importorskip("pyarrow.dataset", reason='needs pip install -e ".[formats]"')
    parts = open_parts(tmp_path, ".parquet")
    run(predictor, parts)
    table = dataset.dataset(parts.folder.path).to_table()
    assert table["line"].to_pylist() == [n for n in range(1, 601) if n % 50]
    parts.join_failures(tmp_path / "errors.csv")
    with (tmp_path / "errors.csv").open(newline="") as file:
        assert [int(row["line"]) for row in csv.DictReader(file)] == list(range(50, 601, 50))


def test_there_are_not_too_many_parts():
    assert _suitable_size(None) == _suitable_size(50_000) == 4096
    size = _suitable_size(100_000_000)
    assert size % SIZE == 0
    assert 5_000 < 100_000_000 / size <= 10_000
