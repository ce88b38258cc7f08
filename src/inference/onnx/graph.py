"""The student written with what is quick in ONNX Runtime on a CPU.

The same numbers as ``Student`` gives, up to rounding. What differs is the way there: what several
molecules or pieces share is computed once, as ``OnnxInputs`` names it; formulas that a molecule has
not the atoms for are ruled out by the product that scores them; and only ions that are seen are
laid out with their isotopes. The ions of labelled molecules are given one by one.

Shapes: as in ``OnnxInputs``; ``v`` formulas of the vocabulary, ``S`` hydrogen shifts, ``i`` ions of
all molecules that are seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...chemistry.molecule import ELEMENTS
from ...models.formula_head import SMALLEST_SHARE, FormulaHead, doubly_charged
from ...models.heads import LIGHTEST_ION
from ...models.isotopes import IsotopeEnvelope
from ...models.piece_head import PieceHead
from ...models.student import Student
from .inputs import OnnxInputs
from .labels import LabelledIons

_HYDROGEN = ELEMENTS.index("H")
# What a formula that cannot be loses of its score: no score comes near it, and sums of some hundred
# are still finite.
_RULED_OUT = -1e30
_NOTHING = -80.0
_BLOCKS = 4


class OnnxStudent(nn.Module):
    """A student of ``OnnxInputs``, for exporting.

    Args:
        student: the student.

    Shape:
        the arrays of ``OnnxInputs`` -> ``(b, max_mz)``, sum 1, labels left out; and the arrays of
        ``LabelledIons``
    """

    def __init__(self, student: Student):
        super().__init__()
        self.student = student
        self.head = _OnnxHead(student.head)

    def forward(self, *arrays: Tensor) -> tuple[Tensor, ...]:
        """Return the spectra, and the ions of the labelled molecules."""
        inputs, student = OnnxInputs(*arrays), self.student
        x = self._fingerprint(inputs) + student.formula(inputs.atoms)
        weights, routing = student.gate(student.gate_norm(x))
        mixture = torch.zeros_like(x)
        for number, expert in enumerate(student.experts):
            molecule, choice = torch.where(routing.chosen == number)
            output = _expert(expert, x.index_select(0, molecule)) * weights[molecule, choice, None]
            mixture = mixture.index_add(0, molecule, output)
        return self.head(student.mixed(mixture), inputs)

    def _fingerprint(self, inputs: OnnxInputs) -> Tensor:
        layer, shape = self.student.fingerprint, (len(inputs.atoms), len(inputs.common))
        table = inputs.values.new_zeros(shape[0] * shape[1])
        table = table.scatter(0, inputs.places, inputs.values.log1p()).view(shape)
        x = table @ layer.weight.index_select(0, inputs.common) + layer.bias
        rare = layer.weight.index_select(0, inputs.rare) * inputs.rare_values.log1p()[:, None]
        return x.index_add(0, inputs.rare_molecules, rare)


def _expert(expert: nn.Sequential, x: Tensor) -> Tensor:
    """Return an expert's output; how many molecules went to it need not be known."""
    for residual in expert:
        inner = x
        for layer in residual.block:
            if isinstance(layer, nn.BatchNorm1d):
                scale = layer.weight * (layer.running_var + layer.eps).rsqrt()
                inner = inner * scale + (layer.bias - layer.running_mean * scale)
            else:
                inner = layer(inner)
        x = x + inner
    return x


class _RuledOut(nn.Module):
    """Which of some formulas molecules have not the atoms for, as a linear layer.

    An element has a column for each number of atoms below the most that a formula has of it: a
    molecule of just so many has not the atoms for the formulas that have more.

    Args:
        needed: what each formula needs of each element (or of anything else), ``(v, kinds)``.
    """

    def __init__(self, needed: Tensor):
        super().__init__()
        most = needed.max(0).values.tolist()
        columns = [(kind, number) for kind in range(len(most)) for number in range(most[kind])]
        kinds, numbers = torch.tensor(columns).T
        self.register_buffer("kinds", kinds)
        self.register_buffer("numbers", numbers)

    def forward(self, has: Tensor, needed: Tensor) -> Tensor:
        """Return what molecules that have so much lose of the scores, ``(b, v)``."""
        read = (has.index_select(1, self.kinds) == self.numbers).float()
        lacking = needed.to(torch.int16).index_select(1, self.kinds) > self.numbers.to(torch.int16)
        return F.linear(read, lacking.float() * _RULED_OUT)


