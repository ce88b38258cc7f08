"""The teacher: the mean of networks that were trained from different seeds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..data.examples.features import Batch
from .heads import Prediction
from .teacher_network import Ions, TeacherNetwork, TeacherParts


class Teacher(nn.Module):
    """Networks of one architecture, whose mean is the prediction.

    Networks that start from different seeds err differently, and their mean errs less than any of
    them (Lakshminarayanan et al., NeurIPS 2017, arXiv:1612.01474). All see the same fragments, so
    that the mean has ions to explain it as each of them has.

    Args:
        members: number of networks.
        **network: arguments of each ``TeacherNetwork``.

    Shape:
        a batch of ``b`` molecules with graphs and fragments -> ``Prediction`` of ``(b, max_mz)``,
        its ``extra`` the ``TeacherParts``, all of them means; the features of the members stand
        side by side
    """

    kind = "teacher"

    def __init__(self, *, members: int = 1, **network):
        super().__init__()
        self.members = nn.ModuleList(TeacherNetwork(**network) for _ in range(members))
        self.max_mz = self.members[0].max_mz
        self.inputs = self.members[0].inputs
        self.feature_width = members * self.members[0].feature_width

    def forward(self, batch: Batch) -> Prediction:
        """Return the predicted spectra."""
        return _mean_prediction([member(batch) for member in self.members])

    @torch.no_grad()
    def predict_with_uncertainty(self, batch: Batch, n: int) -> tuple[Tensor, Tensor, Tensor]:
        """Predict with dropout left on (MC Dropout; Gal and Ghahramani, ICML 2016).

        Args:
            batch: ``b`` molecules.
            n: number of passes, 2 or more; each is of one member, all of them alike often. 0: one
                of each member, without dropout.

        Returns:
            Mean and standard deviation of the intensities, ``(b, max_mz)`` each, and the mean of
            the features, ``(b, feature_width)``. The mean sums to 1.

        Raises:
            ValueError: fewer than two passes.
        """
        passes = -(-n // len(self.members)) if n else 1
        if passes * len(self.members) < 2 or n == 1:
            raise ValueError(
                f"a standard deviation needs 2 passes or more, found {n or len(self.members)}"
            )
        was_training = self.training
        self.eval()
        for module in self.modules():
            if n and isinstance(module, nn.Dropout):
                module.train()
        intensities, features = [], []
        try:
            for member in self.members:
                predictions = [member(batch) for _ in range(passes)]
                intensities += [p.intensity for p in predictions]
                features.append(torch.stack([p.features for p in predictions]).mean(0))
        finally:
            self.train(was_training)
        deviation, mean = torch.std_mean(torch.stack(intensities), dim=0)
        return mean, deviation, torch.cat(features, dim=1)


def _mean_prediction(predictions: list[Prediction]) -> Prediction:
    parts = [prediction.extra for prediction in predictions]
    ions = [part.ions for part in parts]
    named = parts[0].bond_energies is not None
    return Prediction(
        _mean([prediction.intensity for prediction in predictions]),
        torch.cat([prediction.features for prediction in predictions], dim=1),
        TeacherParts(
            None if ions[0] is None else _mean_ions(ions),
            _mean([part.from_ions for part in parts]),
            _mean([part.bin_share for part in parts]),
            None if parts[0].alone is None else _mean([part.alone for part in parts]),
            _mean([part.bond_energies for part in parts]) if named else None,
        ),
    )


def _mean_ions(ions: Sequence[Ions]) -> Ions:
    twice = [each.doubly_charged for each in ions]
    share = _mean([each.share for each in ions])
    return Ions(share, None if twice[0] is None else _mean(twice))


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack(tuple(tensors)).mean(0)
