import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.config import PROJECT_ROOT, load_config
from nextims.models.retention_index import RetentionModel, RetentionModelError

PATH = PROJECT_ROOT / "checkpoints" / "retention_index" / "retention_index.npz"


@pytest.fixture(scope="module")
def model():
    return RetentionModel.load(PATH)


def values(model, *smiles):
    return [index.value for index in model.predict([read_molecule(each) for each in smiles])]


def test_the_shipped_one_is_small_and_says_where_it_comes_from(model):
    assert load_config().retention_index.checkpoint == PATH
    assert PATH.stat().st_size < 5e6
    assert {"commit", "data", "metrics", "seed", "variances"} <= model.settings.keys()
    card = PATH.with_name("retention_index.MODEL_CARD.md").read_text()
    assert f"{model.settings['metrics']['median']:.1f}" in card


def test_n_alkanes_have_a_hundred_a_carbon_atom(model):
    carbons = np.arange(6, 41)
    found = values(model, *("C" * n for n in carbons))
    assert found == pytest.approx(100 * carbons, abs=5)


def test_homologous_series_go_on_beyond_the_data(model):
    found = np.array(values(model, *("C" * n for n in range(41, 51))))
    assert found == pytest.approx(100 * np.arange(41, 51), rel=0.01)


def test_methyl_esters_and_polycyclic_aromatics_are_within_one_per_cent(model):
    # Adams 2007 on DB-5; the aromatics as RECETOX measured them.
    known = {
        "CCCCCCCCCCCC(=O)OC": 1524,
        "CCCCCCCCCCCCCCCC(=O)OC": 1921,
        "CCCCCCCCCCCCCCCCCC(=O)OC": 2124,
        "c1ccc2cc3ccccc3cc2c1": 1844,
        "c1ccc2c(c1)ccc1c3ccccc3ccc21": 2470,
    }
    assert values(model, *known) == pytest.approx(list(known.values()), rel=0.01)


def test_what_is_unlike_the_data_has_a_wide_interval(model):
    known, strange = model.predict(
        [read_molecule("c1ccc2ccccc2c1"), read_molecule("FC1(F)OC2(SC(I)=NN2B(O)O)C1(I)I")]
    )
    assert strange.high - strange.low > 4 * (known.high - known.low)


def test_neither_labels_nor_company_nor_the_numbering_change_an_index(model):
    alone = values(model, "CCOC(=O)c1ccccc1")
    others = values(model, "C", "c1ccccc1C(OCC)=O", "[2H]C([2H])COC(=O)c1ccccc1")
    assert others[1:] == pytest.approx(alone * 2, abs=0.05)


def test_company_changes_an_interval_by_a_unit_at_most(model):
    molecules = [read_molecule("CCO" + "C" * n) for n in range(40)]
    for alone, among in zip(
        (model.predict([each])[0] for each in molecules), model.predict(molecules), strict=True
    ):
        assert among.value == pytest.approx(alone.value, abs=0.005)
        assert among.high == pytest.approx(alone.high, abs=1.01)


def test_an_empty_list_gives_none(model):
    assert model.predict([]) == []


def test_it_is_saved_and_read_back(model, tmp_path):
    path = tmp_path / "again.npz"
    model.save(path)
    again = RetentionModel.load(path)
    assert again.predict([read_molecule("CCO")]) == model.predict([read_molecule("CCO")])


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_a_file_that_is_none_is_refused_by_name(tmp_path, content):
    path = tmp_path / "mine.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RetentionModelError, match=r"mine.npz: .*train retention-index"):
        RetentionModel.load(path)
