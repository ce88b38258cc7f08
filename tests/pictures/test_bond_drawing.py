"""Pictures of molecules with their bond energies."""

import itertools
import struct
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.surroundings import atom_kinds
from nextims.files.writing import OutputError
from nextims.models.bde_backends import NativeBackend
from nextims.pictures import bond_drawing
from nextims.pictures.bond_drawing import check_drawing, colour_of, draw_bond_energies

MOLECULES = {
    "ethanol": "CCO",
    "toluene": "Cc1ccccc1",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "di-tert-butyl peroxide": "CC(C)(C)OOC(C)(C)C",
    "cholesterol": "CC(C)CCC[C@@H](C)[C@H]1CC[C@H]2[C@@H]3CC=C4C[C@@H](O)CC[C@]4(C)[C@H]3CC[C@]12C",
    "penicillin G": "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O",
    "squalane": "CC(C)CCCC(C)CCCC(C)CCCCC(C)CCCC(C)CCCC(C)C",
}


def energies_of(smiles, known=None):
    """Return a molecule and its energies: those of ``known`` by heavy atoms, or else 100."""
    import torch

    from nextims.models.bde import BDEModel

    torch.manual_seed(0)
    molecule = read_molecule(smiles)
    model = BDEModel(encoder_width=16, encoder_layers=1)
    backend = NativeBackend(model, atom_kinds(molecule.mol), "untrained")
    [energies] = backend.predict(backend.prepare([molecule]))
    heavy = [
        tuple(sorted(i for i in pair if i < molecule.mol.GetNumAtoms()))
        for pair in energies.atoms.tolist()
    ]
    bde = np.array([(known or {}).get(pair, 100.0) for pair in heavy], np.float32)
    bde = np.where(energies.valid, bde, np.float32(np.nan))
    return molecule, replace(energies, bde=bde)


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draw, and return what was asked of RDKit: labels, and colours of bonds."""

    def draw(molecule, energies):
        key, labels, colours = [], [], {}

        class Recorder:
            def __init__(self, *size):
                self._drawing = bond_drawing.rdMolDraw2D.MolDraw2DSVG(*size)

            def __getattr__(self, name):
                return getattr(self._drawing, name)

            def DrawString(self, text, place, *rest, **options):  # noqa: N802
                key.append(text)
                self._drawing.DrawString(text, place, *rest, **options)

            def DrawMolecule(self, mol, **options):  # noqa: N802
                colours.update(options["highlightBondColors"])
                noted = [(bond, "bondNote") for bond in mol.GetBonds()]
                noted += [(atom, "atomNote") for atom in mol.GetAtoms()]
                labels.extend(part.GetProp(name) for part, name in noted if part.HasProp(name))
                self._drawing.DrawMolecule(mol, **options)

        monkeypatch.setitem(bond_drawing.FORMATS, ".svg", Recorder)
        draw_bond_energies(molecule, energies, tmp_path / "molecule.svg")
        assert key[:3] == ["60", "90", "120"]
        drawn = (tmp_path / "molecule.svg").read_text().count("class='note'")
        assert drawn >= len(labels)  # each letter is a shape
        return sorted(labels), colours

    return draw


# --- what is written and coloured ---------------------------------------------------------------


def test_labels_of_ethanol(drawn):
    known = {(0, 1): 87.6, (1, 2): 95.4, (0,): 101.4, (1,): 93.2, (2,): 104.5001}
    labels, colours = drawn(*energies_of("CCO", known))
    assert labels == ["88", "95", "H 101", "H 105", "H 93"]
    assert colours == {0: colour_of(np.float32(87.6)), 1: colour_of(np.float32(95.4))}


def test_an_atom_shows_its_weakest_hydrogen(drawn):
    molecule, energies = energies_of("CC")
    energies.bde[:] = [89.0, 101.0, 99.0, 100.0, 101.0, 102.0, 103.0]
    labels, _ = drawn(molecule, energies)
    assert labels == ["89", "H 101", "H 99"]


def test_ring_bonds_are_grey_and_have_no_label(drawn):
    molecule, energies = energies_of("Cc1ccccc1", {(0, 1): 103.0})
    labels, colours = drawn(molecule, energies)
    assert labels == ["103", *["H 100"] * 6]
    ring = [bond.GetIdx() for bond in molecule.mol.GetBonds() if bond.IsInRing()]
    assert len(set(colours[bond] for bond in ring)) == 1
    red, green, blue = colours[ring[0]]
    assert red == green == blue
    assert len(colours) == len(ring) + 1


def test_other_bonds_without_an_energy_have_a_question_mark(drawn):
    molecule, energies = energies_of("C[N+](=O)[O-]", {(0, 1): 63.0})
    labels, colours = drawn(molecule, energies)
    assert labels == ["63", "?", "H 100"]
    # The double bond is left as it is.
    assert len(colours) == 2


def test_labelled_hydrogens_are_drawn_as_bonds(drawn):
    molecule, energies = energies_of("[2H]C([2H])([2H])O")
    labels, _ = drawn(molecule, energies)
    assert labels == ["100", "100", "100", "100", "H 100"]


# --- legibility ---------------------------------------------------------------------------------


def test_the_scale_runs_from_red_to_blue_and_no_further():
    assert colour_of(45.0) == colour_of(60.0)
    assert colour_of(140.0) == colour_of(120.0)
    warmth = [red - blue for red, _, blue in map(colour_of, np.linspace(75, 120, 46))]
    assert warmth == sorted(warmth, reverse=True)
    assert warmth[0] > 0.5 and warmth[-1] < -0.4


def test_the_scale_is_told_apart_without_green_cones():
    # Machado, Oliveira and Fernandes (2009), deuteranopia; on linear RGB.
    matrix = np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    )
    colours = np.array([colour_of(bde) for bde in (60, 75, 90, 105, 120)])
    seen = np.clip(colours**2.2 @ matrix.T, 0, 1) ** (1 / 2.2)
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) > 0.15


# --- files --------------------------------------------------------------------------------------


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")
    return struct.unpack(">II", content[16:24])


def test_a_png_grows_with_the_molecule(tmp_path):
    sizes = []
    for name in ("ethanol", "cholesterol", "squalane"):
        draw_bond_energies(*energies_of(MOLECULES[name]), tmp_path / "molecule.png")
        sizes.append(png_size(tmp_path / "molecule.png"))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3
    assert list(tmp_path.iterdir()) == [tmp_path / "molecule.png"]


def test_an_svg_is_xml_of_the_size_of_the_png(tmp_path):
    molecule, energies = energies_of(MOLECULES["aspirin"])
    draw_bond_energies(molecule, energies, tmp_path / "a.svg")
    draw_bond_energies(molecule, energies, tmp_path / "a.PNG")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    assert root.tag.endswith("svg")
    assert (int(root.get("width")[:-2]), int(root.get("height")[:-2])) == png_size(
        tmp_path / "a.PNG"
    )


def test_the_same_picture_each_time_and_the_molecule_untouched(tmp_path):
    molecule, energies = energies_of(MOLECULES["aspirin"])
    for name in ("first.svg", "second.svg"):
        draw_bond_energies(molecule, energies, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    assert molecule.mol.GetNumConformers() == 0


@pytest.mark.parametrize("smiles", ["O", "Cl", "[H][H]", "N#N", "[2H][2H]", "[Cl-]", "[NH4+]"])
@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_smallest_molecules(smiles, suffix, tmp_path):
    draw_bond_energies(*energies_of(smiles), tmp_path / f"small{suffix}")
    assert (tmp_path / f"small{suffix}").stat().st_size > 500


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("picture.pdf", r"picture\.pdf: unknown ending '\.pdf'; .*\.png, \.svg"),
        ("picture", "unknown ending ''"),
        ("none/picture.png", "none does not exist"),
        ("folder.svg", "is a folder"),
    ],
)
def test_where_no_picture_can_be_written(name, message, tmp_path):
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OutputError, match=message):
        draw_bond_energies(*energies_of("CCO"), tmp_path / name)
    with pytest.raises(OutputError, match=message):
        check_drawing(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_a_failure_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_text("old")

    def full(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match=r"picture\.png: .*No space"):
        draw_bond_energies(*energies_of("CCO"), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
