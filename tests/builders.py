"""Builders of small libraries and stores: a test names only what it cares about."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from rdkit import Chem

from nextims.chemistry.isotopes import isotope_pattern
from nextims.chemistry.molecule import read_molecule
from nextims.chemistry.possible_masses import possible_masses
from nextims.config import PROJECT_ROOT, DataConfig
from nextims.data.library.splits import SPLITS
from nextims.spectra.record import Record
from nextims.spectra.spectrum import Spectrum

Peaks = Mapping[float, float] | Iterable[tuple[float, float]]

# Arguments of small models.
STUDENT_SIZES = {
    "max_mz": 300,
    "ions": 150,
    "losses": 50,
    "pieces": 20,
    "piece_width": 8,
    "width": 16,
    "experts": 3,
    "active_experts": 2,
    "expert_blocks": 1,
    "expert_bottleneck": 8,
    "dropout": 0.1,
}
BDE_SIZES = {"encoder_width": 16, "encoder_layers": 2}
TEACHER_SIZES = {
    "max_mz": 200,
    **BDE_SIZES,
    "fingerprint_width": 32,
    "head_blocks": 1,
    "head_bottleneck": 16,
    "fragments": 60,
    "fragment_width": 16,
    "fragment_blocks": 1,
    "fragment_dropout": 0.2,
    "dropout": 0.3,
    "drop_edge": 0.2,
}

# About what ethanol gives: m/z 31 from the loss of methyl, 45 from the loss of hydrogen, M 46.
ETHANOL_PEAKS = {15: 60, 26: 90, 27: 220, 29: 300, 30: 60, 31: 999, 43: 80, 45: 510, 46: 220}


def save_student(path, seed=1):
    """Save a small student of random weights, and return where it is."""
    import torch

    from nextims.models.checkpoint import save_checkpoint

    torch.manual_seed(seed)
    save_checkpoint(path, build_student(), STUDENT_SIZES, {})
    return path


def save_teacher(path, **metadata):
    """Save a small teacher of random weights, and return where it is."""
    import torch

    from nextims.models.checkpoint import save_checkpoint
    from nextims.models.teacher import Teacher

    torch.manual_seed(1)
    save_checkpoint(path, Teacher(**TEACHER_SIZES), TEACHER_SIZES, metadata)
    return path


def build_student(**sizes):
    """Return a student of random weights that knows some ions and losses of C, H, O and Cl."""
    import itertools

    import torch

    from nextims.chemistry.molecule import ELEMENTS
    from nextims.models.formula_head import Vocabulary
    from nextims.models.student import Student

    sizes = {**STUDENT_SIZES, **sizes}
    ranges = {"C": range(7), "O": range(2), "Cl": range(2), "H": range(14)}
    formulas = torch.zeros(7 * 2 * 2 * 14, len(ELEMENTS), dtype=torch.int16)
    for formula, numbers in zip(formulas, itertools.product(*ranges.values()), strict=True):
        for element, number in zip(ranges, numbers, strict=True):
            formula[ELEMENTS.index(element)] = number
    model = Student(**sizes)
    ions = formulas[formulas[:, ELEMENTS.index("C")] > 0][: sizes["ions"]]
    losses = formulas[: sizes["losses"]]  # the first is nothing
    usual = torch.full((len(ions) + len(losses),), 0.01)
    model.head.start_from(Vocabulary(ions, losses, usual))
    return model.eval()


def load_script(name: str) -> ModuleType:
    """Return ``scripts/NAME.py`` as a module, to call its ``main`` in this process."""
    path = PROJECT_ROOT / "scripts" / f"{name}.py"
    specification = importlib.util.spec_from_file_location(f"script_{name}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def peak_list(peaks: Peaks) -> list[tuple[float, float]]:
    """Return peaks given as a mapping or as pairs as a list of pairs."""
    return list(peaks.items()) if isinstance(peaks, Mapping) else list(peaks)


def build_spectrum(peaks: Peaks = ETHANOL_PEAKS) -> Spectrum:
    pairs = peak_list(peaks)
    return Spectrum([mz for mz, _ in pairs], [intensity for _, intensity in pairs])


def binned_rows(*spectra: Mapping[int, float], max_mz: int = 200) -> np.ndarray:
    """Return spectra given as ``{nominal m/z: intensity}`` as rows, on the scale given."""
    rows = np.zeros((len(spectra), max_mz))
    for row, peaks in zip(rows, spectra, strict=True):
        for mz, intensity in peaks.items():
            row[mz - 1] = intensity
    return rows


def plausible_peaks(smiles: str) -> dict[int, int]:
    """Return a made-up spectrum with the molecular ion and common losses of one molecule.

    What has lost less than two carbon atoms has the molecule's isotopes. A mass that no ion of the
    molecule can have is left out.
    """
    molecule = read_molecule(smiles)
    mass = molecule.nominal_mass
    pattern = isotope_pattern(molecule.element_counts)
    losses = {0: 400, 1: 150, 15: 999, 18: 120, 28: 250, 29: 300, 43: 500}
    fragments = {15: 80, 27: 300, 39: 200}
    peaks = Counter({mz: height for mz, height in fragments.items() if mz <= mass})
    for loss, height in losses.items():
        for shift, abundance in pattern.items() if loss < 28 else [(0, pattern[0])]:
            if mass - loss > 0 and abundance > 0.005:
                peaks[mass - loss + shift] += round(height * abundance / pattern[0])
    possible = possible_masses(*molecule.atoms(), max(peaks))
    return {mz: height for mz, height in peaks.items() if possible[mz - 1]}


def build_record(smiles: str = "CCO", peaks: Peaks = ETHANOL_PEAKS, **fields) -> Record:
    defaults = {
        "file": "library.txt",
        "line": 1,
        "id": "1",
        "name": smiles,
        "structures": (smiles,),
        "energy": 70.0,
    }
    return Record(spectrum=build_spectrum(peaks), **{**defaults, **fields})


def build_store(
    path: Path,
    molecules: Iterable[str | tuple[str, Peaks | None]],
    *,
    energies: Iterable[float | None] | None = None,
    splits: Iterable[str] | None = None,
    config: DataConfig | None = None,
) -> Path:
    """Write a store of the given molecules, without any filter.

    Args:
        path: the store.
        molecules: SMILES, each with its peaks as ``{m/z: intensity}`` or pairs; ``plausible_peaks``
            where there are none.
        energies: ionization energies in eV, ``None`` for one not given; all 70 by default.
        splits: names of the splits, instead of those that follow from the InChIKeys.
        config: settings of the split.

    Returns:
        ``path``.
    """
    import h5py

    from nextims.data.library.store_writer import StoreWriter
    from nextims.files.digest import digest_path, write_digest

    pairs = [(m, None) if isinstance(m, str) else m for m in molecules]
    energies = [70.0] * len(pairs) if energies is None else list(energies)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with StoreWriter(path, config=config or DataConfig(), source="test") as writer:
        for i, ((smiles, peaks), energy) in enumerate(zip(pairs, energies, strict=True)):
            peaks = plausible_peaks(smiles) if peaks is None else peaks
            writer.add(build_record(smiles, peaks, id=str(i + 1), energy=energy))
        writer.finish("{}")
    if splits is not None:
        with h5py.File(path, "r+") as file:
            file["metadata/split"][:] = [SPLITS.index(split) for split in splits]
        write_digest(path, path).replace(digest_path(path))
    return path


def build_massbank_record(
    accession: str = "MSBNK-Test-TS000001",
    name: str = "Ethanol",
    smiles: str = "CCO",
    peaks: Peaks = ETHANOL_PEAKS,
    *,
    inchi: str = "N/A",
    formula: str = "C2H6O",
    title: str | None = None,
    comment: str | None = None,
    instrument_type: str = "EI-B",
    ms_type: str = "MS",
    ion_mode: str = "POSITIVE",
    energy: str | None = "70 eV",
    num_peaks: int | str | None = None,
    inchikey: str | None = None,
    extra: Iterable[str] = (),
) -> str:
    """Return a MassBank record as text; ``None`` leaves a line out, ``extra`` adds lines."""
    pairs = peak_list(peaks)
    base = max((intensity for _, intensity in pairs), default=1)
    lines = [
        f"ACCESSION: {accession}",
        f"RECORD_TITLE: {title or f'{name}; {instrument_type}; {ms_type}'}",
        "DATE: 2016.01.19",
        "AUTHORS: Nobody",
        "LICENSE: CC BY",
        f"COMMENT: {comment}" if comment else None,
        f"CH$NAME: {name}",
        f"CH$FORMULA: {formula}",
        f"CH$SMILES: {smiles}",
        f"CH$IUPAC: {inchi}",
        f"CH$LINK: INCHIKEY {inchikey}" if inchikey else None,
        "AC$INSTRUMENT: HITACHI M-80",
        f"AC$INSTRUMENT_TYPE: {instrument_type}",
        f"AC$MASS_SPECTROMETRY: MS_TYPE {ms_type}",
        f"AC$MASS_SPECTROMETRY: ION_MODE {ion_mode}",
        f"AC$MASS_SPECTROMETRY: IONIZATION_ENERGY {energy}" if energy else None,
        *extra,
        f"PK$NUM_PEAK: {len(pairs) if num_peaks is None else num_peaks}",
        "PK$PEAK: m/z int. rel.int.",
        *(f"  {mz} {height} {round(999 * height / base)}" for mz, height in pairs),
        "//",
    ]
    return "\n".join(line for line in lines if line is not None) + "\n"


def build_msp(
    name: str | None = "Ethanol",
    peaks: Peaks = ETHANOL_PEAKS,
    *,
    num_peaks: int | str | None = -1,
    fields: Mapping[str, str] | None = None,
    separator: str = "\n",
) -> str:
    """Return one MSP record as text.

    Args:
        name: ``None`` leaves the Name line out.
        peaks: m/z and intensity.
        num_peaks: -1 for the true number, ``None`` to leave the line out.
        fields: header fields; SMILES of ethanol where there are none.
        separator: what stands between the peaks.
    """
    pairs = peak_list(peaks)
    lines = [] if name is None else [f"Name: {name}"]
    lines += [f"{key}: {value}" for key, value in (fields or {"SMILES": "CCO"}).items()]
    if num_peaks is not None:
        lines.append(f"Num Peaks: {len(pairs) if num_peaks == -1 else num_peaks}")
    lines.append(separator.join(f"{mz} {height}" for mz, height in pairs))
    return "\n".join(lines) + "\n\n"


SMALL_MOLECULES = (
    "CO", "CCO", "CCCO", "CC(C)O", "CC(C)=O", "CCC(C)=O", "c1ccccc1", "Cc1ccccc1", "Oc1ccccc1",
    "CCN", "CCOCC", "CC(=O)O", "CCBr", "ClCCCl", "C[Si](C)(C)O", "CCCCCC", "C1CCCCC1", "CC#N",
    "CSC", "CC(=O)OC", "CCCC=O", "Nc1ccccc1", "CCCl", "FC(F)F",
)  # fmt: skip


def build_library(path: Path, *, replicates: int = 3) -> Path:
    """Write an MSP library of ``SMALL_MOLECULES``, as libraries are.

    It has replicates, accurate masses, records without a structure, others that name the same
    molecule, a labelled one, a wrong formula, peaks beyond any mass, and two unusable records.
    """
    rng = np.random.default_rng(5)
    records = []
    for smiles in SMALL_MOLECULES:
        for replicate in range(replicates):
            peaks = {
                mz + 0.03 * replicate: max(1, round(height * rng.lognormal(0, 0.3)))
                for mz, height in plausible_peaks(smiles).items()
            }
            fields = {"Formula": read_molecule(smiles).formula, "SMILES": smiles}
            records.append(build_msp(f"{smiles} {replicate}", peaks, fields=fields))
    records += [
        build_msp("blank", {}),
        build_msp("broken", num_peaks=3),
        build_msp("ethyl alcohol", fields={"Formula": "C2H6O"}),
        build_msp("Ethyl  Alcohol", fields={"Formula": "OH6C2", "MW": "46"}),
        build_msp("by its key", fields={"InChIKey": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N"}),
        build_msp("labelled", {32: 999, 46: 510, 47: 220}, fields={"SMILES": "[2H]CCO"}),
        build_msp("contradiction", fields={"SMILES": "CCO", "Formula": "C9H20", "MW": "46"}),
        build_msp("absurd", {31: 999, 45: 510, 1e8: 3}),
        build_msp("élan", {45: 7}, fields={"Comments": "no structure"}),
    ]
    path.write_text("".join(records), encoding="utf-8")
    return path


SMALL_SPLITS = ("train",) * (len(SMALL_MOLECULES) - 8) + ("validation",) * 4 + ("test",) * 4


def build_config(folder: Path, *, epochs: int = 2):
    """Return a configuration of tiny models, its store of ``SMALL_MOLECULES`` written.

    Four molecules are of the validation split, four of the test split. All paths lead into the
    folder, also those of weights that come with the code.
    """
    import yaml

    from nextims.config import load_config

    settings = {
        "data": {"max_mz": 200, "num_workers": 0},
        "encoder": {"width": 16, "layers": 2},
        "fragments": {"max_per_molecule": 60},
        "teacher": {
            "fingerprint_width": 32,
            "head_blocks": 1,
            "head_bottleneck": 16,
            "fragment_width": 16,
            "fragment_blocks": 1,
            "bond_energies": False,
            "members": 1,
            "mc_samples": 2,
        },
        "student": {
            "ions": 60,
            "losses": 30,
            "pieces": 20,
            "piece_width": 8,
            "width": 32,
            "expert_blocks": 1,
            "expert_bottleneck": 16,
            "dropout": 0.1,
        },
        "distillation": {"variants": 0, "mc_samples": 2},
        "training": {
            "device": "cpu",
            "gradnorm": {"warmup_steps": 2},
            **{
                phase: {"epochs": epochs, "batch_size": 4, "patience": epochs}
                for phase in ("pretrain", "student")
            },
            "finetune": {
                "epochs": epochs,
                "batch_size": 4,
                "patience": epochs,
                "precision": "32-true",
                "weight_average": 0.5,
            },
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    config = load_config(folder / "config.yaml")
    build_store(config.data.store, SMALL_MOLECULES, splits=SMALL_SPLITS, config=config.data)
    return config


def changed(config, section: str, **settings):
    """Return the configuration with some settings of one section changed.

    Args:
        config: the configuration.
        section: a section, or one within another: "training.pretrain".
        settings: the new values.
    """
    name, _, rest = section.partition(".")
    part = getattr(config, name)
    new = changed(part, rest, **settings) if rest else part.model_copy(update=settings)
    return config.model_copy(update={name: new})


def build_bde_cache(path: Path, smiles: Iterable[str] = SMALL_MOLECULES) -> Path:
    """Write a cache of bond energies, the BDE of each bond 80 kcal/mol, 90 where a ring bears it.

    Free energies are 9 kcal/mol lower; ring bonds are listed and have none.
    """
    import numpy as np

    from nextims.chemistry.homolysis import breakable
    from nextims.data.bde.bond_energies import BondEnergies
    from nextims.data.bde.cache import CacheContent

    content = CacheContent("test", "1")
    for text in smiles:
        molecule = read_molecule(text)
        mol = Chem.AddHs(molecule.mol)
        bonds = [bond for bond in mol.GetBonds() if breakable(bond) or bond.IsInRing()]
        atoms = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in bonds]
        ring = np.array([bond.IsInRing() for bond in bonds], bool)
        energies = [80.0 + 10 * bond.GetBeginAtom().IsInRing() for bond in bonds]
        bde = np.where(ring, np.nan, energies).astype(np.float32)
        content.entries[molecule.inchikey] = (
            molecule.smiles,
            BondEnergies(np.array(atoms, np.int32).reshape(-1, 2), bde, bde - 9, ~ring, ring),
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    content.write(path)
    return path


def build_calibration():
    """Return a made-up calibration of four passes: the more peaks, the less is expected."""
    from nextims.evaluation.calibration import Calibration, SimilarityCalibration

    part = SimilarityCalibration(0.95, {"log_peaks": -0.1}, [0.4, 0.9], [-0.1, -0.05], [0.1, 0.02])
    return Calibration(4, 100, {"cosine": part, "entropy_similarity": part}, (0.01, 0.5))


BDE_TABLE_COLUMNS = (
    "rid", "molecule", "bond_index", "bond_type", "fragment1", "fragment2", "bde", "bdfe", "set",
)  # fmt: skip


def bde_rows(smiles: str, split: str = "train") -> list[dict[str, str]]:
    """Return the rows of one molecule as ALFABET's table has them.

    The energies are made up: 110 kcal/mol, 6 less for each neighbour of the bond's ends (hydrogens
    left out) and 10 more for each aromatic end; the free energies are 9 kcal/mol lower.

    Args:
        smiles: the molecule.
        split: "train", "valid" or "test".
    """

    from nextims.chemistry.homolysis import breakable

    heavy = Chem.MolFromSmiles(smiles)
    mol = Chem.AddHs(heavy)
    rows = []
    for bond in filter(breakable, mol.GetBonds()):
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        radicals = Chem.RWMol(mol)
        radicals.RemoveBond(*(end.GetIdx() for end in ends))
        for end in ends:
            radicals.GetAtomWithIdx(end.GetIdx()).SetNumRadicalElectrons(1)
            radicals.GetAtomWithIdx(end.GetIdx()).SetNoImplicit(True)
        pieces = Chem.GetMolFrags(radicals, asMols=True)
        neighbours = sum(n.GetAtomicNum() > 1 for end in ends for n in end.GetNeighbors())
        bde = 110.0 - 6 * neighbours + 10 * sum(end.GetIsAromatic() for end in ends)
        first, second = sorted(Chem.MolToSmiles(Chem.RemoveHs(piece)) for piece in pieces)
        values = {
            "molecule": smiles,
            "bond_index": bond.GetIdx(),
            "bond_type": "-".join(sorted(end.GetSymbol() for end in ends)),
            "fragment1": first,
            "fragment2": second,
            "bde": bde,
            "bdfe": bde - 9,
            "set": split,
        }
        rows.append({name: str(value) for name, value in values.items()})
    return rows


def build_bde_table(
    rows: Iterable[Mapping[str, str]], columns: Iterable[str] = BDE_TABLE_COLUMNS
) -> bytes:
    """Return rows as a gzipped CSV table, numbered as ALFABET's are."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore")
    writer.writeheader()
    writer.writerows({"rid": number, **row} for number, row in enumerate(rows, 1))
    return gzip.compress(text.getvalue().encode(), mtime=0)


