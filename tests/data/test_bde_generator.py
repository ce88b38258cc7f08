import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from nextims.chemistry.homolysis import breakable
from nextims.chemistry.molecule import load_canonical, read_molecule
from nextims.data.bde.bond_energies import BondEnergies
from nextims.data.bde.cache import BDECache, BDECacheError, CacheContent
from nextims.data.bde_generator import discard_others, fill_cache

SMILES = [
    *("C", "CC", "CCC", "CCCC", "CC(C)C", "C=C", "C#C", "c1ccccc1", "Cc1ccccc1", "O"),
    *("CO", "CCO", "CC(C)O", "OCCO", "COC", "COOC", "CC=O", "CC(C)=O", "CC(=O)O", "COC(C)=O"),
    *("N", "CN", "CCN", "NCCO", "CC#N", "NC=O", "C1CC1", "C1CCCCC1", "C1CCOC1", "c1ccncc1"),
    *("CCl", "CBr", "CF", "CS", "CSC", "CSSC", "C[N+](=O)[O-]", "[2H]C([2H])([2H])O"),
    *("C[Si](C)(C)C", "Oc1ccccc1", "COc1ccccc1", "Nc1ccccc1", "C[C@H](O)C(=O)O", "OC=O", "S"),
]
STRUCTURES = [(read_molecule(s).inchikey, read_molecule(s).smiles) for s in SMILES]


class PaulingBackend:
    """Bond energies by Pauling's electronegativity differences; refuses silicon.

    Deterministic, and different for different bonds, which is what the tests need of it.
    """

    name = "pauling"
    parallel = True
    electronegativity = {  # noqa: RUF012
        **{"H": 2.20, "C": 2.55, "N": 3.04, "O": 3.44, "F": 3.98},
        **{"P": 2.19, "S": 2.58, "Cl": 3.16, "Br": 2.96},
    }

    def __init__(self, version="1939", log=None, seconds=0.0):
        self.version = version
        self.log = log
        self.seconds = seconds
        self.asked = []
        self.processes = set()

    def prepare(self, molecules):
        # A pair with an array in it, which must come back as such.
        return os.getpid(), np.array([m.smiles for m in molecules], dtype=object)

    def predict(self, prepared):
        time.sleep(self.seconds)
        assert isinstance(prepared, tuple)
        process, smiles = prepared
        self.processes.add(process)
        self.asked += smiles.tolist()
        if self.log:
            with Path(self.log).open("a") as file:
                file.write("".join(f"{text}\n" for text in smiles))
        return [self._energies(text) for text in smiles]

    def _energies(self, smiles):
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        if any(atom.GetSymbol() not in self.electronegativity for atom in mol.GetAtoms()):
            return "element without a value"
        bonds = [bond for bond in mol.GetBonds() if breakable(bond) or bond.IsInRing()]
        pairs = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in bonds], dtype=np.int32)
        symbols = [(b.GetBeginAtom().GetSymbol(), b.GetEndAtom().GetSymbol()) for b in bonds]
        bde = [80 + 23 * self._difference(*pair) ** 2 for pair in symbols]
        ring = np.array([bond.IsInRing() for bond in bonds], bool)
        unknown = ring | [pair == ("S", "S") for pair in symbols]
        bde = np.where(unknown, np.nan, bde).astype(np.float32)
        return BondEnergies(pairs.reshape(-1, 2), bde, bde - 8, ~unknown, ring)

    def _difference(self, first, second):
        return self.electronegativity[first] - self.electronegativity[second]


def fill(path, structures=STRUCTURES, backend=None, **options):
    options = {"batch_size": 4, "progress": False} | options
    return fill_cache(path, structures, backend or PaulingBackend(), **options)


def assert_same_file(path, expected):
    found, wanted = BDECache(path).read_all(), BDECache(expected).read_all()
    assert found.failures == wanted.failures
    assert found.entries.keys() == wanted.entries.keys()
    for key, (smiles, energies) in wanted.entries.items():
        assert found.entries[key][0] == smiles
        for name in ("atoms", "bde", "bdfe", "valid", "ring"):
            np.testing.assert_array_equal(
                getattr(found.entries[key][1], name), getattr(energies, name), f"{smiles} {name}"
            )


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    path = tmp_path_factory.mktemp("complete") / "bde.h5"
    fill(path)
    return path


