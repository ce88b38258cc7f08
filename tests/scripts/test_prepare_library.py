"""Several libraries become one store."""

import json

from builders import build_massbank_record, load_script
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
