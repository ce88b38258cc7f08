import pytest

from nextims.inference.batches import batch
from nextims.spectra.prediction import FailedPrediction


class Predictor:
    retention_path = instrument = None

    single_threaded = True

    def predict_stream(self, structures, **options):
        yield FailedPrediction(1, "", "", f"this process, {options}")


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(batch.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(
        batch,
        "predict_formatted",
        lambda structures, load, *, workers, ending, **options: (workers, ending, options),
    )

    def call(predictor=None, **options):
        return batch.predict_batch(predictor or Predictor(), [], checkpoint=tmp_path, **options)

    return call


@pytest.mark.parametrize("expected", [None, 0, 1999])
def test_a_short_list_stays_in_this_process(run, expected):
    [result] = run(expected=expected, annotate=True)
    assert result.reason == "this process, {'annotate': True}"


@pytest.mark.parametrize(("expected", "workers"), [(2000, 2), (3999, 3), (10**6, 4)])
def test_a_long_list_is_shared(run, expected, workers):
    written = {"dialect": "msdial", "mol_folder": True}
    assert run(expected=expected, ending=".csv", **written) == (workers, ".csv", written)


def test_what_takes_all_cores_itself_shares_only_when_told(run):
    predictor = Predictor()
    predictor.single_threaded = False
    assert next(run(predictor, expected=10**6)).reason == "this process, {}"
    assert run(predictor, expected=10, workers=3)[0] == 3
