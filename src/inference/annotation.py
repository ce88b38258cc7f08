"""The ions behind the peaks of a predicted spectrum, from what the teacher's heads give.

Shapes in this module, all of one molecule: ``f`` fragments, ``a`` atoms, ``S`` hydrogen shifts,
``T`` mass shifts, ``g`` ions, ``n`` nuclides, ``k`` isotope shifts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from ..chemistry.formula import ELECTRON_MASS, Isotopologue, exact_mass, hill_formula, isotopologues
from ..chemistry.isotope_labels import LABELLED_SHIFTS, SHIFTS
from ..chemistry.isotopes import CENTRES
from ..chemistry.molecule import Molecule
from ..data.examples.fragment_batch import FragmentBatch
from ..models.heads import Prediction
from ..models.isotopes import IsotopeEnvelope
from ..models.teacher_network import Ions
from ..spectra.ions import AnnotatedPeak, Ion
from ..spectra.prediction import INTENSITY_FLOOR, PredictedSpectrum


def annotate(
    result: PredictedSpectrum,
    prediction: Prediction,
    fragments: FragmentBatch,
    position: int = 0,
    *,
    smallest_share: float = INTENSITY_FLOOR,
) -> tuple[AnnotatedPeak, ...]:
    """Name the ions behind each peak of a molecule's predicted spectrum.

    Ions of one formula are one, whichever atoms they keep and whatever hydrogens move: these are
    then given of the most probable of them.

    Args:
        result: the spectrum, at nominal m/z.
        prediction: what the teacher gives for a batch, ``extra`` its ``TeacherParts``.
        fragments: the fragments of the batch.
        position: place of the molecule in the batch.
        smallest_share: ions that carry less of a peak are not named but summed.

    Returns:
        The peaks in the order of the spectrum.
    """
    parts = prediction.extra
    total, from_ions = (
        values[position].detach().double().cpu().numpy()
        for values in (prediction.intensity, parts.from_ions)
    )
    ions = _ions_of(result.molecule, fragments, parts.ions, position)
    peaks = []
    for mz, intensity, _ in result.peaks:
        place = mz - 1
        explained = min(float(from_ions[place] / total[place]), 1.0) if total[place] > 0 else 0.0
        named = tuple(ions.at(mz, explained, smallest_share))
        others = max(explained - sum(ion.share for ion in named), 0.0)
        peaks.append(AnnotatedPeak(mz, intensity, named, others, 1 - explained))
    return tuple(peaks)


@dataclass(frozen=True)
class _Ions:
    """The ions of a molecule that differ in formula or nominal mass.

    Attributes:
        mol: the molecule, without stereochemistry.
        atoms: which atoms each fragment keeps, ``(f, a)`` bool.
        nuclides: what the formulas count: elements, and isotope labels or 0, ``(n,)``.
        whole: formula of the molecule, ``(n,)``.
        formulas: the ions', ``(g, n)``.
        nominal: nominal mass of the most abundant isotopes, ``(g,)``.
        first: nominal mass that ``intensity`` begins at, ``(g,)``.
        charge: 1 or 2, ``(g,)``.
        intensity: intensity in the spectrum, of sum 1, at each isotope shift, ``(g, k)``.
        fragment: the fragment that most of the ion comes from, ``(g,)``.
        hydrogen_shift: hydrogens of any mass that this one took up, ``(g,)``.
    """

    mol: Chem.Mol
    atoms: np.ndarray
    nuclides: list[tuple[str, int]]
    whole: np.ndarray
    formulas: np.ndarray
    nominal: np.ndarray
    first: np.ndarray
    charge: np.ndarray
    intensity: np.ndarray
    fragment: np.ndarray
    hydrogen_shift: np.ndarray
    _pieces: dict[int, tuple[tuple[int, ...], str]] = field(default_factory=dict)

    def at(self, mz: int, explained: float, smallest: float) -> Iterator[Ion]:
        """Yield the ions of a nominal m/z, the most intense first.

        Args:
            mz: the m/z.
            explained: share of the peak that they carry together.
            smallest: smallest share of the peak.
        """
        found, column = self._places(mz)
        intensity = self.intensity[found, column]
        shares = explained * intensity / max(float(intensity.sum()), np.finfo(float).tiny)
        large = (shares > 0) & (shares >= smallest)
        found, column, shares = found[large], column[large], shares[large]
        for i in np.argsort(-shares, kind="stable"):
            share, ion = float(shares[i]), int(found[i])
            counts = dict(zip(self.nuclides, self.formulas[ion].tolist(), strict=True))
            natural = {element: n for (element, label), n in counts.items() if not label}
            shift = int(self.first[ion] + column[i] - self.nominal[ion])
            heavy = isotopologues(natural).get(shift)
            # The head spreads a fragment's isotopes before hydrogens move: F+ made of HF has the
            # deuterium's. Such an ion does not exist.
            if heavy is not None:
                yield self._ion(ion, counts, shift, heavy, share)

    def _places(self, mz: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which ions lie at a nominal m/z, and with which of their isotopes."""
        places = []
        # An ion of two charges and odd mass lies at a half, which is rounded down.
        for charge, masses in ((1, (mz,)), (2, (2 * mz, 2 * mz + 1))):
            for mass in masses:
                column = mass - self.first
                inside = (column >= 0) & (column < self.intensity.shape[1])
                found = np.flatnonzero(inside & (self.charge == charge))
                places.append((found, column[found]))
        found, column = zip(*places, strict=True)
        return np.concatenate(found), np.concatenate(column)

    def _ion(
        self,
        ion: int,
        counts: dict[tuple[str, int], int],
        shift: int,
        isotopologue: Isotopologue,
        share: float,
    ) -> Ion:
        charge = int(self.charge[ion])
        mz = (exact_mass(counts) + isotopologue.mass_shift) / charge - ELECTRON_MASS
        for element, isotope, number in isotopologue.isotopes:
            counts[element, 0] -= number
            counts[element, isotope] = counts.get((element, isotope), 0) + number
        loss = zip(self.nuclides, (self.whole - self.formulas[ion]).tolist(), strict=True)
        atoms, piece = self._piece(int(self.fragment[ion]))
        return Ion(
            formula=hill_formula(counts) + ("+" if charge == 1 else f"+{charge}"),
            mz=mz,
            share=share,
            neutral_loss=hill_formula(dict(loss)),
            hydrogen_shift=int(self.hydrogen_shift[ion]),
            isotope_shift=shift,
            atoms=atoms,
            piece=piece,
        )

    def _piece(self, fragment: int) -> tuple[tuple[int, ...], str]:
        if fragment not in self._pieces:
            atoms = tuple(np.flatnonzero(self.atoms[fragment]).tolist())
            self._pieces[fragment] = atoms, Chem.MolFragmentToSmiles(self.mol, atoms)
        return self._pieces[fragment]


