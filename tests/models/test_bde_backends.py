import pickle

import numpy as np
import pytest
import torch
from rdkit import Chem

from builders import BDE_SIZES, TEACHER_SIZES, save_bde_model
from nextims.chemistry.graph import build_graph
from nextims.chemistry.homolysis import breakable, gives_ions
from nextims.chemistry.molecule import load_canonical, read_molecule
from nextims.chemistry.surroundings import atom_kinds, far_from_unknown
from nextims.config import BDEConfig
from nextims.data.bde import alfabet as bde_alfabet
from nextims.data.bde.backend import BackendMissingError
from nextims.data.bde.cache import BDECache, CacheContent
from nextims.data.bde_generator import fill_cache
from nextims.data.examples.graph_batch import BondTargets, collate_graphs, known_bonds
from nextims.models import bde_backends
from nextims.models.bde import BDEModel
from nextims.models.bde_backends import NativeBackend, open_backend
from nextims.models.checkpoint import CheckpointError, load_plain, save_atomically, save_checkpoint
from nextims.models.device import DeviceError
from nextims.models.teacher import Teacher

# Whose atoms the model is said to have seen.
SEEN = (
    *("CCC", "C=CC", "CC#CC", "Cc1ccccc1", "c1ccncc1", "c1cc[nH]c1", "C[N+](=O)[O-]", "CC#N"),
    *("CCOCC", "CC(=O)O", "CN(C)C", "CSC", "CCl", "CBr", "CF", "N=C"),
)
VARIED = (
    *("CC(=O)Oc1ccccc1C(=O)O", "C", "CC", "C1CCCCC1", "c1ccc(-c2ccccc2)cc1", "CC(C)(C)C"),
    *("C[N+](=O)[O-]", "Cc1cc(C)c(C)cc1C", "OO", "N", "CCCC[Si](C)(C)C", "C=CCC#N", "ClC(Cl)Cl"),
    *("[2H]C([2H])([2H])O", "[2H]O[2H]", "N#N", "O=C=O", "C/C=C/C[C@H](O)[C@@H](C)O", "C1CC1CO"),
    *("CN[C@@H](C)[C@H](O)c1ccccc1", "[2H][2H]", "Clc1ccccc1C1=NCC(=O)Nc2ccccc12"),
)


@pytest.fixture(scope="module")
def backend():
    torch.manual_seed(0)
    kinds = {kind for smiles in SEEN for kind in atom_kinds(Chem.MolFromSmiles(smiles))}
    return NativeBackend(BDEModel(encoder_width=32, encoder_layers=3), kinds, "test")


def predict(backend, *smiles):
    """Return the molecules, ions among them, and their energies."""
    molecules = [load_canonical(Chem.CanonSmiles(text)) for text in smiles]
    return molecules, backend.predict(backend.prepare(molecules))


def assert_same(found, expected, tolerance=1e-4):
    for name in ("atoms", "valid", "ring"):
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype, name
        np.testing.assert_array_equal(one, other, name)
    for name in ("bde", "bdfe"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=tolerance)


def values_by_kind(molecule, energies):
    """Return the energies of valid bonds, sorted, by the elements that the bond joins."""
    mol = Chem.AddHs(molecule.mol)
    values = {}
    for pair, *energy, valid in zip(
        energies.atoms, energies.bde, energies.bdfe, energies.valid, strict=True
    ):
        kind = "-".join(sorted(mol.GetAtomWithIdx(int(i)).GetSymbol() for i in pair))
        if valid:
            values.setdefault(kind, []).append([round(float(e), 3) for e in energy])
    return {kind: sorted(energies) for kind, energies in values.items()}


