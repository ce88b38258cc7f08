"""Several libraries become one store."""

import json
import sys

import pytest

from builders import ETHANOL_PEAKS, build_massbank_record, load_script
from nextims.data import libraries
from nextims.data.library.store import SPLITS, SpectrumStore


def test_libraries_of_several_formats_become_one_store(tmp_path, capsys):
    config, folder = tmp_path / "config.yaml", tmp_path / "records"
    config.write_text("data:\n  store: spectra.h5\n")
    folder.mkdir()
    record = build_massbank_record("1", "ethanol", "CCO", formula="N/A").replace(
        "AC$INSTRUMENT:", "AC$CHROMATOGRAPHY: KOVATS_RTI 427\nAC$INSTRUMENT:"
    )
    (folder / "1.txt").write_text(record)
    peaks = "".join(
        f"{mz} {height}\n" for mz, height in ((15, 9), (27, 50), (29, 80), (31, 99), (45, 60))
    )
    msp = tmp_path / "mine.msp"
    msp.write_text(f"Name: Ethanol\nID: 1\nSMILES: OCC\nNum Peaks: 5\n{peaks}\n")
    lines = tmp_path / "more.jsonl"
    fields = {"id": "1", "name": "ethanol-d1", "smiles": "[2H]OCC", "source": "elsewhere"}
    fields |= {"retention_index": 430.5, "column": "DB-5", "licence": "CC BY 4.0"}
    lines.write_text(json.dumps(fields | {"peaks": [[m, 9.0] for m in (15, 27, 29, 31, 45, 47)]}))
    main = load_script("prepare_library").main
    assert main([str(each) for each in (folder, msp, lines)] + ["--config", str(config)]) == 0
    with SpectrumStore(tmp_path / "spectra.h5") as store:
        assert store.column("id") == ["1", "1", "1"]
        assert store.column("source") == ["records", "mine.msp", "elsewhere"]
        assert store.column("column") == ["", "", "DB-5"]
        assert len({SPLITS[split] for split in store.index.split}) == 1
        assert store.attributes["source"] == "records, mine.msp, more.jsonl"
        assert store.numbers("retention_index").tolist()[::2] == [427.0, 430.5]


def test_a_library_that_is_missing_is_named(tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text("data:\n  store: spectra.h5\n")
    main = load_script("prepare_library").main
    assert main(["nowhere.msp", "--config", str(config)]) == 2
    assert "nowhere.msp" in capsys.readouterr().err
    assert not (tmp_path / "spectra.h5").exists()


@pytest.mark.parametrize("ending", [".msp", ".mgf"])
def test_a_terminal_is_shown_how_many_spectra_have_been_read(tmp_path, ending, monkeypatch, capsys):
    config, path = tmp_path / "config.yaml", tmp_path / f"mine{ending}"
    config.write_text("data:\n  store: spectra.h5\n")
    peaks = "".join(f"{mz} {height}\n" for mz, height in ETHANOL_PEAKS.items())
    path.write_text(
        f"Name: ethanol\nSMILES: CCO\nNum Peaks: {len(ETHANOL_PEAKS)}\n{peaks}"
        if ending == ".msp"
        else f"BEGIN IONS\nTITLE=ethanol\nSMILES=CCO\n{peaks}END IONS\n"
    )
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert load_script("prepare_library").main([str(path), "--config", str(config)]) == 0
    assert f"mine{ending}: 1 spectra" in capsys.readouterr().err


def test_ctrl_c_says_what_became_of_the_store(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(libraries, "ingest", interrupted)
    store = tmp_path / "spectra.h5"
    main = load_script("prepare_library").main
    assert main(["mine.msp", "--output", str(store)]) == 130
    assert capsys.readouterr().err == f"interrupted; {store} is not written\n"
