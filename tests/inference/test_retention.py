"""Retention indices beside predicted spectra, whatever predicts these."""

from nextims.config import load_config
from nextims.formats.reading import read_spectra
from nextims.inference.batches.batch import predict_batch
from nextims.inference.loading import load_predictor, open_predictor
from nextims.inference.structures.lists import InputStructure

CHECKPOINT = load_config().student.checkpoint


def test_each_spectrum_has_its_own_and_failures_keep_their_place():
    results = load_predictor(load_config()).predict(["CCCCCCCC", "C1CC", "CCCCCCCCCC"])
    assert [round(result.retention_index.value, -1) for result in results[::2]] == [800, 1000]
    assert not hasattr(results[1], "retention_index")


def test_a_checkpoint_opened_alone_has_none():
    [result] = open_predictor(CHECKPOINT).predict(["CCO"])
    assert result.retention_index is None


def test_several_processes_give_the_same(tmp_path):
    predictor = load_predictor(load_config())
    structures = [InputStructure(n, "C" * n, f"C{n}") for n in range(5, 15)]
    alone = predictor.predict(structures)
    together = predict_batch(
        predictor, iter(structures), checkpoint=CHECKPOINT, workers=2, ending=".jsonl"
    )
    path = tmp_path / "x.jsonl"
    path.write_text("".join(each.record for each in together))
    found = [record.retention_index for record in read_spectra(path)]
    assert found == [round(result.retention_index.value, 1) for result in alone]
