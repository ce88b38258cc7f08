"""Long batches as a user runs them: in parts, gone on with, refused, killed."""

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from builders import SMALL_MOLECULES, load_script, save_student, save_teacher
from nextims.config import PROJECT_ROOT
from nextims.files.writing import only_writer
from nextims.formats.writing import FORMATS
from nextims.inference.batches.parts import MANIFEST

SCRIPT = PROJECT_ROOT / "scripts" / "predict.py"
SHIPPED = PROJECT_ROOT / "checkpoints" / "student" / "best_student.pt"
on_posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")


def write_list(path, number, broken=100):
    """Write small molecules by turns; each hundredth line is none."""
    turns = (SMALL_MOLECULES[line % len(SMALL_MOLECULES)] for line in range(number))
    lines = (
        f"{'C1' if broken and i % broken == 7 else smiles} n{i}\n" for i, smiles in enumerate(turns)
    )
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def predict():
    return load_script("predict")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_student(tmp_path_factory.mktemp("weights") / "small.pt")


@pytest.fixture
def run(predict, checkpoint, tmp_path, monkeypatch, capfd):
    """Run the command in an empty folder: exit status and standard error."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments, checkpoint=checkpoint):
        status = predict.main([*arguments, "--checkpoint", str(checkpoint)])
        return status, capfd.readouterr().err

    return command


@pytest.fixture
def interrupted(monkeypatch):
    """Let the next command end itself by a signal when it has predicted so many structures."""
    from nextims.inference import Predictor

    real = Predictor.predict_stream

    def arrange(number, signal_number):
        def stream(self, structures, **options):
            for done, result in enumerate(real(self, structures, **options)):
                if done == number:
                    monkeypatch.setattr(Predictor, "predict_stream", real)
                    os.kill(os.getpid(), signal_number)
                yield result

        monkeypatch.setattr(Predictor, "predict_stream", stream)

    return arrange


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@on_posix
@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_batch_is_gone_on_with(run, tmp_path, interrupted, number, status, said):
    write_list(tmp_path / "list.smi", 600)
    command = ("--batch", "list.smi", "--output", "out.msp", "--workers", "1")
    run(*command)
    whole, failures = ((tmp_path / f"out.msp{end}").read_bytes() for end in ("", ".errors.csv"))
    (tmp_path / "out.msp").write_text("an earlier run's")
    interrupted(300, number)
    found, err = run(*command, "--parts", "256")
    last = f"{said}; the same command goes on from out.msp.parts"
    assert (found, err.splitlines()[-1]) == (status, last)
    parts = ["_manifest.jsonl", "_part-00000.errors.csv", "part-00000.msp"]
    assert names(tmp_path / "out.msp.parts") == parts
    assert (tmp_path / "out.msp").read_text() == "an earlier run's"
    status, err = run(*command)  # the parts that are there are enough of an order
    assert status == 3
    assert "\nout.msp.parts has 256 structures already; going on\n" in err
    assert "line 8:" not in err and "line 308: C1: RDKit cannot read" in err
    assert err.splitlines()[-1].startswith("594 of 600 structures predicted, written to out.msp;")
    assert (tmp_path / "out.msp").read_bytes() == whole
    assert (tmp_path / "out.msp.errors.csv").read_bytes() == failures
    assert names(tmp_path) == ["list.smi", "out.msp", "out.msp.errors.csv"]


@on_posix
def test_parts_of_another_batch_are_refused(run, tmp_path, interrupted):
    write_list(tmp_path / "list.smi", 300)
    command = ("--batch", "list.smi", "--output", "out.msp", "--workers", "1")
    interrupted(260, signal.SIGINT)
    run(*command, "--parts", "256")
    before = names(tmp_path / "out.msp.parts")
    assert "part-00000.msp" in before
    for options, difference in (
        (("--dialect", "msdial"), "--dialect (was nist, now msdial)"),
        (("--derivatise", "tms"), "--derivatise (was None, now tms)"),
        (("--parts", "512"), "structures a part (was 256, now 512)"),
    ):
        status, err = run(*command, *options)
        assert status == 2
        assert err == (
            f"error: out.msp.parts: was begun with something else: {difference}; go on as it was "
            "begun, or delete that folder to start anew\n"
        )
    write_list(tmp_path / "list.smi", 301)
    status, err = run(*command)
    assert status == 2
    assert "something else: input (was " in err
    assert names(tmp_path / "out.msp.parts") == before
    assert not (tmp_path / "out.msp").exists()


@pytest.mark.parametrize("ending", FORMATS)
def test_columns_of_the_list_go_with_parts(run, tmp_path, ending):
    rows = (f"{SMALL_MOLECULES[n % 5]},n{n},{n}-00-0,{n}.5,shelf {n}\n" for n in range(300))
    (tmp_path / "list.csv").write_text("smiles,name,CAS,RI,lab/shelf\n" + "".join(rows))
    keep = ("--batch", "list.csv", "--keep-columns", "CAS,RI,lab/shelf", "--workers", "1")
    output = f"out{ending}"
    run(*keep, "--output", output)
    whole = (tmp_path / output).read_bytes()
    (tmp_path / output).unlink()
    status, _ = run(*keep, "--output", output, "--parts", "256")
    assert status == 0
    assert (tmp_path / output).read_bytes() == whole
    if not FORMATS[ending].table:
        assert b"shelf 299" in whole and b"299-00-0" in whole


@on_posix
def test_parts_with_other_columns_are_refused(run, tmp_path, interrupted):
    (tmp_path / "list.csv").write_text("smiles,CAS,lab\n" + "CCO,64-17-5,A\n" * 300)
    command = ("--batch", "list.csv", "--output", "out.msp", "--workers", "1", "--keep-columns")
    interrupted(260, signal.SIGINT)
    run(*command, "CAS", "--parts", "256")
    status, err = run(*command, "CAS,lab")
    assert status == 2
    assert "something else: --keep-columns (was CAS, now CAS,lab); go on as it was" in err
    status, err = run(*command, "CAS")
    assert status == 0
    assert (tmp_path / "out.msp").read_text().count("CAS#: 64-17-5\n") == 300


@on_posix
def test_parts_of_another_energy_are_refused(run, tmp_path, interrupted):
    # Spectra of two energies must not become one library.
    write_list(tmp_path / "list.smi", 300)
    teacher = save_teacher(tmp_path / "teacher.pt", training_energies={20: 500, 70: 5000})
    command = ("--batch", "list.smi", "--output", "out.msp", "--workers", "1", "--parts", "256")
    interrupted(260, signal.SIGINT)
    run(*command, "--energy", "20", checkpoint=teacher)
    assert "part-00000.msp" in names(tmp_path / "out.msp.parts")
    status, err = run(*command, checkpoint=teacher)
    assert status == 2
    assert "something else: --energy (was 20.0, now 70.0);" in err


def test_a_long_batch_is_kept_in_parts_unasked(run, tmp_path, monkeypatch, interrupted):
    monkeypatch.setattr("nextims.cli.long_batch.LONG_BATCH", 50)
    write_list(tmp_path / "list.smi", 51)
    interrupted(40, signal.SIGINT)
    assert run("--batch", "list.smi", "--output", "out.csv", "--workers", "1")[0] == 130
    assert names(tmp_path) == ["list.smi", "out.csv.parts"]
    write_list(tmp_path / "list.smi", 50)
    interrupted(40, signal.SIGINT)
    assert run("--batch", "list.smi", "--output", "short.csv", "--workers", "1")[0] == 130
    assert names(tmp_path) == ["list.smi", "out.csv.parts"]


def test_a_folder_of_lists_becomes_a_folder_of_parts(run, tmp_path):
    folder = tmp_path / "library"
    folder.mkdir()
    write_list(folder / "a.smi", 200)
    (folder / "b.csv").write_text("name;smiles\nbroken;C1CC\nethanol;CCO\n")
    write_list(folder / "c.txt", 100)
    command = ("--batch", "library", "--output", "spectra/", "--format", "CSV", "--workers", "1")
    status, err = run(*command, "--parts", "256")
    assert status == 3
    assert (
        "b.csv, line 2: C1CC: RDKit cannot read the structure (ring 1 is not closed, character 2)"
        in err.splitlines()
    )
    assert names(tmp_path / "spectra") == [
        "_manifest.jsonl",
        "_part-00000.errors.csv",
        "part-00000.csv",
        "part-00001.csv",
    ]
    lines = []
    for path in sorted((tmp_path / "spectra").glob("part-*.csv")):
        lines += dict.fromkeys(int(row["line"]) for row in csv.DictReader(path.open()))
    assert lines == [n for n in range(1, 304) if n not in (8, 108, 201, 202, 211)]
    with (tmp_path / "spectra.errors.csv").open(newline="") as file:
        places = [(row["line"], row["file"], row["file_line"]) for row in csv.DictReader(file)]
    assert places[1:] == [("108", "a.smi", "108"), ("202", "b.csv", "2"), ("211", "c.txt", "8")]
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "spectra").iterdir()}
    status, err = run(*command)  # all is done
    assert status == 3
    assert err.splitlines()[-1].startswith("298 of 302 structures predicted, written to spectra;")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_second_run_on_one_output_is_refused(run, tmp_path):
    write_list(tmp_path / "list.smi", 3)
    command = ("--batch", "list.smi", "--output", "out.msp")
    with only_writer(tmp_path / "out.msp"):
        for options in ((), ("--parts", "256")):
            status, err = run(*command, *options)
            assert status == 2
            assert err.startswith("error: out.msp: another process is writing it")
        assert run("--batch", "list.smi", "--output", "other.msp")[0] == 0
    assert run(*command)[0] == 0
    assert names(tmp_path) == ["list.smi", "other.msp", "out.msp"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--batch", "library", "--output", "library"), "is a folder; --format says what"),
        (("--batch", "library", "--output", "library/x.csv"), "lies in the folder that is read"),
        (("--batch", "library", "--output", "library", "--format", "csv"), "is an input as well"),
        (("--batch", "mixed", "--output", "x.csv"), "mixed: holds x.pdf, which is no list"),
        (("--batch", "l.smi", "--output", "mixed", "--format", "csv"), "and no _manifest.jsonl"),
        (("--batch", "l.smi", "--output", "x.mgf", "--parts", "256", "--annotate"), "no place for"),
        (("--batch", "l.smi", "--output", "y", "--format", "mgf", "--annotate"), "no place for"),
    ],
)
def test_wrong_usage_is_one_line(run, tmp_path, arguments, message):
    for folder in ("library", "mixed"):
        (tmp_path / folder).mkdir()
        write_list(tmp_path / folder / "a.smi", 3)
    write_list(tmp_path / "l.smi", 3)
    (tmp_path / "mixed" / "x.pdf").touch()
    before = sorted(tmp_path.rglob("*"))
    status, err = run(*arguments)
    assert status == 2
    assert err.startswith("error: ") and err.count("\n") == 1
    assert message in err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--parts", "256"), "--parts: needs --batch FILE and --output"),
        (("--output", "x.msp", "--parts", "100"), "expected a multiple of 256, found '100'"),
        (("--output", "x", "--format", "xls"), "expected one of msp, json"),
        (("--output", "x.msp", "--engine", "ray", "--mol-folder"), "parts have no --mol-folder"),
        (("--output", "x.msp", "--parts", "256", "--plot", "x.pdf"), "parts have no --plot"),
        (("--output", "x.msp", "--address", "auto"), "--address: needs --engine ray"),
    ],
)
def test_arguments_that_do_not_fit(predict, arguments, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        predict.main(["--batch", "list.smi", *arguments])
    assert exit_.value.code == 2
    assert message in capsys.readouterr().err


# --- faults ---------------------------------------------------------------------------------------


def start(folder, *arguments, limit=None):
    """Start the command with the shipped student, in a process group of its own."""

    def limited():
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "--checkpoint", str(SHIPPED), *arguments],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limited if limit else None,
    )


def finish(folder, *arguments, limit=None):
    with start(folder, *arguments, limit=limit) as process:
        _, err = process.communicate(timeout=500)
    return process.returncode, err


def kill_in_the_middle(folder, parts, least, pause, *arguments):
    """Kill a run when so many parts are there, and some time has gone by."""
    with start(folder, *arguments) as process:
        deadline = time.monotonic() + 500
        while process.poll() is None and time.monotonic() < deadline:
            if len(list(parts.glob("part-*"))) >= least:
                time.sleep(pause)
                break
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)


@on_posix
@pytest.mark.slow
@pytest.mark.parametrize("ending", [".msp", ".parquet", ".h5", ".csv", ".mzspeclib.txt"])
def test_killed_at_any_moment_and_rerun_nothing_differs(tmp_path, ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    assert ending in FORMATS
    write_list(tmp_path / "list.smi", 1300)
    output = tmp_path / f"out{ending}"
    wanted = {}
    command = ("--batch", "list.smi", "--output", output.name, "--workers", "1")
    assert finish(tmp_path, *command)[0] == 3
    for name in (output.name, f"{output.name}.errors.csv"):
        wanted[name] = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
    parts = tmp_path / f"{output.name}.parts"
    moments = random.Random(ending)
    for least in (1, 3, 6):  # the last one near or in the joining
        kill_in_the_middle(
            tmp_path, parts, least, moments.uniform(0, 0.1), *command, "--parts", "256"
        )
    status, err = finish(tmp_path, *command, "--parts", "256")
    assert status == 3, err
    assert {name: (tmp_path / name).read_bytes() for name in wanted} == wanted
    assert names(tmp_path) == sorted([*wanted, "list.smi"])


@on_posix
@pytest.mark.slow
def test_several_processes_killed_leave_no_orphans(tmp_path):
    write_list(tmp_path / "list.smi", 2000)
    command = ("--batch", "list.smi", "--output", "out.msp", "--workers", "2", "--parts", "256")
    parts = tmp_path / "out.msp.parts"
    with start(tmp_path, *command) as process:
        while process.poll() is None and not list(parts.glob("part-*")):
            time.sleep(0.01)
        process.kill()  # it alone: nobody tells its workers
    deadline = time.monotonic() + 120
    group = 1
    while group and time.monotonic() < deadline:
        time.sleep(0.1)
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            group = 0
    assert group == 0
    assert finish(tmp_path, *command)[0] == 3
    one = ("--batch", "list.smi", "--output", "one.msp", "--workers", "1")
    assert finish(tmp_path, *one)[0] == 3
    assert (tmp_path / "out.msp").read_bytes() == (tmp_path / "one.msp").read_bytes()


@on_posix
@pytest.mark.slow
@pytest.mark.parametrize("ending", [".msp", ".csv"])
def test_where_no_more_can_be_written_it_is_said_and_gone_on_with(tmp_path, ending):
    write_list(tmp_path / "list.smi", 600, broken=0)
    output = tmp_path / f"out{ending}"
    command = ("--batch", "list.smi", "--output", output.name, "--workers", "1")
    assert finish(tmp_path, *command)[0] == 0
    whole = output.read_bytes()
    output.unlink()
    # No file may be as large as the output: a part may, the joined file may not.
    status, err = finish(tmp_path, *command, "--parts", "256", limit=int(0.8 * len(whole)))
    assert status == 2
    assert err.splitlines()[-1].startswith(f"error: {output.name}: cannot be written (")
    assert names(tmp_path) == ["list.smi", f"{output.name}.parts"]
    status, err = finish(tmp_path, *command, limit=int(0.8 * len(whole)))  # all of it in one file
    assert status == 2
    assert finish(tmp_path, *command)[0] == 0
    assert output.read_bytes() == whole
    assert names(tmp_path) == ["list.smi", output.name]


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 48 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "kept_free"), [(".msp", 0), (".parquet", 0), (".h5", 1 << 25)])
def test_a_full_disk(small_disk, tmp_path, ending, kept_free):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason='needs pip install -e ".[formats]"')
    write_list(tmp_path / "list.smi", 800, broken=0)
    command = ("--batch", str(tmp_path / "list.smi"), "--output", f"out{ending}", "--workers", "1")
    assert finish(tmp_path, *command)[0] == 0
    whole = (tmp_path / f"out{ending}").read_bytes()
    shard = (*command[:2], "--output", "shards", "--format", ending, "--parts", "256")
    assert finish(tmp_path, *shard)[0] == 0
    size = (tmp_path / "shards" / f"part-00000{ending}").stat().st_size
    filler = small_disk / "filler"
    room = kept_free + int(1.5 * size) + 16_384  # pages of 4 kB, and a manifest
    filler.write_bytes(bytes(shutil.disk_usage(small_disk).free - room))
    status, err = finish(small_disk, *command, "--parts", "256")
    assert status == 2, err
    assert err.endswith(f"{ending}: cannot be written (No space left on device)\n"), err
    assert not (small_disk / f"out{ending}").exists()
    parts = small_disk / f"out{ending}.parts"
    assert f"part-00000{ending}" in names(parts)
    assert all(name.startswith(("part-", MANIFEST)) for name in names(parts))
    filler.unlink()
    status, err = finish(small_disk, *command)
    assert status == 0, err
    assert "structures already; going on" in err
    assert (small_disk / f"out{ending}").read_bytes() == whole