class TestListedBonds:
    @pytest.mark.parametrize("smiles", VARIED)
    def test_they_are_the_single_and_ring_bonds_in_the_order_of_addhs(self, backend, smiles):
        [molecule], [energies] = predict(backend, smiles)
        mol = Chem.AddHs(molecule.mol)
        expected = [b for b in mol.GetBonds() if breakable(b) or b.IsInRing()]
        bonds = [mol.GetBondBetweenAtoms(*map(int, pair)) for pair in energies.atoms]
        assert [b.GetIdx() for b in bonds] == [b.GetIdx() for b in expected]
        assert energies.ring.tolist() == [b.IsInRing() for b in expected]

    @pytest.mark.parametrize("smiles", VARIED)
    def test_their_arrays_are_as_documented(self, backend, smiles):
        _, [energies] = predict(backend, smiles)
        assert energies.atoms.shape == (len(energies), 2)
        assert energies.atoms.dtype == np.int32
        assert energies.bde.dtype == energies.bdfe.dtype == np.float32
        assert energies.valid.dtype == energies.ring.dtype == bool
        for values in (energies.bde, energies.bdfe):
            np.testing.assert_array_equal(np.isfinite(values), energies.valid)
        assert not (energies.valid & energies.ring).any()

    @pytest.mark.parametrize("smiles", ["N#N", "O=C=O", "[F-]", "C#[O+]"])
    def test_molecules_without_any_can_be_cached_like_others(self, backend, smiles, tmp_path):
        molecule = load_canonical(smiles)
        fill_cache(
            tmp_path / "bde.h5", [(molecule.inchikey, molecule.smiles)], backend, progress=False
        )
        energies = BDECache(tmp_path / "bde.h5").get(molecule.inchikey)
        expected = Chem.AddHs(molecule.mol).GetBonds()
        assert len(energies) == sum(map(breakable, expected))


class TestEnergies:
    @torch.no_grad()
    @pytest.mark.parametrize("smiles", [s for s in VARIED if "2H" not in s])
    def test_they_are_those_of_the_model(self, backend, smiles):
        [molecule], [energies] = predict(backend, smiles)
        graph = build_graph(molecule.mol)
        batch = collate_graphs([graph])
        asked = 0
        for ends, *pair, valid in zip(
            energies.atoms, energies.bde, energies.bdfe, energies.valid, strict=True
        ):
            if not valid:
                continue
            known = known_bonds(graph, ends[None], np.zeros((1, 2)))
            batch.targets = BondTargets(*map(torch.from_numpy, (known.bonds, known.hydrogens)))
            assert pair == pytest.approx(backend.model(batch)[0].tolist(), abs=1e-4)
            asked += 1
        assert asked == energies.valid.sum()

    @pytest.mark.parametrize("atoms_at_once", [1, 7, 40, 10_000])
    def test_a_molecule_has_the_same_alone_and_among_others(
        self, backend, atoms_at_once, monkeypatch
    ):
        molecules = [read_molecule(smiles) for smiles in VARIED]
        alone = [backend.predict(backend.prepare([molecule]))[0] for molecule in molecules]
        monkeypatch.setattr(bde_backends, "_ATOMS_AT_ONCE", atoms_at_once)
        parts = backend.prepare(molecules)
        assert (len(parts) == 1) == (atoms_at_once == 10_000)
        together = backend.predict(parts)
        assert len(together) == len(molecules)
        for found, expected in zip(together, alone, strict=True):
            assert_same(found, expected)

    def test_bonds_that_symmetry_makes_equal_have_one(self, backend):
        molecules, results = predict(
            backend, "CC(C)(C)C", "Cc1cc(C)c(C)cc1C", "Cc1ccc(C)cc1", "CC", "CCOCC"
        )
        for molecule, energies in zip(molecules, results, strict=True):
            mol = Chem.AddHs(molecule.mol)
            ranks = np.array(Chem.CanonicalRankAtoms(mol, breakTies=False))
            values = {}
            for row in np.flatnonzero(energies.valid):
                pair = energies.bde[row], energies.bdfe[row]
                values.setdefault(frozenset(ranks[energies.atoms[row]]), []).append(pair)
            assert max(map(len, values.values())) > 3
            for pairs in values.values():
                np.testing.assert_allclose(np.ptp(pairs, axis=0), 0, atol=1e-4)

    def test_spelling_of_the_smiles_does_not_matter(self, backend):
        _, [one, other] = predict(backend, "OC(=O)c1ccccc1O", "c1ccc(C(O)=O)c(c1)O")
        assert_same(one, other)

    def test_nothing_in_nothing_out(self, backend):
        assert backend.predict(backend.prepare([])) == []