class _OnnxHead(nn.Module):
    """As ``FormulaHead``."""

    def __init__(self, head: FormulaHead):
        super().__init__()
        self.head, self.pieces = head, _OnnxPieces(head.pieces)
        # Bins of 0 to max_mz, and some below and above for the isotopes of what is near.
        self.width = head.max_mz + IsotopeEnvelope.WIDTH
        # Ions of about the same mass reach over few bins together.
        masses, order = (head.ions.long() @ head.pattern_masses).sort(stable=True)
        self.register_buffer("ions", _small(head.ions[order]))
        self.register_buffer("losses", _small(head.losses))
        self.of_ions = _rows(head.score, order)
        self.of_losses = _rows(head.score, slice(len(order), None))
        self.no_ions = _RuledOut(self._needed_by_ions())
        self.no_losses = _RuledOut(self._needed_by_losses())
        self.doubles = _OnnxDoubles(head) if head.double_score is not None else None
        self.blocks = [block.tolist() for block in masses.split(-(-len(masses) // _BLOCKS))]

    def forward(self, x: Tensor, inputs: OnnxInputs) -> tuple[Tensor, ...]:
        """Return the spectra, and the ions of the labelled molecules."""
        ions, losses = self._ions(x, inputs.atoms), self._losses(x, inputs.atoms)
        pieces = self.pieces(x, inputs)
        highest = torch.maximum(ions.amax(1), losses.amax(1))
        of_pieces = self._by_molecule(pieces.amax(1), inputs, -torch.inf).amax(1)
        highest = torch.maximum(highest, of_pieces)[:, None]
        doubles = None
        if self.doubles is not None:
            doubles = self.doubles(x, inputs.atoms)
            highest = torch.maximum(highest, doubles.amax(1, keepdim=True))
            doubles = _exp(doubles - highest)
        ions, losses = _exp(ions - highest), _exp(losses - highest)
        pieces = _exp(pieces - highest.index_select(0, inputs.molecule))
        total = self._by_molecule(pieces.sum(1) * inputs.copies, inputs, 0.0).sum(1)
        total = total + ions.sum(1) + losses.sum(1)
        if doubles is not None:
            total = total + doubles.sum(1)
        total = total[:, None]
        ions, losses = _seen(ions / total), _seen(losses / total)
        doubles = None if doubles is None else _seen(doubles / total)
        pieces = _seen(pieces / total.index_select(0, inputs.molecule)) * inputs.copies[:, None]
        labelled = self._labelled(ions, losses, doubles, pieces, inputs)
        return self._spectra(ions, losses, doubles, pieces, inputs), *labelled

    def _ions(self, x: Tensor, atoms: Tensor) -> Tensor:
        """Return the scores of the ions, ``(b, ions)``."""
        has = torch.cat([atoms, torch.zeros_like(atoms[:, :1])], 1)
        return self.of_ions(x) + self.no_ions(has, self._needed_by_ions())

    def _needed_by_ions(self) -> Tensor:
        """Return atoms of each element, and 1, which none has, for ions too light to be seen."""
        ions = self.ions.long()
        too_light = (ions @ self.head.masses < LIGHTEST_ION).long()
        return torch.cat([ions, too_light[:, None]], 1)

    def _losses(self, x: Tensor, atoms: Tensor) -> Tensor:
        """Return the scores of the losses, ``(b, losses)``."""
        head, has = self.head, torch.cat([atoms, _heavy(atoms)], 1)
        scores = self.of_losses(x) + self.no_losses(has, self._needed_by_losses())
        lost = (self.losses.long() @ head.masses).float()
        lost = lost.masked_fill(lost == 0, -torch.inf)  # losing nothing is always possible
        left = (atoms @ head.masses).float()[:, None] - lost
        return scores + (LIGHTEST_ION - left).clamp(min=0) * _RULED_OUT

    def _needed_by_losses(self) -> Tensor:
        """Return atoms of each element, and of others than hydrogen, one of which must be left."""
        losses = self.losses.long()
        something = (losses.sum(1, keepdim=True) > 0).long()
        return torch.cat([losses, (_heavy(losses) + 1) * something], 1)

    def _by_molecule(self, values: Tensor, inputs: OnnxInputs, other: float) -> Tensor:
        """Return numbers of pieces by molecule, ``(b, most pieces)``."""
        table = values.new_full((len(inputs.atoms) * self.head.most_pieces,), other)
        return table.scatter(0, inputs.place, values).view(len(inputs.atoms), -1)

    def _spectra(
        self,
        ions: Tensor,
        losses: Tensor,
        doubles: Tensor | None,
        pieces: Tensor,
        inputs: OnnxInputs,
    ) -> Tensor:
        """Return the spectra of shares."""
        head = self.head
        by_loss, loss = losses.nonzero(as_tuple=True)
        piece, shift = pieces.nonzero(as_tuple=True)
        left = inputs.atoms.index_select(0, by_loss) - self.losses.long().index_select(0, loss)
        formulas = torch.cat([inputs.formulas, left])
        of_pieces = inputs.kept.index_select(0, piece)
        of_losses = torch.arange(len(loss), device=loss.device) + len(inputs.formulas)
        formula = torch.cat([of_pieces, of_losses])
        molecule = torch.cat([inputs.molecule.index_select(0, piece), by_loss])
        weight = torch.cat([pieces[piece, shift], losses[by_loss, loss]])
        shift = torch.cat([shift + head.pieces.shifts[0], torch.zeros_like(loss)])
        mz = formulas @ head.pattern_masses - IsotopeEnvelope.LOWEST
        mz = mz.index_select(0, formula) + shift
        spread = head.isotopes(formulas, inputs.shifts).index_select(0, formula) * weight[:, None]
        bins = _laid_out(spread, molecule, mz, inputs.shifts, len(inputs.atoms), self.width)
        if doubles is not None:
            molecule, loss = doubles.nonzero(as_tuple=True)
            lost = self.doubles.losses.index_select(0, loss)
            left = inputs.atoms.index_select(0, molecule) - lost
            spread = head.isotopes(left, inputs.shifts) * doubles[molecule, loss][:, None]
            mz = ((left @ head.pattern_masses)[:, None] + inputs.shifts) // 2
            place = molecule[:, None] * self.width + mz - IsotopeEnvelope.LOWEST
            flat = bins.flatten().index_add(0, place.flatten(), spread.flatten())
            bins = flat.view(len(inputs.atoms), self.width)
        first = 0
        for masses in self.blocks:
            last, low = first + len(masses), masses[0]
            high = masses[-1] + IsotopeEnvelope.WIDTH
            block = ions[:, first:last] @ self._known(first, last, low, high - low)
            bins = bins + F.pad(block, (low, self.width - high))
            first = last
        bins = bins[:, 1 - IsotopeEnvelope.LOWEST :][:, : head.max_mz]
        mz = torch.arange(1, head.max_mz + 1, device=bins.device)
        bins = bins * (mz <= inputs.highest_mz[:, None]).float()
        return bins / bins.sum(1, keepdim=True)

    def _labelled(
        self,
        ions: Tensor,
        losses: Tensor,
        doubles: Tensor | None,
        pieces: Tensor,
        inputs: OnnxInputs,
    ) -> LabelledIons:
        """Return the ions of the labelled molecules."""
        head = self.head
        of_ions, ion = ions.index_select(0, inputs.labelled).nonzero(as_tuple=True)
        of_losses, loss = losses.index_select(0, inputs.labelled).nonzero(as_tuple=True)
        of_ions = inputs.labelled.index_select(0, of_ions)
        of_losses = inputs.labelled.index_select(0, of_losses)
        left = inputs.atoms.index_select(0, of_losses) - self.losses.long().index_select(0, loss)
        atoms = torch.cat([self.ions.long().index_select(0, ion), left])
        molecule = torch.cat([of_ions, of_losses])
        share = torch.cat([ions[of_ions, ion], losses[of_losses, loss]])
        charge = torch.ones_like(molecule)
        if doubles is not None:
            own, loss = doubles.index_select(0, inputs.labelled).nonzero(as_tuple=True)
            own = inputs.labelled.index_select(0, own)
            left = inputs.atoms.index_select(0, own) - self.doubles.losses.index_select(0, loss)
            atoms, molecule = torch.cat([atoms, left]), torch.cat([molecule, own])
            share = torch.cat([share, doubles[own, loss]])
            charge = torch.cat([charge, torch.full_like(own, 2)])
        pattern = head.isotopes(atoms * inputs.unlabelled.index_select(0, molecule))
        return LabelledIons(
            molecule,
            charge,
            atoms,
            atoms @ head.pattern_masses + IsotopeEnvelope.LOWEST,
            pattern * share[:, None],
            inputs.molecule.index_select(0, inputs.labelled_pieces),
            pieces.index_select(0, inputs.labelled_pieces),
            head.isotopes(inputs.natural),
        )

    def _known(self, first: int, last: int, lightest: int, width: int) -> Tensor:
        """Return the isotopes of some ions of the vocabulary from the lightest's on."""
        ions = self.ions[first:last].long()
        mz = ions @ self.head.pattern_masses - lightest
        shifts = torch.arange(IsotopeEnvelope.WIDTH, device=mz.device)
        each = torch.arange(len(ions), device=mz.device)
        return _laid_out(self.head.isotopes(ions), each, mz, shifts, len(ions), width)


class _OnnxDoubles(nn.Module):
    """Scores of ions of two charges, as in ``FormulaHead``."""

    def __init__(self, head: FormulaHead):
        super().__init__()
        self.score = head.double_score
        self.register_buffer("losses", head.double_losses)
        self.register_buffer("masses", head.masses)

    def forward(self, x: Tensor, atoms: Tensor) -> Tensor:
        """Return the scores, ``(b, losses)``."""
        possible = doubly_charged(atoms, self.losses, self.masses)
        return self.score(x) + (~possible).float() * _RULED_OUT


def _small(formulas: Tensor) -> Tensor:
    """Return formulas in a byte an element: no ion of up to 1000 Da has more than 144 hydrogens."""
    return formulas.clamp(max=255).to(torch.uint8)


def _rows(layer: nn.Linear, rows: Tensor | slice) -> nn.Linear:
    """Return a linear layer of some of the outputs of another."""
    weight = layer.weight[rows]
    part = nn.Linear(weight.shape[1], len(weight))
    part.weight, part.bias = nn.Parameter(weight), nn.Parameter(layer.bias[rows])
    return part


def _laid_out(
    spread: Tensor, row: Tensor, mz: Tensor, shifts: Tensor, rows: int, width: int
) -> Tensor:
    """Return ions with their isotopes in bins, ``(rows, width)``, each at ``mz`` and a shift."""
    place = (row * width + mz)[:, None] + shifts
    bins = spread.new_zeros(rows * width).index_add(0, place.flatten(), spread.flatten())
    return bins.view(rows, width)


class _OnnxPieces(nn.Module):
    """As ``PieceHead``."""

    def __init__(self, head: PieceHead):
        super().__init__()
        self.head = head

    def forward(self, x: Tensor, inputs: OnnxInputs) -> Tensor:
        """Return the scores, ``(n, S)``."""
        head, formulas, molecule = self.head, inputs.formulas, inputs.molecule
        piece = head.ion(formulas).index_select(0, inputs.kept)
        piece = piece + head.loss(formulas).index_select(0, inputs.lost)
        piece = piece + head.molecule(x).index_select(0, molecule)
        bonds = F.embedding(inputs.bonds, head.cuts.weight).sum(1)
        for broken in inputs.broken.unbind(1):
            piece = piece + bonds.index_select(0, broken)
        piece = piece.relu()
        piece = piece + head.narrower(head.wider(head.norm(piece)).relu())
        piece = piece * (1 + head.gate(x)).index_select(0, molecule)
        hydrogens = formulas[:, _HYDROGEN]
        own = hydrogens.index_select(0, inputs.kept)[:, None]
        others = hydrogens.index_select(0, inputs.lost)[:, None]
        possible = (own + head.shifts >= 0) & (head.shifts <= others)
        return head.score(piece).masked_fill(~possible, -torch.inf)


def _heavy(atoms: Tensor) -> Tensor:
    """Return the number of atoms other than hydrogen, ``(n, 1)``."""
    return atoms.sum(1, keepdim=True) - atoms[:, _HYDROGEN, None]


def _exp(x: Tensor) -> Tensor:
    # What is nothing beside 1 anyway must not come out denormal, which takes long.
    return x.clamp(min=_NOTHING).exp()


def _seen(share: Tensor) -> Tensor:
    return share * (share > SMALLEST_SHARE).float()
