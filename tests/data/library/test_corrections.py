"""The table of records that stand under another structure than the one measured."""

from nextims.chemistry.molecule import read_molecule
from nextims.data.library.corrections import known_corrections


def test_every_structure_can_be_read_and_says_what_it_is():
    for accession, (structure, reason) in known_corrections().items():
        molecule = read_molecule(structure)
        silyls = sum(atom.GetSymbol() == "Si" for atom in molecule.mol.GetAtoms())
        assert accession.startswith("MSBNK-")
        assert silyls == int(reason.partition("T")[0] or 0) if "TMS" in reason else not silyls