class TestValidity:
    def test_methane_has_four_equal_bonds(self, backend):
        _, [energies] = predict(backend, "C")
        assert energies.atoms.tolist() == [[0, 1], [0, 2], [0, 3], [0, 4]]
        assert energies.valid.all()
        assert len(set(energies.bde.tolist())) == len(set(energies.bdfe.tolist())) == 1

    def test_ring_bonds_are_listed_and_have_no_energy(self, backend):
        _, [cyclohexane, toluene] = predict(backend, "C1CCCCC1", "Cc1ccccc1")
        assert cyclohexane.ring.tolist() == [True] * 6 + [False] * 12
        assert cyclohexane.valid.tolist() == [False] * 6 + [True] * 12
        assert toluene.ring.sum() == 6
        assert (toluene.valid == ~toluene.ring).all()

    def test_the_bond_to_the_oxide_of_a_nitro_group_has_none(self, backend):
        [molecule], [energies] = predict(backend, "C[N+](=O)[O-]")
        mol = Chem.AddHs(molecule.mol)
        for pair, valid in zip(energies.atoms, energies.valid, strict=True):
            bond = mol.GetBondBetweenAtoms(*map(int, pair))
            assert valid == (not gives_ions(bond))
        assert energies.valid.tolist() == [True, False, True, True, True]

    @pytest.mark.parametrize(
        "smiles", ["CCCCC[SiH3]", "CCCCCI", "CB(O)c1ccc(C)cc1", "CCCCC[PH2]=O", "OCCCS(C)(=O)=O"]
    )
    def test_bonds_near_atoms_that_were_not_seen_have_none(self, backend, smiles):
        [molecule], [energies] = predict(backend, smiles)
        far = far_from_unknown(molecule.mol, backend.kinds)
        heavy = molecule.mol.GetNumAtoms()
        expected = [
            not ring and all(far[end] for end in pair if end < heavy)
            for pair, ring in zip(energies.atoms.tolist(), energies.ring, strict=True)
        ]
        assert energies.valid.tolist() == expected

    @pytest.mark.parametrize(
        "smiles", ["CCCC(=O)[O-]", "CCCC[NH3+]", "CCCC[N+](=O)O", "[2H]CC[O-]"]
    )
    def test_an_ion_has_no_energy_even_of_atoms_that_were_seen(self, backend, smiles):
        _, [energies] = predict(backend, smiles)
        assert len(energies) > 6
        assert not energies.valid.any()

    def test_silicon_reaches_two_bonds_far(self, backend):
        [molecule], [energies] = predict(backend, "CCCCC[SiH3]")
        assert molecule.smiles == "CCCCC[SiH3]"
        by_ends = dict(zip(map(tuple, energies.atoms.tolist()), energies.valid, strict=True))
        bonds = [by_ends[i, i + 1] for i in range(5)]
        assert bonds == [True, True, False, False, False]  # atom 2 is three bonds from silicon
        hydrogens = {bearer: valid for (bearer, end), valid in by_ends.items() if end > 5}
        assert hydrogens == {0: True, 1: True, 2: True, 3: False, 4: False, 5: False}

    @pytest.mark.parametrize("smiles", ["[H][H]", "[2H][H]", "[2H][2H]"])
    def test_hydrogen_itself_has_a_bond_and_no_energy(self, backend, smiles):
        _, [energies] = predict(backend, smiles)
        assert energies.atoms.tolist() == [[0, 1]]
        assert not energies.valid.any()

    @pytest.mark.parametrize(
        ("smiles", "bonds"), [("[F-]", 0), ("F", 1), ("[2H]Cl", 1), ("[Cl-]", 0), ("O", 2)]
    )
    def test_single_atoms(self, backend, smiles, bonds):
        _, [energies] = predict(backend, smiles)
        assert energies.atoms.tolist() == [[0, 1 + i] for i in range(bonds)]


