"""Builders of small libraries and stores: a test names only what it cares about."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

from nextims.config import PROJECT_ROOT, DataConfig
from nextims.data.molecule import read_molecule
from nextims.data.record import Record
from nextims.data.spectrum import Spectrum
from nextims.data.splits import SPLITS

Peaks = Mapping[float, float] | Iterable[tuple[float, float]]

# About what ethanol gives: m/z 31 from the loss of methyl, 45 from the loss of hydrogen, M 46.
ETHANOL_PEAKS = {15: 60, 26: 90, 27: 220, 29: 300, 30: 60, 31: 999, 43: 80, 45: 510, 46: 220}


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


def plausible_peaks(smiles: str) -> dict[int, int]:
    """Return a made-up spectrum with the molecular ion and common losses of one molecule."""
    mass = read_molecule(smiles).nominal_mass
    losses = {0: 400, 1: 150, 15: 999, 18: 120, 28: 250, 29: 300, 43: 500}
    peaks = {mass - loss: height for loss, height in losses.items() if mass - loss > 0}
    fragments = {15: 80, 27: 300, 39: 200}
    return {**{mz: height for mz, height in fragments.items() if mz <= mass}, **peaks}


def build_record(smiles: str | Path = "CCO", peaks: Peaks = ETHANOL_PEAKS, **fields) -> Record:
    defaults = {
        "file": "library.txt",
        "line": 1,
        "id": "1",
        "name": str(smiles),
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

    from nextims.data.store import StoreWriter

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


def build_config(folder: Path, *, epochs: int = 2):
    """Return a configuration of tiny models, its store of ``SMALL_MOLECULES`` written.

    Four molecules are of the validation split, four of the test split.
    """
    import yaml

    from nextims.config import load_config

    settings = {
        "data": {"max_mz": 200, "num_workers": 0},
        "teacher": {
            "encoder_width": 16,
            "encoder_layers": 2,
            "fingerprint_width": 32,
            "head_blocks": 1,
            "head_bottleneck": 16,
            "bond_energies": False,
            "mc_samples": 2,
        },
        "student": {"width": 32, "expert_blocks": 1, "expert_bottleneck": 16, "dropout": 0.1},
        "training": {
            "device": "cpu",
            "gradnorm": {"warmup_steps": 2},
            **{
                phase: {"epochs": epochs, "batch_size": 4, "patience": epochs}
                for phase in ("pretrain", "finetune", "student")
            },
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    config = load_config(folder / "config.yaml")
    training = len(SMALL_MOLECULES) - 8
    splits = ["train"] * training + ["validation"] * 4 + ["test"] * 4
    build_store(config.data.store, SMALL_MOLECULES, splits=splits, config=config.data)
    return config


def build_bde_cache(path: Path, smiles: Iterable[str] = SMALL_MOLECULES) -> Path:
    """Write a cache of bond energies in which every bond outside rings has 80 + 5·(ring atoms)."""
    import numpy as np
    from rdkit import Chem

    from nextims.data.bde_cache import BondEnergies, CacheContent

    content = CacheContent("test", "1")
    for text in smiles:
        molecule = read_molecule(text)
        bonds = [
            (
                bond.GetBeginAtomIdx(),
                bond.GetEndAtomIdx(),
                80.0 + 10 * bond.GetBeginAtom().IsInRing(),
            )
            for bond in Chem.AddHs(molecule.mol).GetBonds()
            if not bond.IsInRing()
        ]
        energies = np.array([energy for *_, energy in bonds], np.float32)
        atoms = np.array([ends for *ends, _ in bonds], np.int32).reshape(-1, 2)
        valid = np.ones(len(bonds), bool)
        content.entries[molecule.inchikey] = molecule.smiles, BondEnergies(atoms, energies, valid)
    path.parent.mkdir(parents=True, exist_ok=True)
    content.write(path)
    return path