def _ions_of(molecule: Molecule, fragments: FragmentBatch, ions: Ions, position: int) -> _Ions:
    """Add up the ions of one formula.

    Args:
        molecule: the molecule.
        fragments: the fragments of a batch.
        ions: their intensities at each hydrogen shift.
        position: place of the molecule in the batch.
    """
    own = torch.nonzero(fragments.molecule == position).squeeze(1)
    kept = fragments.atoms[position, : molecule.places.max() + 1, : len(own)].T.cpu().numpy()
    atoms = kept[:, molecule.places]  # labelled hydrogens among them
    natural, nominal, weights, first_shift = _by_mass_shift(fragments, ions, own)
    envelope = IsotopeEnvelope()(natural.cpu()).double().numpy()
    nuclides, composition = _compose(molecule.mol)
    centres = np.array([0 if label else CENTRES.get(element, 0) for element, label in nuclides])
    whole = composition.sum(0)
    formulas = atoms.astype(np.int64) @ composition

    charge, member, row, column = np.nonzero(weights)
    hydrogen_shift, mass_shift = row + SHIFTS[0], column + first_shift
    weight = weights[charge, member, row, column]
    keys = np.column_stack([formulas[member], nominal[member] + mass_shift, charge + 1])
    # A deuterium or tritium that moves instead of a hydrogen shifts the mass once or twice more.
    heavy = 3 if ("H", 3) in nuclides and not whole[nuclides.index(("H", 2))] else 2
    labelled = (mass_shift - hydrogen_shift) // (heavy - 1)
    keys[:, nuclides.index(("H", 0))] += hydrogen_shift - labelled
    keys[:, nuclides.index(("H", heavy))] += labelled
    possible = (keys[:, :-2] >= 0).all(1)
    member, hydrogen_shift, weight, keys = (
        values[possible] for values in (member, hydrogen_shift, weight, keys)
    )
    keys, ion = np.unique(keys, axis=0, return_inverse=True)
    ion = ion.ravel()
    intensity = np.stack(
        [np.bincount(ion, weight * column[member], len(keys)) for column in envelope.T], axis=1
    )
    by_weight = np.lexsort([-weight, ion])
    chief = by_weight[np.searchsorted(ion[by_weight], np.arange(len(keys)))]
    mol = Chem.Mol(molecule.mol)
    Chem.RemoveStereochemistry(mol)
    return _Ions(
        mol=mol,
        atoms=atoms,
        nuclides=nuclides,
        whole=whole,
        formulas=keys[:, :-2],
        nominal=keys[:, -2],
        first=keys[:, -2] + keys[:, :-2] @ centres + IsotopeEnvelope.LOWEST,
        charge=keys[:, -1],
        intensity=intensity,
        fragment=member[chief],
        hydrogen_shift=hydrogen_shift[chief],
    )


def _by_mass_shift(
    fragments: FragmentBatch, ions: Ions, own: Tensor
) -> tuple[Tensor, np.ndarray, np.ndarray, int]:
    """Return what a molecule's fragments and their ions are, its isotope labels at their places.

    Returns:
        Atoms of each element without label ``(f, len(ELEMENTS))``; nominal masses ``(f,)``; the
        intensities of ions by charge, hydrogen and mass shift ``(charges, f, S, T)``; and the
        lowest mass shift.
    """
    shares = torch.stack([share[own] for share in ions if share is not None])
    weights = shares[..., None].detach().double().cpu().numpy()
    rows = torch.nonzero(torch.isin(fragments.labels.rows, own)).squeeze(1)
    if not len(rows):
        weights = weights * np.eye(len(SHIFTS))
        return fragments.elements[own], fragments.mass[own].cpu().numpy(), weights, SHIFTS[0]
    labels = fragments.labels
    weights = weights * labels.exchange[rows].double().cpu().numpy()
    return labels.natural[rows], labels.mass[rows].cpu().numpy(), weights, LABELLED_SHIFTS[0]


def _compose(mol: Chem.Mol) -> tuple[list[tuple[str, int]], np.ndarray]:
    """Return the nuclides of a molecule, hydrogen and deuterium among them, and those of its atoms.

    Returns:
        Element and isotope label, 0 for none, ``(n,)``; and how many each atom has, its implicit
        hydrogens included, ``(a, n)``.
    """
    own = []
    for atom in mol.GetAtoms():
        nuclide = atom.GetSymbol(), atom.GetIsotope()
        own.append(("H", 0) if nuclide == ("H", 1) else nuclide)
    nuclides = sorted({*own, ("H", 0), ("H", 2)})
    composition = np.zeros((len(own), len(nuclides)), np.int64)
    for i, (nuclide, atom) in enumerate(zip(own, mol.GetAtoms(), strict=True)):
        composition[i, nuclides.index(nuclide)] += 1
        composition[i, nuclides.index(("H", 0))] += atom.GetTotalNumHs()
    return nuclides, composition