class TestIsotopes:
    @pytest.mark.parametrize(
        ("labelled", "unlabelled"),
        [
            ("[2H]C([2H])([2H])O", "CO"),
            ("[2H]C", "C"),
            ("[2H]C([2H])([2H])[2H]", "C"),
            ("[13CH3]C", "CC"),
            # A stereocentre by its label alone, and one beside a true one.
            ("[2H][C@H](C)O", "CCO"),
            ("[2H][C@H](C)[C@H](O)C", "CC[C@H](O)C"),
            ("[2H]c1c([2H])c([2H])c(C)c([2H])c1[2H]", "Cc1ccccc1"),
            ("[2H]C[C@H](O)[C@@H](C)O", "C[C@H](O)[C@@H](C)O"),
            ("[2H]C[C@H](O)[C@H](C)O", "C[C@H](O)[C@H](C)O"),
            ("C/C=C/C[2H]", "C/C=C/C"),
            ("[2H]/C(C)=C/C", "C/C=C\\C"),
            ("[2H]OC(=O)c1ccccc1[18OH]", "OC(=O)c1ccccc1O"),
            ("[2H]C(Cl)(Cl)Cl", "ClC(Cl)Cl"),
        ],
    )
    def test_labels_change_nothing(self, backend, labelled, unlabelled):
        [one, other], [found, expected] = predict(backend, labelled, unlabelled)
        assert len(found) == len(expected)
        assert found.valid.sum() == expected.valid.sum() > 0
        # A bond to deuterium has the energy of the bond to hydrogen in its place.
        found, expected = values_by_kind(one, found), values_by_kind(other, expected)
        assert found.keys() == expected.keys()
        for kind, values in found.items():
            np.testing.assert_allclose(values, expected[kind], atol=2e-3)

    @pytest.mark.parametrize("smiles", ["[H]/N=C/C", "[H]/N=C\\C", "[2H]/N=C/C"])
    def test_a_hydrogen_that_makes_an_imine_e_or_z_is_one_like_others(self, backend, smiles):
        [one, imine], [found, expected] = predict(backend, smiles, "CC=N")
        assert one.mol.GetNumAtoms() == imine.mol.GetNumAtoms() + 1
        assert found.valid.all()
        assert values_by_kind(one, found) == values_by_kind(imine, expected)

    def test_a_bond_to_deuterium_has_the_energy_of_its_own_carbon(self, backend):
        [molecule, _], [energies, ethanol] = predict(backend, "[2H]C([2H])([2H])CO", "CCO")
        assert molecule.smiles == "[2H]C([2H])([2H])CO"  # the methyl carbon is atom 1
        expected = dict(zip(map(tuple, ethanol.atoms.tolist()), ethanol.bde, strict=True))
        of_methyl, of_methylene = expected[0, 3], expected[1, 6]
        found = dict(zip(map(tuple, energies.atoms.tolist()), energies.bde, strict=True))
        for ends in ((0, 1), (1, 2), (1, 3)):
            assert found[ends] == pytest.approx(of_methyl, abs=1e-4)
        for ends in ((4, 6), (4, 7)):
            assert found[ends] == pytest.approx(of_methylene, abs=1e-4)
        assert abs(of_methyl - of_methylene) > 1e-2


class Interruption(BaseException):
    """Stands for the process being killed: nothing catches it."""


STRUCTURES = [(m.inchikey, m.smiles) for m in map(read_molecule, VARIED)]


def fill(path, backend, **settings):
    settings = {"batch_size": 5, "progress": False} | settings
    return fill_cache(path, STRUCTURES, backend, **settings)


@pytest.fixture(scope="module")
def complete(backend, tmp_path_factory):
    path = tmp_path_factory.mktemp("complete") / "bde.h5"
    fill(path, backend)
    return path


def assert_same_file(path, expected):
    found, wanted = BDECache(path).read_all(), BDECache(expected).read_all()
    assert found.structures() == wanted.structures() == dict(STRUCTURES)
    for key, (_, energies) in wanted.entries.items():
        assert_same(found.entries[key][1], energies)


class TestFilling:
    def test_the_cache_names_backend_and_weights(self, complete):
        cache = BDECache(complete)
        assert (cache.backend, cache.backend_version) == ("native", "test")

    def test_the_summary_tells_valid_bonds_from_others(self, backend, tmp_path):
        structures = [s for s in STRUCTURES if s[1] in ("CC(C)(C)C", "C[N+](=O)[O-]", "N#N")]
        summary = fill_cache(tmp_path / "bde.h5", structures, backend, progress=False)
        assert (summary.molecules, summary.valid_molecules) == (3, 2)
        assert (summary.bonds, summary.valid_bonds, summary.ring_bonds) == (16 + 5, 16 + 4, 0)

    def test_worker_processes_give_the_same_cache(self, backend, complete, tmp_path):
        summary = fill(tmp_path / "bde.h5", backend, num_workers=2)
        assert summary.computed == len(STRUCTURES)
        assert_same_file(tmp_path / "bde.h5", complete)

    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_run_that_was_killed_continues(
        self, backend, complete, tmp_path, monkeypatch, workers
    ):
        path, write, written = tmp_path / "bde.h5", CacheContent.write, []

        def write_two(content, target):
            if len(written) == 2:
                raise Interruption
            written.append(target)
            write(content, target)

        with monkeypatch.context() as patch:
            patch.setattr(CacheContent, "write", write_two)
            with pytest.raises(Interruption):
                fill(path, backend, num_workers=workers)
        assert not path.exists()
        summary = fill(path, backend, num_workers=workers)
        assert summary.computed == len(STRUCTURES) - 2 * 5
        assert_same_file(path, complete)
        assert [file.name for file in tmp_path.iterdir()] == ["bde.h5"]

    def test_a_copy_for_a_worker_process_prepares_without_the_model(self, backend):
        copy = pickle.loads(pickle.dumps(backend))
        assert copy.model is None
        molecules = [read_molecule(smiles) for smiles in VARIED]
        for found, expected in zip(
            backend.predict(copy.prepare(molecules)),
            backend.predict(backend.prepare(molecules)),
            strict=True,
        ):
            assert_same(found, expected, tolerance=0)