class TestFill:
    def test_every_molecule_is_there_with_the_atoms_of_its_own_bonds(self, complete):
        cache = BDECache(complete)
        assert (cache.backend, cache.backend_version) == ("pauling", "1939")
        assert len(cache) == len(STRUCTURES) - 1
        for inchikey, smiles in STRUCTURES:
            if "Si" in smiles:
                continue
            mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
            energies = cache.get(inchikey, smiles)
            bonds = [mol.GetBondBetweenAtoms(*map(int, pair)) for pair in energies.atoms]
            expected = [b for b in mol.GetBonds() if breakable(b) or b.IsInRing()]
            assert [b.GetIdx() for b in bonds] == [b.GetIdx() for b in expected]
            assert energies.ring.tolist() == [b.IsInRing() for b in bonds]

    def test_summary_counts_what_is_in_the_cache(self, tmp_path):
        broken = ("AAAAAAAAAAAAAA-UHFFFAOYSA-N", "C1CC")
        summary = fill(tmp_path / "bde.h5", [*STRUCTURES, STRUCTURES[0], broken, ("", "CI")])
        content = BDECache(tmp_path / "bde.h5").read_all()
        assert summary.molecules == summary.computed == len(STRUCTURES) + 1
        assert summary.failures == {
            "element without a value": 1,
            "RDKit cannot read the structure": 1,
        }
        assert content.failures[broken[0]] == (
            "C1CC",
            "RDKit cannot read the structure",
        )
        energies = [energies for _, energies in content.entries.values()]
        assert summary.bonds == sum(int((~e.ring).sum()) for e in energies)
        assert summary.ring_bonds == sum(int(e.ring.sum()) for e in energies) > 0
        assert summary.valid_bonds == summary.bonds - 1  # but for S-S of CSSC
        assert summary.valid_molecules == len(STRUCTURES) - 1
        assert "element without a value" in str(summary)
        lines = dict(line.rsplit(maxsplit=1) for line in str(summary).splitlines())
        assert lines["single bonds outside rings"] == f"{summary.bonds:,}"
        assert lines["ring bonds, without energies"] == f"{summary.ring_bonds:,}"

    def test_worker_processes_prepare_the_same(self, tmp_path, complete):
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        broken = ("AAAAAAAAAAAAAA-UHFFFAOYSA-N", "C1CC")
        summary = fill(path, [*STRUCTURES, broken], backend, num_workers=2)
        assert backend.asked == [smiles for _, smiles in STRUCTURES]  # in order all the same
        assert len(backend.processes) == 2 and os.getpid() not in backend.processes
        assert summary.failures["RDKit cannot read the structure"] == 1
        fill(path.with_name("alone.h5"), [*STRUCTURES, broken])
        assert_same_file(path, path.with_name("alone.h5"))

    def test_a_backend_that_is_not_parallel_prepares_here(self, tmp_path, complete):
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        backend.parallel = False
        fill(path, backend=backend, num_workers=2)
        assert backend.processes == {os.getpid()}
        assert_same_file(path, complete)

    def test_nothing_is_predicted_twice(self, complete, tmp_path):
        path = tmp_path / "bde.h5"
        path.write_bytes(complete.read_bytes())
        backend = PaulingBackend()
        summary = fill(path, backend=backend)
        assert backend.asked == []
        assert summary.molecules == len(STRUCTURES) and summary.computed == 0
        assert path.read_bytes() == complete.read_bytes()

    def test_a_library_that_grew_keeps_what_was_there(self, tmp_path, complete):
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        fill(path, STRUCTURES[:20])
        fill(path, STRUCTURES[10:], backend)
        assert backend.asked == [smiles for _, smiles in STRUCTURES[20:]]
        assert_same_file(path, complete)

    def test_a_molecule_of_another_smiles_is_predicted_again(self, tmp_path):
        # Formamide and formimidic acid, which older stores may hold, share their InChIKey; their
        # atoms are ordered differently.
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        amide, imidic_acid = read_molecule("NC=O"), load_canonical("N=CO")
        assert amide.inchikey == imidic_acid.inchikey
        fill(path, [(amide.inchikey, amide.smiles)])
        fill(path, [(amide.inchikey, imidic_acid.smiles)], backend)
        assert backend.asked == [imidic_acid.smiles]
        assert BDECache(path).get(amide.inchikey, amide.smiles) is None
        assert len(BDECache(path).get(amide.inchikey, imidic_acid.smiles)) == 4

    @pytest.mark.parametrize("number", [1, 7, 1000])
    def test_max_molecules_takes_the_first_ones(self, tmp_path, number):
        path = tmp_path / "bde.h5"
        summary = fill(path, [STRUCTURES[0], *STRUCTURES], max_molecules=number)
        expected = dict(STRUCTURES[:number])
        assert summary.molecules == len(expected)
        assert BDECache(path).read_all().structures() == expected

    def test_another_version_is_not_mixed_in(self, tmp_path, complete):
        path = tmp_path / "bde.h5"
        path.write_bytes(complete.read_bytes())
        with pytest.raises(BDECacheError, match=r"bde\.h5: holds results of pauling 1939.*1960"):
            fill(path, backend=PaulingBackend("1960"))
        assert path.read_bytes() == complete.read_bytes()

    def test_what_another_version_left_unfinished_is_not_mixed_in(self, tmp_path):
        path = tmp_path / "bde.h5"
        interrupt_fill(path, after=2)
        with pytest.raises(BDECacheError, match=r"parts.*holds results of pauling 1939"):
            fill(path, backend=PaulingBackend("1960"))

    def test_what_others_have_made_can_be_discarded(self, tmp_path, complete):
        path = tmp_path / "bde.h5"
        interrupt_fill(path, after=2)
        assert discard_others(path, PaulingBackend()) is None  # its own batches stay
        assert len(list(tmp_path.glob("bde.h5.parts/*.h5"))) == 2
        path.write_bytes(complete.read_bytes())
        newer = PaulingBackend("1960")
        assert discard_others(path, newer) == "pauling 1939"
        fill(path, backend=newer)
        assert BDECache(path).backend_version == "1960"
        assert [file.name for file in tmp_path.iterdir()] == ["bde.h5"]

    def test_a_damaged_cache_is_named_and_kept(self, tmp_path, complete):
        path = tmp_path / "bde.h5"
        path.write_bytes(complete.read_bytes()[:3000])
        with pytest.raises(BDECacheError, match=r"bde\.h5.*delete it, then make it with"):
            fill(path)
        assert path.stat().st_size == 3000