def small_bde_table() -> bytes:
    """Return a table of ``SMALL_MOLECULES``, in the splits of ``build_config``."""
    names = {"validation": "valid"}
    pairs = zip(SMALL_MOLECULES, SMALL_SPLITS, strict=True)
    return build_bde_table(
        row for smiles, split in pairs for row in bde_rows(smiles, names.get(split, split))
    )


def build_bde_data(path: Path) -> Path:
    """Write DFT energies of ``SMALL_MOLECULES``, made up as in ``bde_rows``, to train on."""
    from nextims.data.bde.dft_table import prepare_bde_data

    prepare_bde_data(path, small_bde_table(), source="test", progress=False)
    return path


def save_bde_model(path: Path, seed: int = 0, **sizes: int) -> Path:
    """Write a small untrained BDE model that knows the atoms of ``SMALL_MOLECULES`` without Si."""
    import torch

    from nextims.chemistry.surroundings import atom_kinds
    from nextims.models.bde import BDEModel
    from nextims.models.checkpoint import save_checkpoint

    torch.manual_seed(seed)
    arguments = BDE_SIZES | sizes
    known = [Chem.MolFromSmiles(smiles) for smiles in SMALL_MOLECULES if "Si" not in smiles]
    kinds = {kind for mol in known for kind in atom_kinds(mol)}
    metadata = {"atom_kinds": sorted(list(kind) for kind in kinds), "finished": "2026-11-23"}
    save_checkpoint(path, BDEModel(**arguments), arguments, metadata, half=False)
    return path


def bit_flips(content, number=50, seed=20):
    """Yield the content of a file again and again, each time with another bit turned over."""
    places = np.random.default_rng(seed).integers(0, 8 * len(content), number)
    for place in places.tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        yield bytes(damaged)
