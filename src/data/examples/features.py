"""What the models read: a molecule's fingerprint and graph, alone and in batches.

Shapes in this module: ``b`` molecules, ``s`` set fingerprint positions of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ...chemistry.double_charges import can_hold_two_charges
from ...chemistry.graph import Graph, build_graph
from ...chemistry.molecule import COUNT_BITS, ECFP_BITS, Molecule
from ...chemistry.pieces import PieceSet, describe_pieces
from ...chemistry.possible_masses import possible_masses
from ...spectra.spectrum import STANDARD_ENERGY
from .fragment_batch import FragmentBatch, FragmentSet, collate_fragments, describe_fragments
from .graph_batch import GraphBatch, collate_graphs, moved
from .label_batch import LabelBatch, collate_labels
from .piece_batch import PieceBatch, collate_pieces

FINGERPRINT_SIZE = ECFP_BITS + COUNT_BITS


class Inputs(NamedTuple):
    """What a model reads of a molecule beside its fingerprint and formula.

    Attributes:
        graph: whether it reads the graph.
        fragments: largest number of fragments; they come with a graph.
        pieces: largest number of pieces.
        doubly_charged: whether ions of two charges are possible.
    """

    graph: bool = False
    fragments: int = 0
    pieces: int = 0
    doubly_charged: bool = False


FINGERPRINT_ONLY = Inputs()


@dataclass(frozen=True)
class Features:
    """What a model reads of one molecule.

    Attributes:
        positions: set positions of the fingerprint, ``(s,)`` int64.
        values: 1 for a bit, the number of occurrences for a count, ``(s,)`` float32.
        atoms, labels: as ``Molecule.atoms`` gives them.
        nominal_mass: mass of the molecular ion, labels counted, Da.
        highest_mz: highest m/z of the molecular ion's isotope pattern.
        graph: the graph, where the model needs it.
        fragments: the fragments, where the model needs them.
        pieces: the pieces, where the model needs them.
        possible: which masses the molecule's ions can have (``possible_masses``), up to
            ``highest_mz``; beside fragments.
        of_commonest: the same of the commonest isotopes alone and without labels; of arenes all,
            as ions of two charges have isotopes that fall in between.
    """

    positions: np.ndarray
    values: np.ndarray
    atoms: np.ndarray
    labels: np.ndarray
    nominal_mass: int
    highest_mz: int
    graph: Graph | None = None
    fragments: FragmentSet | None = None
    pieces: PieceSet | None = None
    possible: np.ndarray | None = None
    of_commonest: np.ndarray | None = None


@dataclass
class Batch:
    """Features of ``b`` molecules, with what is known of their measured spectra.

    Attributes:
        positions, values: fingerprints one after the other, ``(s,)``.
        offsets: where each molecule's fingerprint starts, ``(b,)``.
        atoms: atoms of each element, labelled ones counted, ``(b, len(ELEMENTS))`` int64.
        labels: of each kind of isotope label the molecule, the element, the extra mass in Da and
            the number of atoms, ``(l, 4)`` int64.
        nominal_mass, highest_mz: ``(b,)`` int64, Da.
        energy: ionization energy, ``(b,)`` float32, eV.
        graph: the graphs, and bonds of known dissociation energy.
        fragments: the fragments of the graphs.
        pieces: the pieces of the molecules.
        piece_labels: what isotope labels make of those of labelled molecules.
        possible: which masses each molecule's ions can have, ``(b, highest of highest_mz)`` bool;
            column ``i`` is m/z ``i + 1``.
        of_commonest: the same of the commonest isotopes alone and without labels.
        limit_carbon: whether the model is to limit C+ and CH+ of labelled molecules, which
            ``spectrum_from_bins`` cannot do when labels have moved them.
        row: position of each spectrum in the store, ``(b,)``.
        spectrum: measured intensities, base peak 1, ``(b, max_mz)``; all 0 where there is none.
        lowest_mz: lowest recorded m/z, ``(b,)``.
        recorded: which masses are recorded: from the lowest on, but those that the source took out,
            ``(b, max_mz)`` bool.
        teacher_mean, teacher_deviation: the teacher's prediction, ``(b, max_mz)``.
        teacher_features: the teacher's vectors, ``(b, teacher_width)``.
    """

    positions: Tensor
    values: Tensor
    offsets: Tensor
    atoms: Tensor
    labels: Tensor
    nominal_mass: Tensor
    highest_mz: Tensor
    energy: Tensor
    graph: GraphBatch | None = None
    fragments: FragmentBatch | None = None
    pieces: PieceBatch | None = None
    piece_labels: LabelBatch | None = None
    possible: Tensor | None = None
    of_commonest: Tensor | None = None
    limit_carbon: bool = False
    row: Tensor | None = None
    spectrum: Tensor | None = None
    lowest_mz: Tensor | None = None
    recorded: Tensor | None = None
    teacher_mean: Tensor | None = None
    teacher_deviation: Tensor | None = None
    teacher_features: Tensor | None = None

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def label_mass(self) -> Tensor:
        """What isotope labels add to the mass of each molecule, ``(b,)`` int64, Da."""
        molecule, _, extra, number = self.labels.T
        return torch.zeros_like(self.nominal_mass).index_add(0, molecule, extra * number)

    def to(self, device, **kwargs) -> Batch:
        """Return the batch with every tensor on ``device``."""
        return moved(self, device, **kwargs)


def featurize(molecule: Molecule, inputs: Inputs = FINGERPRINT_ONLY) -> Features:
    """Compute what a model reads of a molecule.

    Isotope labels only move masses: all but formula and masses is that of the molecule without
    them.

    Args:
        molecule: the molecule.
        inputs: what is needed beside the fingerprint.

    Example:
        >>> from nextims.data.examples.features import Inputs, featurize
        >>> from nextims.chemistry.molecule import read_molecule
        >>> featurize(read_molecule("CCO"), Inputs(graph=True)).graph.edges.shape
        (2, 4)
    """
    return featurize_all([molecule], inputs)[0]


def featurize_all(
    molecules: Sequence[Molecule], inputs: Inputs = FINGERPRINT_ONLY
) -> list[Features]:
    """Return what ``featurize`` does of each molecule, in two thirds of the time for many.

    Example:
        >>> from nextims.data.examples.features import featurize_all
        >>> from nextims.chemistry.molecule import read_molecule
        >>> [each.nominal_mass for each in featurize_all([read_molecule("C"), read_molecule("CO")])]
        [16, 32]
    """
    # Feature by feature, not molecule by molecule: the processor keeps the code of one at hand.
    none = [None] * len(molecules)
    plain = [molecule.unlabelled for molecule in molecules]
    fingerprints = [molecule.fingerprint() for molecule in plain]
    atoms = [molecule.atoms() for molecule in molecules]
    masses = [(molecule.nominal_mass, molecule.highest_mz) for molecule in molecules]
    mols = [molecule.mol for molecule in plain]
    labels = [molecule.labels_by_atom for molecule in molecules]
    graphs = [build_graph(mol) for mol in mols] if inputs.graph else none
    fragments = pieces = possible = of_commonest = none
    if inputs.fragments:
        own = zip(mols, labels, strict=True)
        fragments = [describe_fragments(mol, inputs.fragments, each) for mol, each in own]
        own = zip(atoms, masses, strict=True)
        possible = [
            possible_masses(*each, highest_mz, doubly_charged=inputs.doubly_charged)
            for each, (_, highest_mz) in own
        ]
        of_commonest = [
            every
            if can_hold_two_charges(own)
            else possible_masses(own, (), highest_mz, isotopes=False)
            for (own, _), (_, highest_mz), every in zip(atoms, masses, possible, strict=True)
        ]
    if inputs.pieces:
        own = zip(mols, labels, strict=True)
        pieces = [describe_pieces(mol, inputs.pieces, each) for mol, each in own]
    parts = zip(graphs, fragments, pieces, possible, of_commonest, strict=True)
    columns = zip(fingerprints, atoms, masses, parts, strict=True)
    return [Features(*f, *a, *m, *others) for f, a, m, others in columns]


def collate(molecules: Sequence[Features], energy: Sequence[float] | None = None) -> Batch:
    """Put the features of molecules into one batch.

    Args:
        molecules: features of each molecule, all of the same inputs.
        energy: ionization energies in eV, NaN where not given; 70 eV for all if left out.
    """
    lengths = [len(molecule.positions) for molecule in molecules]
    energies = np.full(len(molecules), np.nan) if energy is None else np.asarray(energy)
    batch = Batch(
        positions=torch.from_numpy(np.concatenate([m.positions for m in molecules])),
        values=torch.from_numpy(np.concatenate([m.values for m in molecules])),
        offsets=torch.from_numpy(np.cumsum([0, *lengths[:-1]])),
        atoms=torch.from_numpy(np.stack([m.atoms for m in molecules])),
        labels=torch.from_numpy(
            np.concatenate(
                [np.insert(m.labels, 0, i, axis=1) for i, m in enumerate(molecules)], dtype=np.int64
            )
        ),
        nominal_mass=torch.tensor([m.nominal_mass for m in molecules]),
        highest_mz=torch.tensor([m.highest_mz for m in molecules]),
        energy=torch.from_numpy(np.nan_to_num(energies, nan=STANDARD_ENERGY)).float(),
    )
    labels = [m.labels for m in molecules]
    graphs = [m.graph for m in molecules if m.graph is not None]
    if graphs:
        batch.graph = collate_graphs(graphs)
    fragments = [m.fragments for m in molecules if m.fragments is not None]
    if fragments:
        batch.fragments = collate_fragments(fragments, graphs, labels)
        for name in ("possible", "of_commonest"):
            masses = np.zeros((len(molecules), int(batch.highest_mz.max())), bool)
            for row, m in zip(masses, molecules, strict=True):
                row[: m.highest_mz] = getattr(m, name)
            setattr(batch, name, torch.from_numpy(masses))
    pieces = [m.pieces for m in molecules if m.pieces is not None]
    if pieces:
        batch.pieces = collate_pieces(pieces)
        batch.piece_labels = collate_labels(pieces, labels)
    return batch
