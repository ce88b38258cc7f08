import numpy as np
import pytest

from nextims.config import DataConfig
from nextims.data.library.retention import from_fame_scale, measured_indices, retention_data
from nextims.data.library.store import SpectrumStore
from nextims.data.library.store_writer import StoreWriter
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

PNNL = "pnnl-metv-20191015"


@pytest.fixture
def store(tmp_path):
    """Make a store of records, given as SMILES, index, column, source and identifier."""

    def make(*rows):
        path = tmp_path / "spectra.h5"
        with StoreWriter(path, config=DataConfig(), source="example") as writer:
            for number, (smiles, index, column, source, id_) in enumerate(rows):
                spectrum = Spectrum([43, 57 + number], [99, 20])
                record = Record("a.msp", 1, id_, smiles, spectrum, (smiles,), source=source)
                object.__setattr__(record, "retention_index", index)
                object.__setattr__(record, "column", column)
                writer.add(record)
            writer.finish("{}")
        return SpectrumStore(path)

    return make


def test_the_fame_scale_meets_that_of_alkanes():
    # By the esters of C8 to C18 (Adams 2007); PNNL's own tetratriacontane was not used.
    esters = {800: 1123, 1200: 1524, 1800: 2124}
    assert [from_fame_scale(i) for i in esters] == pytest.approx(list(esters.values()), abs=2)
    assert from_fame_scale(3075.21) == pytest.approx(3400, abs=3)


def test_replicates_are_merged_by_source_and_alkanes_defined(store):
    found = retention_data(
        store(
            ("CCCCO", 660.0, "DB-5", "lab", "1"),
            ("CCCCO", 664.0, "HP-5MS", "lab", "2"),
            ("CCCCO", 672.0, "", "other", "3"),  # a column that is not named counts as 5 % phenyl
            ("CCCCO", 1140.0, "DB-WAX", "other", "4"),
            ("CCCCCCCC", 790.0, "DB-5", "lab", "5"),
            ("CCCCCCCCC(=O)OC", 900.0, "5 % phenyl", PNNL, "6"),
        )
    )
    of = {m.smiles: value for m, value in zip(found.molecules, found.index, strict=True)}
    assert of["CCCCO"] == 667
    assert of["CCCCCCCC"] == 800
    assert of["CCCCCCCCC(=O)OC"] == pytest.approx(1223, abs=1)
    assert found.exact.sum() == 35
    assert found.sources[found.keys.index("LRHPLDYGYMQRHN")] == {"lab", "other"}


def test_sources_that_disagree_are_named_and_left_out(store):
    found = retention_data(
        store(
            ("CCCCO", 660.0, "DB-5", "one", "1"),
            ("CCCCO", 900.0, "DB-5", "two", "2"),
            ("CCCO", 560.0, "DB-5", "one", "3"),
            ("CCCO", 565.0, "DB-5", "two", "4"),
            ("CCCO", 900.0, "DB-5", "three", "5"),
            ("CCOCC", 500.0, "", "massbank", "MSBNK-NILU-1"),
        ),
        alkanes=False,
    )
    assert [m.smiles for m in found.molecules] == ["CCCO"]
    assert found.index.tolist() == [562.5]
    assert {one.id for one in found.left_out} == {"1", "2", "5", "MSBNK-NILU-1"}
    assert "sources disagree: 660, 900" in {one.reason for one in found.left_out}


def test_indices_that_cannot_be_are_no_indices(store):
    rows = [("CCCO", index, "DB-5", "lab", "1") for index in (0.0, -5.0, 1e6, 556.0, np.nan)]
    assert [one.index for one in measured_indices(store(*rows))] == [556]
