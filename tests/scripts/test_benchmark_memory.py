import subprocess
import sys

import pytest
import yaml

from builders import build_config, changed, load_script
from nextims.config import PROJECT_ROOT, load_config


def run(tmp_path, *arguments):
    return load_script("benchmark_memory").main(
        ["--config", str(tmp_path / "config.yaml"), *arguments]
    )


def rows(printed):
    """Return the words of each line that tells of a mode, by phase (if it says) and mode."""
    lines = [line.split() for line in printed.splitlines()]
    found = {}
    for words in lines:
        for mode in ("true", "false"):
            if mode in words[:2]:
                place = words.index(mode)
                found[(*words[:place], mode)] = words[place + 1 :]
    return found


def test_an_estimate_says_which_mode_fits(tmp_path, capsys):
    build_config(tmp_path)
    arguments = ("--mode", "estimate", "--samples", "50000000", "--ram-gb", "16")
    assert run(tmp_path, *arguments) == 0
    found = rows(capsys.readouterr().out)
    assert len(found) == 4
    for phase in ("teacher", "student"):
        assert found[phase, "true"][-1] == "yes"
        assert found[phase, "false"][-1] == "no"


def test_an_estimate_of_one_phase(tmp_path, capsys):
    build_config(tmp_path)
    assert run(tmp_path, "--phase", "student") == 0
    assert set(rows(capsys.readouterr().out)) == {("student", "true"), ("student", "false")}


def test_an_estimate_needs_no_store(tmp_path, capsys):
    config = build_config(tmp_path)
    config.data.store.unlink()
    assert run(tmp_path) == 0
    assert "there is no store yet" in capsys.readouterr().out


def test_comparing_measures_both_modes(tmp_path, capsys):
    build_config(tmp_path)
    assert run(tmp_path, "--mode", "compare", "--samples", "8") == 0
    found = rows(capsys.readouterr().out)
    assert set(found) == {("true",), ("false",)}
    for loaded, *numbers in found.values():
        assert int(loaded) == 7 + 1  # 82 % and 8 % of 8
        assert all(float(number.replace(",", "")) > 0 for number in numbers[:-1])


def test_a_benchmark_without_a_store_names_the_command_that_makes_it(tmp_path, capsys):
    config = build_config(tmp_path)
    config.data.store.unlink()
    assert run(tmp_path, "--mode", "benchmark") == 2
    assert "nextims prepare massbank" in capsys.readouterr().err


def test_nonsense_numbers_are_refused(tmp_path):
    build_config(tmp_path)
    for arguments in (("--samples", "-1"), ("--ram-gb", "0")):
        with pytest.raises(SystemExit) as stop:
            run(tmp_path, *arguments)
        assert stop.value.code == 2


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("memory_efficient", [True, False])
@pytest.mark.parametrize("phase", ["student", "teacher"])
def test_the_estimate_agrees_with_the_measurement(tmp_path, phase, workers, memory_efficient):
    config = load_config()
    if not config.data.store.exists():
        pytest.skip("no store of spectra at data.store")
    config = changed(config, "data", num_workers=workers, memory_efficient_mode=memory_efficient)
    settings = tmp_path / "config.yaml"
    settings.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    # As a user runs it: what a test runner has imported before changes what forked workers copy.
    script = PROJECT_ROOT / "scripts" / "benchmark_memory.py"
    arguments = ["--mode", "benchmark", "--phase", phase, "--samples", "5000"]
    command = [sys.executable, script, "--config", settings, *arguments]
    found = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert found.returncode == 0, found.stderr
    [(_, _, peak, estimated, *_)] = rows(found.stdout).values()
    assert float(estimated) == pytest.approx(float(peak), rel=0.2)
