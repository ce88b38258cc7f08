"""Which bonds break evenly into two radicals."""

from __future__ import annotations

from rdkit import Chem


def breakable(bond: Chem.Bond) -> bool:
    """Return whether a bond's homolysis gives two radicals: a single bond outside rings.

    Example:
        >>> from rdkit import Chem
        >>> from nextims.chemistry.homolysis import breakable
        >>> [breakable(bond) for bond in Chem.MolFromSmiles("C1CC1C=C").GetBonds()]
        [False, False, True, False, False]
    """
    return bond.GetBondType() == Chem.BondType.SINGLE and not bond.IsInRing()


def gives_ions(bond: Chem.Bond) -> bool:
    """Return whether a bond joins opposite charges, as N–O of a nitro group.

    Breaking it evenly gives no radicals that such a structure stands for, and no DFT energy of such
    a bond is known.
    """
    return bond.GetBeginAtom().GetFormalCharge() * bond.GetEndAtom().GetFormalCharge() < 0
