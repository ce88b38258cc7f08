import gzip
import hashlib
import io
import subprocess
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
from rdkit import Chem

from builders import BDE_TABLE_COLUMNS, bde_rows, build_bde_table
from nextims.data.bde import dft_table
from nextims.data.bde.dft_table import (
    TABLE,
    BDEDataError,
    download_archive,
    ensure_bde_data,
    prepare_bde_data,
    read_table,
)

ETHANOL, TOLUENE, ACETONE, ANISOLE = "CCO", "Cc1ccccc1", "CC(C)=O", "COc1ccccc1"


@pytest.fixture
def rows():
    return [
        *bde_rows(ETHANOL),
        *bde_rows(TOLUENE),
        *bde_rows(ACETONE, "valid"),
        *bde_rows(ANISOLE, "test"),
    ]


@pytest.fixture
def table(rows, monkeypatch):
    """A small table that passes for ALFABET's."""
    content = build_bde_table(rows)
    monkeypatch.setattr(dft_table, "TABLE_SHA256", hashlib.sha256(content).hexdigest())
    return content


def source_package(path, content, name="alfabet-0.1.0/" + TABLE):
    with tarfile.open(path, "w:gz") as package:
        for member, data in (("alfabet-0.1.0/README.md", b"# ALFABET"), (name, content)):
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            package.addfile(entry, io.BytesIO(data))
    return path


def wheel(path, content, name=TABLE):
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("alfabet/__init__.py", "")
        package.writestr(name, content)
    return path


def prepare(tmp_path, rows, **settings):
    return prepare_bde_data(tmp_path / "bde.h5", build_bde_table(rows, **settings), progress=False)


class TestReadTable:
    def test_source_package_wheel_and_bare_table_hold_the_same(self, tmp_path, table):
        (tmp_path / "bonds.csv.gz").write_bytes(table)
        for path in (
            source_package(tmp_path / "alfabet-0.1.0.tar.gz", table),
            wheel(tmp_path / "alfabet-0.1.0-py3-none-any.whl", table),
            tmp_path / "bonds.csv.gz",
        ):
            assert read_table(path) == table

    def test_another_table_is_named_with_both_digests(self, tmp_path, table):
        other = build_bde_table(bde_rows(ETHANOL))
        path = wheel(tmp_path / "alfabet-0.1.0.whl", other)
        with pytest.raises(BDEDataError) as error:
            read_table(path)
        message = str(error.value)
        assert message.startswith(f"{path}: ")
        assert hashlib.sha256(other).hexdigest() in message
        assert dft_table.TABLE_SHA256 in message

    @pytest.mark.parametrize("make", [source_package, wheel])
    def test_a_package_without_the_table_is_another_one(self, tmp_path, table, make):
        path = make(tmp_path / "alfabet-0.2.0", table, name="alfabet/other.csv.gz")
        with pytest.raises(BDEDataError, match=r"holds no alfabet/model_files.*alfabet==0\.1\.0"):
            read_table(path)

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.8])
    @pytest.mark.parametrize("make", [source_package, wheel])
    def test_a_truncated_package_is_named(self, tmp_path, table, make, share):
        path = make(tmp_path / "alfabet-0.1.0", table)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(BDEDataError, match=r"alfabet-0\.1\.0: "):
            read_table(path)

    @pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
    def test_a_damaged_package_is_named(self, tmp_path, table, place):
        path = source_package(tmp_path / "alfabet-0.1.0", table)
        content = bytearray(path.read_bytes())
        start = int(place * len(content))
        content[start : start + 40] = b"\xff" * 40
        path.write_bytes(content)
        with pytest.raises(BDEDataError, match=r"alfabet-0\.1\.0: "):
            read_table(path)

    def test_a_file_that_is_not_there_is_named(self, tmp_path):
        with pytest.raises(BDEDataError, match=r"none\.whl: cannot be read"):
            read_table(tmp_path / "none.whl")
        with pytest.raises(BDEDataError, match="cannot be read"):
            read_table(tmp_path)  # a folder