class Interruption(BaseException):
    """Stands for the process being killed: nothing catches it."""


def interrupt_fill(path, *, after, moment="before"):
    """Fill until the file number ``after`` is written, and stop there for good."""
    whole, writes = CacheContent.write, []

    def write(self, target):
        writes.append(target)
        if len(writes) <= after:
            whole(self, target)
        elif moment == "before":
            raise Interruption
        elif moment == "halfway":
            target.parent.mkdir(exist_ok=True)
            target.with_name(target.name + ".tmp").write_bytes(b"\x89HDF\r\n\x1a\n half of it")
            raise Interruption
        elif moment == "after":
            whole(self, target)
            raise Interruption

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CacheContent, "write", write)
        with pytest.raises(Interruption):
            fill(path)
    return writes


BATCHES = -(-len(STRUCTURES) // 4)


class TestInterruption:
    @pytest.mark.parametrize("moment", ["before", "halfway", "after"])
    @pytest.mark.parametrize("after", [0, 1, BATCHES - 1, BATCHES])
    def test_a_rerun_continues_without_losing_or_doubling(self, tmp_path, complete, after, moment):
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        interrupt_fill(path, after=after, moment=moment)
        summary = fill(path, backend=backend)
        kept = after + (moment == "after")
        assert backend.asked == [smiles for _, smiles in STRUCTURES[4 * kept :]]
        assert summary.molecules == len(STRUCTURES)
        assert_same_file(path, complete)
        assert [file.name for file in tmp_path.iterdir()] == ["bde.h5"]

    def test_a_rerun_with_another_batch_size_continues_too(self, tmp_path, complete):
        path, backend = tmp_path / "bde.h5", PaulingBackend()
        interrupt_fill(path, after=3)
        fill(path, backend=backend, batch_size=7)
        assert backend.asked == [smiles for _, smiles in STRUCTURES[12:]]
        assert_same_file(path, complete)

    def test_two_runs_at_once_lose_nothing(self, tmp_path, complete):
        path = tmp_path / "bde.h5"

        class Disturbed(PaulingBackend):
            def predict(self, prepared):
                if len(self.asked) == 20:  # the other run begins and ends meanwhile
                    fill(path, STRUCTURES[::-1], batch_size=6)
                return super().predict(prepared)

        fill(path, backend=Disturbed())
        assert_same_file(path, complete)

    @pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
    def test_killed_processes_leave_their_work(self, tmp_path, complete):
        path, log = tmp_path / "bde.h5", tmp_path / "predicted.txt"
        chance = random.Random(7)
        killed = 0
        for _ in range(2):
            before = logged(log)
            process = start_fill(path, log)
            while logged(log) < before + 6 and process.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.04))
            process.kill()
            killed += process.wait() == -signal.SIGKILL
        assert killed == 2
        finished = start_fill(path, log)
        output, _ = finished.communicate(timeout=60)
        assert finished.returncode == 0
        assert f"molecules {len(STRUCTURES)}" in output
        assert_same_file(path, complete)
        # Each kill may cost the batch of two that was under way, no more.
        assert len(STRUCTURES) <= logged(log) <= len(STRUCTURES) + 2 * killed


def logged(log) -> int:
    return log.read_text().count("\n") if log.exists() else 0


def start_fill(path, log):
    program = (
        "from test_bde_generator import PaulingBackend, fill\n"
        f"summary = fill({str(path)!r}, batch_size=2,\n"
        f"    backend=PaulingBackend(log={str(log)!r}, seconds=0.02))\n"
        "print('molecules', summary.molecules)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )
