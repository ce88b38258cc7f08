"""What predicts bond dissociation energies (BDEs), whichever model does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ...chemistry.molecule import Molecule
from ...errors import UserError
from .bond_energies import BondEnergies


class BackendMissingError(UserError):
    """A backend's packages are not installed; the message says how to install them."""


class BDEBackend(Protocol):
    """Predicts the bond dissociation energies of molecules, in two steps.

    Attributes:
        name: the name that the cache and ``bde.backend`` in config.yaml know it by.
        version: version of the backend's model.
        parallel: whether ``prepare`` may run in worker processes.
    """

    name: str
    version: str
    parallel: bool

    def prepare(self, molecules: Sequence[Molecule]) -> Any:
        """Compute what ``predict`` reads of some molecules; picklable where ``parallel``."""

    def predict(self, prepared: Any) -> list[BondEnergies | str]:
        """Return for each molecule its bond energies, or the reason why there are none."""