class TestPrepare:
    def test_the_file_is_as_documented(self, tmp_path, rows):
        content = build_bde_table(rows)
        summary = prepare_bde_data(tmp_path / "bde.h5", content, source="test", progress=False)
        assert summary.molecules == {"train": 2, "validation": 1, "test": 1}
        assert summary.bonds == {"train": 8 + 9, "validation": 8, "test": 10}
        assert not summary.refused
        with h5py.File(tmp_path / "bde.h5") as file:
            assert dict(file.attrs) == {
                "format_version": 1,
                "source": "test",
                "sha256": hashlib.sha256(content).hexdigest(),
                "units": "kcal/mol",
            }
            assert file["smiles"].asstr()[:].tolist() == [ETHANOL, TOLUENE, ACETONE, ANISOLE]
            assert file["split"][:].tolist() == [0, 0, 1, 2]
            assert file["offsets"][:].tolist() == [0, 8, 17, 25, 35]
            assert file["atoms"].shape == file["energies"].shape == (35, 2)

    def test_atoms_and_energies_are_those_of_the_rows(self, tmp_path, rows):
        prepare(tmp_path, rows)
        with h5py.File(tmp_path / "bde.h5") as file:
            atoms, energies = file["atoms"][:], file["energies"][:]
        for row, ends, pair in zip(rows, atoms.tolist(), energies.tolist(), strict=True):
            mol = Chem.AddHs(Chem.MolFromSmiles(row["molecule"]))
            assert mol.GetBondBetweenAtoms(*ends).GetIdx() == int(row["bond_index"])
            assert pair == [float(row["bde"]), float(row["bdfe"])]

    def test_the_same_table_gives_the_same_bytes(self, tmp_path, rows):
        # What a training depends on is told from a digest of the file.
        prepare(tmp_path, rows)
        first = (tmp_path / "bde.h5").read_bytes()
        prepare(tmp_path, rows)
        assert (tmp_path / "bde.h5").read_bytes() == first

    def test_a_wrong_bond_index_refuses_the_whole_molecule(self, tmp_path, rows):
        toluene = next(row for row in rows if row["molecule"] == TOLUENE)
        toluene["bond_index"] = "7"  # a C-H bond, where methyl and phenyl are told
        summary = prepare(tmp_path, rows)
        assert summary.refused == {"a bond's two sides are not the fragments of the table": 1}
        assert summary.molecules["train"] == 1
        assert "refused, a bond's two sides are not the fragments of the table: 1" in str(summary)
        with h5py.File(tmp_path / "bde.h5") as file:
            assert TOLUENE not in file["smiles"].asstr()[:]
            assert file["offsets"][-1] == len(file["atoms"]) == 35 - 9

    def test_a_ring_bond_has_all_atoms_on_both_sides_and_is_refused(self, tmp_path, rows):
        next(row for row in rows if row["molecule"] == TOLUENE)["bond_index"] = "2"
        assert prepare(tmp_path, rows).refused.total() == 1

    @pytest.mark.parametrize("index", ["99", "-1"])
    def test_a_bond_that_is_not_there_refuses_the_molecule(self, tmp_path, rows, index):
        rows[0]["bond_index"] = index
        assert prepare(tmp_path, rows).refused == {"no bond of that number": 1}

    def test_a_structure_that_cannot_be_read_is_counted(self, tmp_path, rows):
        for row in rows[:8]:
            row["molecule"] = "C1CC"
        assert prepare(tmp_path, rows).refused == {"RDKit cannot read the SMILES": 1}

    @pytest.mark.parametrize(
        "smiles",
        [
            *("C", "CCl", "CBr", "c1cc[nH]c1", "Cn1cccc1", "C[N+](=O)[O-]", "CS(C)(=O)=O"),
            *("C[C@H](N)C(=O)O", "C/C=C/C", "CP(C)C", "FC(F)(F)c1ccncc1", "c1ccc(-c2ccccc2)cc1"),
            *("[C-]#[N+]C", "C[Si](C)(C)O", "O=c1cc[nH]cc1", "CI"),
        ],
    )
    def test_the_fragments_of_any_molecule_are_recognized(self, tmp_path, smiles):
        assert prepare(tmp_path, bde_rows(smiles)).molecules == {"train": 1}

    @pytest.mark.parametrize("column", ["fragment2", "bdfe", "set"])
    def test_a_missing_column_is_named(self, tmp_path, rows, column):
        columns = [name for name in BDE_TABLE_COLUMNS if name != column]
        with pytest.raises(BDEDataError, match=f"has no column {column}"):
            prepare(tmp_path, rows, columns=columns)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            *(("bde", "strong"), ("bde", "nan"), ("bdfe", "")),
            *(("set", "exam"), ("bond_index", "first")),
        ],
    )
    def test_a_value_that_is_none_of_its_kind_is_named(self, tmp_path, rows, column, value):
        rows[3][column] = value
        with pytest.raises(BDEDataError, match=f"CCO.*{value}"):
            prepare(tmp_path, rows)
        assert list(tmp_path.iterdir()) == []

    def test_a_table_of_nothing_that_can_be_used_is_refused(self, tmp_path, rows):
        with pytest.raises(BDEDataError, match="no molecule of the table can be used"):
            prepare(tmp_path, [])

    @pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
    def test_a_truncated_table_is_refused_and_the_old_file_kept(self, tmp_path, rows, share):
        prepare(tmp_path, rows)
        before = (tmp_path / "bde.h5").read_bytes()
        content = build_bde_table(rows)
        with pytest.raises(BDEDataError, match="the table"):
            prepare_bde_data(
                tmp_path / "bde.h5", content[: int(share * len(content))], progress=False
            )
        assert [path.name for path in tmp_path.iterdir()] == ["bde.h5"]
        assert (tmp_path / "bde.h5").read_bytes() == before

    def test_bytes_that_are_no_gzipped_table_are_refused(self, tmp_path, rows):
        damaged = bytearray(build_bde_table(rows))
        damaged[200:240] = b"\xff" * 40
        for content in (b"no gzip", gzip.compress(b"\xff\xfe\xff"), bytes(damaged)):
            with pytest.raises(BDEDataError, match="the table"):
                prepare_bde_data(tmp_path / "bde.h5", content, progress=False)


