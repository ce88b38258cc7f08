import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from massbank_server import serve

from builders import build_massbank_record, load_script
from nextims.data.library import massbank_release
from nextims.data.library.store import SpectrumStore

SCRIPT = Path(__file__).parents[2] / "scripts" / "prepare_massbank.py"
SMILES = ["CCO", "CC=O", "CCCO", "CC(C)=O"]


@pytest.fixture
def main(tmp_path, monkeypatch):
    """The script's main with a configuration whose store is in a temporary folder."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    module = load_script("prepare_massbank")
    config = tmp_path / "config.yaml"
    config.write_text("data:\n  store: spectra.h5\n")
    return lambda *arguments: module.main(["--config", str(config), *map(str, arguments)])


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    for i, smiles in enumerate(SMILES):
        text = build_massbank_record(f"TS{i}", smiles, smiles, formula="N/A")
        (folder / f"TS{i}.txt").write_text(text)
    (folder / "bad.txt").write_text(build_massbank_record("TSX", num_peaks=3))
    return folder


@pytest.fixture
def archive(records, tmp_path):
    path = tmp_path / "MassBank-data-2025.10.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        file.add(records, "MassBank-data-2025.10")
    return path.read_bytes()


def test_records_become_the_store(main, records, tmp_path, capsys):
    assert main("--records", records) == 0
    with SpectrumStore(tmp_path / "spectra.h5") as store:
        assert store.column("smiles") == SMILES
    printed = capsys.readouterr().out
    assert re.search(r"^read +5$", printed, re.MULTILINE)
    assert re.search(r"^kept +4  4 molecules$", printed, re.MULTILINE)
    assert "peak list cannot be read" in printed
    assert "TSX" in (tmp_path / "spectra.h5.dropped.csv").read_text()


def test_output_may_be_elsewhere(main, records, tmp_path):
    assert main("--records", records, "--output", tmp_path / "deep" / "other.h5") == 0
    assert len(SpectrumStore(tmp_path / "deep" / "other.h5")) == 4
    assert not (tmp_path / "spectra.h5").exists()


def test_store_that_is_up_to_date_is_left_alone(main, records, tmp_path, capsys):
    main("--records", records)
    before = (tmp_path / "spectra.h5").stat().st_mtime_ns
    assert main("--records", records) == 0
    assert "up to date" in capsys.readouterr().out
    assert (tmp_path / "spectra.h5").stat().st_mtime_ns == before


def test_store_with_other_settings_is_not_overwritten_unasked(main, records, tmp_path, capsys):
    main("--records", records)
    (tmp_path / "config.yaml").write_text("data:\n  store: spectra.h5\n  split_by: scaffold\n")
    assert main("--records", records) == 2
    assert "with other settings; --force overwrites it" in capsys.readouterr().err
    assert SpectrumStore(tmp_path / "spectra.h5").attributes["split_by"] == "inchikey"
    assert main("--records", records, "--force") == 0
    assert SpectrumStore(tmp_path / "spectra.h5").attributes["split_by"] == "scaffold"


def test_damaged_store_is_not_overwritten_unasked(main, records, tmp_path, capsys):
    (tmp_path / "spectra.h5").write_bytes(b"my thesis")
    assert main("--records", records) == 2
    assert "is damaged or not a store; --force" in capsys.readouterr().err
    assert (tmp_path / "spectra.h5").read_bytes() == b"my thesis"


def test_download_then_store(main, archive, tmp_path, capsys):
    digest = hashlib.sha256(archive).hexdigest()
    with serve({"/MassBank-data-2025.10.tar.gz": archive}) as server:
        url = server.address + "/MassBank-data-2025.10.tar.gz"
        assert main("--download", "--url", url, "--sha256", digest) == 0
    assert len(SpectrumStore(tmp_path / "spectra.h5")) == 4
    assert f"sha256 {digest}, as stated by the caller" in capsys.readouterr().out


def test_download_of_the_current_release(main, archive, tmp_path, monkeypatch, capsys):
    with serve({"/tarball": archive}) as server:
        release = {"tag_name": "2025.10", "tarball_url": server.address + "/tarball"}
        server.files["/latest"] = json.dumps(release).encode()
        latest = massbank_release.find_latest_release
        monkeypatch.setattr(
            massbank_release, "find_latest_release", lambda: latest(server.address + "/latest")
        )
        assert main("--download") == 0
    assert SpectrumStore(tmp_path / "spectra.h5").attributes["source"] == (
        "MassBank-data-2025.10.tar.gz"
    )
    assert "not checked" in capsys.readouterr().out


def test_interrupted_download_goes_on(main, archive, tmp_path, capsys):
    with serve({"/a.tar.gz": archive}) as server:
        server.break_after = len(archive) // 2
        assert main("--download", "--url", server.address + "/a.tar.gz") == 2
        assert "run again to go on" in capsys.readouterr().err
        assert not (tmp_path / "spectra.h5").exists()
        server.break_after = None
        assert main("--download", "--url", server.address + "/a.tar.gz") == 0
        assert server.requests[-1][1] == f"bytes={len(archive) // 2}-"
    assert len(SpectrumStore(tmp_path / "spectra.h5")) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--records", "nowhere"], "error: nowhere: no such file or folder"),
        (["--config", "nowhere.yaml", "--records", "x"], "no such configuration file"),
        (["--download", "--url", "http://example.org/a.zip"], "only https"),
    ],
)
def test_mistakes_are_one_clear_line(main, arguments, message, capsys):
    assert main(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_folder_without_records(main, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main("--records", tmp_path / "empty") == 2
    assert "no MassBank record" in capsys.readouterr().err
    assert not list(tmp_path.glob("spectra*"))


@pytest.mark.parametrize(
    "arguments", [[], ["--records", "a", "--download"], ["--records", "a", "--sha256", "b"]]
)
def test_usage_errors(main, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(*arguments)
    assert stopped.value.code == 2


def test_help_shows_examples_and_does_not_need_torch():
    code = f"""
import runpy, sys
sys.argv = ["prepare_massbank.py", "--help"]
try:
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
except SystemExit as stop:
    assert not stop.code
assert not {{"torch", "h5py", "rdkit"}} & set(sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "nextims prepare massbank --download" in run.stdout


@pytest.mark.slow
def test_the_same_records_give_the_same_store_to_the_byte(main, tmp_path):
    """Its digest enters the keys of trainings, which would else begin anew."""
    records = Path(__file__).parents[3] / "shared" / "data" / "massbank-ei.tar.gz"
    if not records.exists():
        pytest.skip("no MassBank archive at ../shared/data")
    assert main("--records", records) == 0
    first = (tmp_path / "spectra.h5").read_bytes()
    assert main("--records", records, "--force") == 0
    assert (tmp_path / "spectra.h5").read_bytes() == first
