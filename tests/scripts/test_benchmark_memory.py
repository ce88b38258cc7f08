import pytest

from builders import build_config, load_script


def run(tmp_path, *arguments):
    return load_script("benchmark_memory").main(
        ["--config", str(tmp_path / "config.yaml"), *arguments]
    )


def rows(printed):
    """Return the first word and the last of each line that tells of a mode."""
    lines = [line.split() for line in printed.splitlines()]
    return {words[0]: words[1:] for words in lines if words and words[0] in ("true", "false")}


def test_an_estimate_says_which_mode_fits(tmp_path, capsys):
    build_config(tmp_path)
    arguments = ("--mode", "estimate", "--samples", "50000000", "--ram-gb", "8")
    assert run(tmp_path, *arguments) == 0
    found = rows(capsys.readouterr().out)
    assert found["true"][-1] == "yes"
    assert found["false"][-1] == "no"


def test_an_estimate_needs_no_store(tmp_path, capsys):
    config = build_config(tmp_path)
    config.data.store.unlink()
    assert run(tmp_path) == 0
    assert "there is no store yet" in capsys.readouterr().out


def test_comparing_measures_both_modes(tmp_path, capsys):
    build_config(tmp_path)
    assert run(tmp_path, "--mode", "compare", "--samples", "8") == 0
    found = rows(capsys.readouterr().out)
    assert set(found) == {"true", "false"}
    assert all(
        int(values[0]) == 8 and float(values[2].replace(",", "")) > 0 for values in found.values()
    )


def test_a_benchmark_without_a_store_names_the_command_that_makes_it(tmp_path, capsys):
    config = build_config(tmp_path)
    config.data.store.unlink()
    assert run(tmp_path, "--mode", "benchmark") == 2
    assert "prepare_massbank.py" in capsys.readouterr().err


def test_nonsense_numbers_are_refused(tmp_path):
    build_config(tmp_path)
    for arguments in (("--samples", "-1"), ("--ram-gb", "0")):
        with pytest.raises(SystemExit) as stop:
            run(tmp_path, *arguments)
        assert stop.value.code == 2