class TestEnsure:
    def test_the_package_becomes_the_file(self, tmp_path, table):
        archive = wheel(tmp_path / "alfabet-0.1.0.whl", table)
        path = tmp_path / "processed" / "bde.h5"
        summary = ensure_bde_data(path, archive, progress=False)
        assert summary.molecules.total() == 4
        with h5py.File(path) as file:
            assert file.attrs["source"] == "alfabet==0.1.0"
            assert np.isfinite(file["energies"][:]).all()

    def test_without_a_package_it_is_downloaded(self, tmp_path, table, monkeypatch):
        def pip(command, **_):
            assert command[-1] == "alfabet==0.1.0"
            folder = command[command.index("--dest") + 1]
            wheel(f"{folder}/alfabet-0.1.0-py3-none-any.whl", table)
            return subprocess.CompletedProcess(command, 0, "", "")

        monkeypatch.setattr(subprocess, "run", pip)
        assert ensure_bde_data(tmp_path / "bde.h5", progress=False).molecules.total() == 4
        assert [path.name for path in tmp_path.iterdir()] == ["bde.h5"]

    def test_a_download_that_fails_says_why_and_what_else_can_be_done(self, tmp_path, monkeypatch):
        def pip(command, **_):
            return subprocess.CompletedProcess(command, 1, "", "looking\nERROR: no network\n")

        monkeypatch.setattr(subprocess, "run", pip)
        with pytest.raises(BDEDataError, match=r"ERROR: no network.*--archive"):
            download_archive(tmp_path)
