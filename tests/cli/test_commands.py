"""What the commands that predict share."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import load_script
from nextims.cli.commands import (
    check_overwritten,
    going_on,
    load_predictor,
    run_command,
    told_if_long,
)
from nextims.config import ConfigError, load_config
from nextims.errors import UserError
from nextims.files.writing import OutputError
from nextims.inference.structures.lists import InputError


class DialectError(UserError):
    """An error of one command alone."""


def fail(error):
    raise error


@pytest.mark.parametrize(
    "error",
    [
        ConfigError("config.yaml: no such key"),
        InputError("list.smi: no such file"),
        OutputError("x.txt: unknown ending"),
        FileNotFoundError("gone"),
        DialectError("msp: which one?"),
    ],
)
def test_what_the_user_can_mend_is_one_line(error, capsys):
    assert run_command(lambda: fail(error)) == 2
    assert capsys.readouterr().err == f"error: {error}\n"


def test_an_error_of_the_system_names_its_file(tmp_path, capsys):
    path = tmp_path / ("x" * 300)
    assert run_command(path.is_file) == run_command(path.read_bytes) == 2
    assert capsys.readouterr().err == 2 * f"error: {path}: File name too long\n"


def test_what_the_user_cannot_mend_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 // 0)
    with pytest.raises(ValueError, match="too few"):
        run_command(lambda: fail(ValueError("too few")))


def test_interruption_is_reported_as_a_shell_does(capsys):
    assert run_command(lambda: fail(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"
    work = going_on("run again to continue")(fail)
    assert run_command(lambda: work(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted; run again to continue\n"


def test_sigterm_ends_a_command_as_ctrl_c_does(capsys):
    assert run_command(lambda: signal.raise_signal(signal.SIGTERM) or 0) == 143
    assert capsys.readouterr().err == "terminated\n"


def test_the_status_is_the_commands():
    assert [run_command(lambda status=status: status) for status in (0, 2, 3)] == [0, 2, 3]


def test_an_input_is_not_overwritten_under_any_of_its_names(tmp_path):
    source = tmp_path / "list.csv"
    source.write_text("CCO")
    link = tmp_path / "link.csv"
    link.symlink_to(source)
    with pytest.raises(OutputError, match=r"link\.csv: is an input as well"):
        check_overwritten([tmp_path / "new.csv", link], [None, "-", source])
    with pytest.raises(OutputError, match=r"link\.csv: is an input as well"):
        check_overwritten([None], [source], beside=[link])
    check_overwritten([tmp_path / "new.csv", None], [None, "-", source])


def test_what_is_overwritten_is_told(tmp_path, capsys):
    old, new = tmp_path / "old.msp", tmp_path / "new.msp"
    old.touch()
    check_overwritten([new, None, old, tmp_path], beside=[old])
    assert capsys.readouterr().err == f"note: {old}: is there already, and will be overwritten\n"
    run_command(lambda: check_overwritten([old]) or 0, quiet=True)
    assert capsys.readouterr().err == ""


def test_work_that_takes_long_is_told(capsys, monkeypatch):
    monkeypatch.setattr("nextims.cli.commands._A_MOMENT", 0.2)
    for seconds, seen, said in (
        (0, True, ""),
        (1, False, ""),
        (1, True, "loading the teacher …\n"),
    ):
        monkeypatch.setattr(sys.stderr, "isatty", lambda seen=seen: seen)
        with told_if_long("loading the teacher"):
            time.sleep(seconds)
        assert capsys.readouterr().err == said


def test_a_missing_checkpoint_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match=r"no\.pt: no such checkpoint; this makes one: next"):
        load_predictor(load_config(), tmp_path / "no.pt")


def test_a_missing_teacher_is_one_from_wherever_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "config.yaml").write_text("teacher: {checkpoint: weights/teacher.pt}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="this makes one: nextims train teacher;"):
        load_predictor(load_config(tmp_path / "config.yaml"), "weights/teacher.pt")


class TestAConfigurationInAnotherFolder:
    """The shipped student is read where the folder has none, and the command says so."""

    @pytest.fixture
    def path(self, tmp_path):
        (tmp_path / "lc.yaml").write_text("training: {seed: 1}\n")
        return tmp_path / "lc.yaml"

    @pytest.fixture
    def note(self, path):
        own = path.with_name("checkpoints") / "student" / "best_student.pt"
        shipped = load_config().student.checkpoint
        return f"note: {own}: not there; read instead is {shipped}, which comes with NExtIMS\n"

    def test_it_predicts(self, path, note, capsys):
        predict = load_script("predict")
        assert predict.main(["--config", str(path), "--smiles", "CCO", "--device", "cpu"]) == 0
        out, err = capsys.readouterr()
        assert "31     100.0 %" in out
        assert err.startswith(note)
        assert sorted(path.parent.iterdir()) == [path]

    def test_it_searches(self, path, note, capsys):
        assert load_predictor(load_config(path), device="cpu").max_mz == 1000
        assert capsys.readouterr().err == note

    def test_it_has_bond_energies(self, path, capsys):
        precompute = load_script("precompute_bde")
        assert precompute.main(["--config", str(path), "--smiles", "CCO", "--device", "cpu"]) == 0
        out, err = capsys.readouterr()
        assert "[CH2]O + [CH3]" in out
        own = path.with_name("checkpoints") / "bde" / "bde.pt"
        assert err.startswith(f"note: {own}: not there; read instead is ")

    def test_a_checkpoint_that_is_named_is_no_default(self, path):
        with pytest.raises(InputError, match=r"best_student\.pt: no such checkpoint"):
            load_predictor(load_config(path), path.with_name("best_student.pt"))


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "half.pt"
    path.write_bytes(b"PK\x03\x04 not a checkpoint")
    with pytest.raises(UserError, match=r"half\.pt: "):
        load_predictor(load_config(), path)


PRINTING = (
    "import sys\n"
    "from nextims.cli.commands import run_command\n"
    "def command():\n"
    "    text = sys.stdin.read() or '\\xe9thanol \\u6c34 \\udce9'\n"
    "    print(text)\n"
    "    print('done', file=sys.stderr)\n"
    "    return 0\n"
    "sys.exit(run_command(command))\n"
)


def shell(redirection, **environment):
    command = f'"{sys.executable}" -c "$0" {redirection}'
    return subprocess.run(
        ["bash", "-c", command, PRINTING],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
    )


@pytest.mark.skipif(os.name != "posix", reason="redirects as POSIX shells do")
def test_streams_may_be_closed_or_end_early():
    assert shell("").returncode == 0
    assert shell("<&-").stdout.startswith("éthanol".encode())
    closed = shell(">&-")
    assert (closed.returncode, closed.stderr.count(b"\n")) == (2, 2)
    assert b"error: standard output: cannot be written (Bad file descriptor)" in closed.stderr
    silent = shell("2>&-")
    assert (silent.returncode, silent.stdout[:8]) == (0, "éthanol".encode())
    assert shell(">&- 2>&- <&-").returncode == 2
    assert shell("| true; exit ${PIPESTATUS[0]}").stderr in (b"done\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="writes to a full device")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_behind_standard_output_is_told(unbuffered):
    full = shell("> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert full.returncode == 2
    said = b"error: standard output: cannot be written (No space left on device)\n"
    assert full.stderr.endswith(said)
    silent = shell("2> /dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (silent.returncode, silent.stdout.count(b"\n")) == (2, 1)


def test_what_the_locale_has_no_letters_for_is_escaped():
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    assert shell("", **plain).stdout == b"\\xe9thanol \\u6c34 \\udce9\n"
