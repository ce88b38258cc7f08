"""Backends of bond dissociation energies by name, and the native one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem

from ..chemistry.graph import Graph, build_graph
from ..chemistry.homolysis import breakable, gives_ions
from ..chemistry.molecule import Molecule, without_isotopes
from ..chemistry.surroundings import AtomKind, far_from_unknown
from ..config import BDEConfig, Config
from ..data.bde.backend import BDEBackend
from ..data.bde.bond_energies import BondEnergies
from ..data.examples.graph_batch import GraphBatch, KnownBonds, collate_graphs, collate_targets
from .bde import BDEModel
from .checkpoint import CheckpointError, load_model, weights_digest
from .device import choose_device

# Bounds the memory that a batch of large molecules takes, and fits a processor's cache.
_ATOMS_AT_ONCE = 4096
_NOT_PREDICTED = -1

_HYDROGENS_TO_REMOVE = Chem.RemoveHsParameters()
_HYDROGENS_TO_REMOVE.removeDefiningBondStereo = True


def open_backend(
    settings: BDEConfig, *, name: str | None = None, device: str = "cpu"
) -> BDEBackend:
    """Return a backend of bond dissociation energies.

    Args:
        settings: says which, and where the native model is.
        name: "native" or "alfabet", instead of ``settings.backend``.
        device: "cpu", "cuda", or "auto": where the native model runs.

    Raises:
        BackendMissingError: packages of the backend are not installed.
        CheckpointError: the native model is missing or cannot be used.
        ValueError: there is none of that name.
    """
    name = name or settings.backend
    if name == "native":
        return NativeBackend.from_checkpoint(settings.checkpoint, device)
    if name == "alfabet":
        from ..data.bde.alfabet import AlfabetBackend

        return AlfabetBackend()
    raise ValueError(f"no BDE backend {name!r}; there are: native, alfabet")


def open_configured_backend(
    config: Config,
    *,
    name: str | None = None,
    device: str | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> BDEBackend:
    """Return the backend of a configuration, the shipped native model where it has none.

    ``name`` and ``device``, by default that of ``training``, are as in ``open_backend``, which says
    what is raised. ``say`` takes a line where it is the shipped model, see ``Config.to_read``.
    """
    settings = config.bde
    if (name or settings.backend) == "native":
        path = config.to_read(settings.checkpoint, say)
        settings = settings.model_copy(update={"checkpoint": path})
    return open_backend(settings, name=name, device=device or config.training.device)


@dataclass
class _Part:
    """Graphs of some molecules and the bonds of theirs that are listed.

    Attributes:
        graph: the graphs, with the bonds to predict.
        atoms: the ends of the listed bonds, ``(listed, 2)``.
        row: which predicted bond gives each its energy, ``(listed,)``; -1 for none.
        ring: whether each is a ring bond, ``(listed,)``.
        offsets: listed bonds of molecule ``i``: ``offsets[i]:offsets[i + 1]``.
    """

    graph: GraphBatch
    atoms: np.ndarray
    row: np.ndarray
    ring: np.ndarray
    offsets: np.ndarray


class NativeBackend:
    """The BDE model of this package: no packages of others, batched, on CPU or GPU.

    A bond is valid where every atom within two bonds of it is of a kind that the model's training
    molecules hold (see ``AtomKind``), and the molecule is neutral. Isotope labels are left out.

    Args:
        model: the model, on its device.
        kinds: kinds of atoms that it was trained with.
        version: names the weights.

    Example:
        >>> from nextims.config import Config, PROJECT_ROOT
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.models.bde_backends import open_backend
        >>> backend = open_backend(Config().with_root(PROJECT_ROOT).bde)
        >>> [ethane] = backend.predict(backend.prepare([read_molecule("CC")]))
        >>> len(ethane), bool(ethane.valid.all())
        (7, True)
    """

    name = "native"
    parallel = True

    def __init__(self, model: BDEModel, kinds: Collection[AtomKind], version: str):
        self.model = model.eval()
        self.kinds = frozenset(kinds)
        self.version = version
        self.device = next(model.parameters()).device

    @classmethod
    def from_checkpoint(cls, path: str | Path, device: str = "cpu") -> NativeBackend:
        """Load the trained model.

        Raises:
            CheckpointError: the file is missing or cannot be used.
            DeviceError: "cuda" is asked for and there is no GPU.
        """
        if not Path(path).is_file():
            raise CheckpointError(
                f"{path}: no BDE model; make one with `nextims prepare bde` and "
                "`nextims train teacher --phase pretrain`, or set teacher.bond_energies: "
                "false to train without bond energies"
            )
        model, description = load_model(path, choose_device(device))
        if not isinstance(model, BDEModel):
            raise CheckpointError(f"{path}: holds a {model.kind}, expected a BDE model")
        if "atom_kinds" not in description.metadata:
            raise CheckpointError(f"{path}: does not say which kinds of atoms it was trained with")
        try:
            kinds = {AtomKind(*kind) for kind in description.metadata["atom_kinds"]}
        except TypeError:
            raise CheckpointError(f"{path}: its kinds of atoms are none") from None
        return cls(model, kinds, weights_digest(path)[:12])

    def __getstate__(self) -> dict:
        # Worker processes compute features and do without the model.
        return {**self.__dict__, "model": None}

    def prepare(self, molecules: Sequence[Molecule]) -> list[_Part]:
        """Compute the graphs of molecules, in parts of a bounded number of atoms."""
        parts, waiting, atoms = [], [], 0
        for molecule in molecules:
            waiting.append(molecule)
            atoms += molecule.mol.GetNumAtoms()
            if atoms >= _ATOMS_AT_ONCE:
                parts.append(self._part(waiting))
                waiting, atoms = [], 0
        return [*parts, self._part(waiting)] if waiting else parts

    @torch.inference_mode()
    def predict(self, prepared: Sequence[_Part]) -> list[BondEnergies | str]:
        """Return the bond energies of each molecule."""
        results = []
        for part in prepared:
            energies = self.model(part.graph.to(self.device)).cpu().numpy()
            energies = np.vstack([energies, np.full((1, energies.shape[1]), np.nan, np.float32)])
            energies = energies[part.row]  # the last row, of no energy, for those not predicted
            columns = part.atoms, *energies.T, part.row != _NOT_PREDICTED, part.ring
            for first, last in zip(part.offsets[:-1], part.offsets[1:], strict=True):
                results.append(BondEnergies(*(column[first:last] for column in columns)))
        return results

    def _part(self, molecules: Sequence[Molecule]) -> _Part:
        listed = [_list_bonds(molecule.mol, self.kinds) for molecule in molecules]
        graphs = [molecule.graph for molecule in listed]
        graph = collate_graphs(graphs)
        graph.targets = collate_targets(graphs, [molecule.wanted for molecule in listed])
        # Energies come in the order of ``BondTargets``: all bonds, then all hydrogens.
        first_bond = np.cumsum([0, *(len(molecule.wanted.bonds) for molecule in listed)])
        first_hydrogen = first_bond[-1] + np.cumsum(
            [0, *(len(molecule.wanted.hydrogens) for molecule in listed)]
        )
        rows = []
        for number, molecule in enumerate(listed):
            first = {_BOND: first_bond[number], _HYDROGEN: first_hydrogen[number]}
            rows += [
                _NOT_PREDICTED if kind in (_RING, _UNKNOWN) else first[kind] + position
                for kind, position in molecule.sources
            ]
        atoms = [pair for molecule in listed for pair in molecule.atoms]
        return _Part(
            graph,
            np.array(atoms, np.int32).reshape(-1, 2),
            np.array(rows, np.int64),
            np.array([kind == _RING for molecule in listed for kind, _ in molecule.sources], bool),
            np.cumsum([0, *(len(molecule.atoms) for molecule in listed)]),
        )


_RING, _UNKNOWN, _BOND, _HYDROGEN = range(4)


@dataclass
class _ListedBonds:
    """The bonds of one molecule, and what the model is asked for.

    Attributes:
        graph: what the model reads: no isotope labels, no hydrogens.
        wanted: the bonds to predict.
        atoms: the ends of each listed bond in the molecule with explicit hydrogens.
        sources: where each listed bond's energy comes from: a ring bond and one of unknown
            surroundings have none; else the position in ``wanted.bonds`` or ``wanted.hydrogens``.
    """

    graph: Graph
    wanted: KnownBonds
    atoms: list[tuple[int, int]]
    sources: list[tuple[int, int]]


def _list_bonds(mol: Chem.Mol, kinds: Collection[AtomKind]) -> _ListedBonds:
    skeleton, position = _skeleton(mol)
    # Charged atoms are known from nitro groups and the like; no ion was in the training data.
    ion = Chem.GetFormalCharge(skeleton) != 0
    known = [near and not ion for near in far_from_unknown(skeleton, kinds)]
    bonds: list[int] = []
    hydrogens: list[int] = []
    atoms: list[tuple[int, int]] = []
    sources: list[tuple[int, int]] = []

    def add_hydrogen(bearer: int) -> None:
        if not known[bearer]:
            sources.append((_UNKNOWN, 0))
            return
        # The hydrogens of one atom are alike, and follow each other.
        if not hydrogens or hydrogens[-1] != bearer:
            hydrogens.append(bearer)
        sources.append((_HYDROGEN, len(hydrogens) - 1))

    for bond in mol.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        if bond.IsInRing():
            sources.append((_RING, 0))
        elif not breakable(bond):
            continue
        elif None in (inside := [position[end] for end in ends]):
            add_hydrogen(next(end for end in inside if end is not None))
        elif gives_ions(bond) or not (known[inside[0]] and known[inside[1]]):
            sources.append((_UNKNOWN, 0))
        else:
            bonds.append(skeleton.GetBondBetweenAtoms(*inside).GetIdx())
            sources.append((_BOND, len(bonds) - 1))
        atoms.append(ends)
    hydrogen = mol.GetNumAtoms()
    for atom in mol.GetAtoms():
        for _ in range(atom.GetTotalNumHs()):
            atoms.append((atom.GetIdx(), hydrogen))
            add_hydrogen(position[atom.GetIdx()])
            hydrogen += 1
    wanted = KnownBonds(
        np.array(bonds, np.int64),
        np.array(hydrogens, np.int64),
        np.empty((len(bonds), 0), np.float32),
        np.empty((len(hydrogens), 0), np.float32),
    )
    return _ListedBonds(build_graph(skeleton), wanted, atoms, sources)


def _skeleton(mol: Chem.Mol) -> tuple[Chem.Mol, list[int | None]]:
    """Return the molecule as the model reads it, and where its atoms are in there.

    Labelled hydrogens, and those that make an imine E or Z, are atoms of ``mol`` but none of the
    skeleton.
    """
    if not any(atom.GetIsotope() or atom.GetAtomicNum() == 1 for atom in mol.GetAtoms()):
        return mol, list(range(mol.GetNumAtoms()))
    plain = without_isotopes(mol)
    for atom in plain.GetAtoms():
        atom.SetIntProp("_position", atom.GetIdx())
    skeleton = Chem.RemoveHs(plain, _HYDROGENS_TO_REMOVE)
    position: list[int | None] = [None] * mol.GetNumAtoms()
    for atom in skeleton.GetAtoms():
        position[atom.GetIntProp("_position")] = atom.GetIdx()
    return skeleton, position