class TestOpenBackend:
    @pytest.fixture
    def settings(self, tmp_path):
        return BDEConfig(checkpoint=save_bde_model(tmp_path / "bde.pt"))

    def test_the_native_one_is_the_checkpoint_of_the_settings(self, settings):
        backend = open_backend(settings)
        assert (backend.name, backend.parallel) == ("native", True)
        assert not backend.model.training
        weights = load_plain(settings.checkpoint)["weights"]
        for name, tensor in backend.model.state_dict().items():
            assert torch.equal(tensor, weights[name])
        # Silicon is left out of the kinds of atoms that the small model knows.
        _, [methanol, silane] = predict(backend, "CO", "C[Si](C)(C)C")
        assert methanol.valid.all()
        assert not silane.valid.any()

    def test_the_version_names_the_weights_alone(self, settings, tmp_path):
        version = open_backend(settings).version
        content = load_plain(settings.checkpoint)
        content["metadata"]["said"] = "differently"
        save_atomically(content, settings.checkpoint)
        assert open_backend(settings).version == version
        other = BDEConfig(checkpoint=save_bde_model(tmp_path / "other.pt", seed=1))
        assert open_backend(other).version != version

    def test_a_missing_model_names_the_commands_that_make_one(self, tmp_path):
        with pytest.raises(CheckpointError, match=r"none\.pt: no BDE model.*--phase pretrain"):
            open_backend(BDEConfig(checkpoint=tmp_path / "none.pt"))

    def test_a_teacher_is_no_bde_model(self, tmp_path):
        path = tmp_path / "teacher.pt"
        save_checkpoint(path, Teacher(**TEACHER_SIZES), TEACHER_SIZES, {})
        with pytest.raises(CheckpointError, match="holds a teacher, expected a BDE model"):
            open_backend(BDEConfig(checkpoint=path))

    def test_a_model_that_does_not_say_which_atoms_it_knows_is_refused(self, tmp_path):
        path = tmp_path / "bde.pt"
        save_checkpoint(path, BDEModel(**BDE_SIZES), BDE_SIZES, {})
        with pytest.raises(CheckpointError, match="which kinds of atoms"):
            open_backend(BDEConfig(checkpoint=path))

    def test_alfabet_without_its_packages_says_how_to_install_them(self, settings, monkeypatch):
        monkeypatch.setattr(bde_alfabet, "_version", lambda package: None)
        for chosen in (
            lambda: open_backend(settings, name="alfabet"),
            lambda: open_backend(settings.model_copy(update={"backend": "alfabet"})),
        ):
            with pytest.raises(BackendMissingError, match=r"pip install \"nextims\[alfabet\]\""):
                chosen()

    def test_an_unknown_name_lists_the_known_ones(self, settings):
        with pytest.raises(ValueError, match="no BDE backend 'xtb'; there are: native, alfabet"):
            open_backend(settings, name="xtb")

    @pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
    def test_a_missing_gpu_is_named(self, settings):
        with pytest.raises(DeviceError, match="PyTorch finds no GPU"):
            open_backend(settings, device="cuda")


@pytest.mark.parametrize("kinds", [3, [3], [["C", 1]], "text", [[[]]]])
def test_odd_kinds_of_atoms_are_told_in_one_line(tmp_path, kinds):
    path = tmp_path / "bde.pt"
    save_checkpoint(path, BDEModel(**BDE_SIZES), BDE_SIZES, {"atom_kinds": kinds})
    with pytest.raises(CheckpointError, match=r"^.*bde\.pt: its kinds of atoms are none$"):
        NativeBackend.from_checkpoint(path)
