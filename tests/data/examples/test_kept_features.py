import subprocess
import sys

import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.data.examples import kept_features
from nextims.data.examples.features import Inputs, featurize
from nextims.data.examples.kept_features import KeptFeatures, KeptFeaturesError, keep_features
from nextims.files.digest import digest_path

PIECES = Inputs(pieces=60)
# Methane; deuterated; with boron, halogens and silicon; charged; a ring system; a long chain.
MOLECULES = [
    read_molecule(smiles).smiles
    for smiles in (
        "C",
        "[2H]C([2H])([2H])O",
        "OB(O)c1ccc(Cl)c(Br)c1",
        "C[N+](C)(C)CC(=O)[O-]",
        "CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5",
        "C" * 60 + "[Si](C)(C)C",
    )
]


def assert_equal(found, expected):
    assert (found.nominal_mass, found.highest_mz) == (expected.nominal_mass, expected.highest_mz)
    names = ("positions", "values", "atoms", "labels")
    pairs = [(getattr(found, name), getattr(expected, name)) for name in names]
    if expected.pieces is not None:
        names = ("elements", "bonds", "broken", "labels")
        pairs += [(getattr(found.pieces, name), getattr(expected.pieces, name)) for name in names]
    for one, other in pairs:
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert np.array_equal(one, other)
    assert (found.pieces is None) == (expected.pieces is None)


@pytest.mark.parametrize("inputs", [PIECES, Inputs()])
def test_what_is_read_is_what_is_computed(tmp_path, inputs):
    kept = keep_features(tmp_path / "features.bin", MOLECULES, inputs)
    assert len(kept) == len(MOLECULES)
    order = [3, 0, 5, 5, 1, 2, 4]
    for item, found in zip(order, kept.read(order), strict=True):
        assert_equal(found, featurize(read_molecule(MOLECULES[item]), inputs))
    names = ["features.bin", "features.bin.json", "features.bin.sha256"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_second_run_reads_what_the_first_has_kept(tmp_path):
    path = tmp_path / "features.bin"
    keep_features(path, MOLECULES, PIECES)
    written = path.stat().st_mtime_ns
    keep_features(path, MOLECULES, PIECES)
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("molecules", "inputs"), [(MOLECULES[::-1], PIECES), (MOLECULES, Inputs(pieces=5))]
)
def test_features_of_other_molecules_or_settings_are_made_again(tmp_path, molecules, inputs):
    keep_features(tmp_path / "features.bin", MOLECULES, PIECES)
    kept = keep_features(tmp_path / "features.bin", molecules, inputs)
    for smiles, found in zip(molecules, kept.read(range(len(molecules))), strict=True):
        assert_equal(found, featurize(read_molecule(smiles), inputs))


def test_features_that_would_be_computed_otherwise_today_are_made_again(tmp_path, monkeypatch):
    path = tmp_path / "features.bin"
    with monkeypatch.context() as earlier:
        compute = kept_features.featurize_all
        earlier.setattr(
            kept_features,
            "featurize_all",
            lambda molecules, _: compute(molecules, Inputs(pieces=3)),
        )
        keep_features(path, MOLECULES, PIECES)
    [found] = keep_features(path, MOLECULES, PIECES).read([4])
    assert_equal(found, featurize(read_molecule(MOLECULES[4]), PIECES))


def test_features_of_an_earlier_version_are_made_again(tmp_path, monkeypatch):
    path = tmp_path / "features.bin"
    with monkeypatch.context() as earlier:
        earlier.setattr(kept_features, "_VERSION", 1)
        keep_features(path, MOLECULES, PIECES)
    written = path.stat().st_mtime_ns
    keep_features(path, MOLECULES, PIECES)
    assert path.stat().st_mtime_ns > written


@pytest.mark.parametrize("damage", ["flipped", "cut off", "description"])
def test_damage_is_named_and_mended(tmp_path, damage):
    path = tmp_path / "features.bin"
    keep_features(path, MOLECULES, PIECES)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
    elif damage == "cut off":
        path.write_bytes(content[:-9])
    else:
        path.with_name("features.bin.json").write_text("{")
    with pytest.raises(KeptFeaturesError, match=r"features\.bin: no usable features"):
        KeptFeatures(path)
    [found] = keep_features(path, MOLECULES, PIECES).read([2])
    assert_equal(found, featurize(read_molecule(MOLECULES[2]), PIECES))
    assert digest_path(path).read_text().split()[1] == "features.bin"


def test_what_a_killed_run_has_left_is_swept_up(tmp_path):
    (tmp_path / "features.bin.123.tmp").write_bytes(b"half")
    keep_features(tmp_path / "features.bin", MOLECULES, PIECES)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")
def test_a_full_disk_is_named_and_leaves_nothing(tmp_path):
    code = (
        "import resource, signal, sys\n"
        "from nextims.data.examples.features import Inputs\n"
        "from nextims.data.examples.kept_features import KeptFeaturesError, keep_features\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n"
        "    keep_features(sys.argv[1], ['C' * 30] * 100, Inputs(pieces=60))\n"
        "except KeptFeaturesError as error:\n"
        "    sys.exit(f'error: {error}')\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "features.bin"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"error: {tmp_path / 'features.bin'}: cannot be written (")
    assert "memory_efficient_mode: false" in said
    assert not list(tmp_path.iterdir())


def test_graphs_are_not_kept(tmp_path):
    with pytest.raises(ValueError, match="not kept"):
        keep_features(tmp_path / "features.bin", MOLECULES, Inputs(graph=True))
