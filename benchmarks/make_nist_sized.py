"""Write a library of the size and shape of NIST's, for trying what a library of that size takes.

Structures are those of the configured store and variants of them
(``nextims.chemistry.variants``), each of its own InChIKey; spectra are measured ones of a
molecule of about the same mass, their intensities jittered. As in NIST 17 (306,622 spectra of
267,376 compounds), 13 % are replicates.
Every second structure is a MOL file, ``ID<id>.MOL`` or ``S<CAS number>.MOL``; the others are SMILES
in the comments. Of 1,000 records, five have no structure and five a wrong ``Num Peaks``. CAS and
NIST numbers are made up. All follows from ``--seed``.

    python benchmarks/make_nist_sized.py --spectra 300000 --output /tmp/nist_sized
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor
from tqdm import tqdm

from nextims.chemistry.molecule import Molecule, first_block, load_canonical
from nextims.chemistry.variants import VariantMaker
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.store import SpectrumStore
from nextims.spectra.spectrum import Spectrum

NIST_SPECTRA = 306_622
NIST_COMPOUNDS = 267_376
# Made by one seed each, whatever the number of processes.
_PART = 2_000
# Variants of one part may come in another as well; what is not needed is not made.
_SPARE = 1.5
_JITTER = 0.15
_NEIGHBOURS = 50
_PER_LINE = 5
_FAULTS = 200

_maker: VariantMaker | None = None


class Compound(NamedTuple):
    """What a record says of its molecule; ``molblock`` is empty where it gives a SMILES."""

    smiles: str
    inchikey: str
    formula: str
    nominal_mass: int
    exact_mass: float
    molblock: str


@dataclass(frozen=True)
class MeasuredSpectra:
    """The store's spectra at nominal masses, sorted by the masses of their molecules.

    Attributes:
        masses: of the molecules, Da, ascending, ``(spectra,)``.
        spectra: m/z and intensity of each.
    """

    masses: np.ndarray
    spectra: list[tuple[np.ndarray, np.ndarray]]

    def resample(self, mass: int, generator: np.random.Generator) -> dict[int, int]:
        """Return peaks of some molecule of at most this mass, base peak 999."""
        end = max(1, int(np.searchsorted(self.masses, mass, side="right")))
        mz, intensity = self.spectra[generator.integers(max(0, end - _NEIGHBOURS), end)]
        height = intensity * generator.lognormal(0, _JITTER, len(mz))
        height = np.rint(999 * height / height.max()).astype(int)
        return {m: h for m, h in zip(mz.tolist(), height.tolist(), strict=True) if h}


def main(argv: list[str] | None = None) -> int:
    """Write the library."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="names the store")
    parser.add_argument("--spectra", type=int, default=300_000, metavar="N")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args(argv)
    store = load_config(arguments.config).data.store
    msp = make_library(
        store,
        arguments.output,
        spectra=arguments.spectra,
        seed=arguments.seed,
        workers=arguments.workers,
    )
    print(f"wrote {msp} and {msp.with_name('mol_files')}")
    return 0


def make_library(store: Path, folder: Path, *, spectra: int, seed: int, workers: int) -> Path:
    """Write ``library.msp`` and ``mol_files`` into a folder.

    Args:
        store: spectra and structures to resample.
        folder: made where it is missing; what is there already is overwritten.
        spectra: number of records.
        seed: of all choices.
        workers: processes that make variants.

    Returns:
        Path of the MSP file.
    """
    with SpectrumStore(store) as opened:
        smiles = sorted(set(opened.column("smiles")))
        measured = _measured(opened)
    number = max(1, round(spectra * NIST_COMPOUNDS / NIST_SPECTRA))
    compounds = _compounds(smiles, number, min(1.0, spectra / NIST_SPECTRA), seed, workers)
    folder = Path(folder)
    (folder / "mol_files").mkdir(parents=True, exist_ok=True)
    msp = folder / "library.msp"
    # NIST's own text files end their lines so.
    with msp.open("w", newline="\r\n", encoding="utf-8") as file:
        records = _with_replicates(compounds, spectra, number, seed)
        generator = np.random.default_rng(seed)
        progress = tqdm(records, total=spectra, unit=" spectra", disable=None)
        for id_, compound in enumerate(progress, start=1):
            peaks = measured.resample(compound.nominal_mass, generator)
            _write_record(file, folder / "mol_files", id_, compound, peaks)
    return msp


def _measured(store: SpectrumStore) -> MeasuredSpectra:
    mass_of = {
        smiles: load_canonical(smiles).nominal_mass for smiles in set(store.column("smiles"))
    }
    masses = np.array([mass_of[smiles] for smiles in store.column("smiles")])
    order = np.argsort(masses, kind="stable")
    return MeasuredSpectra(masses[order], [_nominal(store.spectrum(i)) for i in order])


def _nominal(spectrum: Spectrum) -> tuple[np.ndarray, np.ndarray]:
    bins = spectrum.binned(int(spectrum.mz[-1]) + 1)
    mz = np.flatnonzero(bins)
    return mz + 1, bins[mz]


def _compounds(
    smiles: list[str], number: int, share: float, seed: int, workers: int
) -> Iterator[Compound]:
    """Yield real molecules, such a share of all there are, and variants, none of them twice."""
    chosen = random.Random(seed).sample(smiles, max(1, min(number, round(share * len(smiles)))))
    wanted = int(_SPARE * (number - len(chosen))) + 1
    size = min(_PART, wanted)
    yield from (_describe(load_canonical(text), place) for place, text in enumerate(chosen))
    if number == len(chosen):
        return
    seen = {first_block(load_canonical(text).inchikey) for text in chosen}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, context, initializer=_prepare, initargs=(smiles, seed)
    ) as pool:
        made = len(chosen)
        make = partial(_make_variants, size=size, seed=seed)
        for part in pool.map(make, range(-(-wanted // size))):
            for compound in part:
                block = first_block(compound.inchikey)
                if block not in seen and made < number:
                    seen.add(block)
                    made += 1
                    yield compound
            if made == number:
                pool.shutdown(cancel_futures=True)
                return
    raise RuntimeError(f"only {made} of {number} compounds could be made")


def _prepare(smiles: list[str], seed: int) -> None:
    global _maker
    _maker = VariantMaker(smiles, seed=seed)


def _make_variants(part: int, size: int, seed: int) -> list[Compound]:
    variants = _maker.variants(size, max_mz=1000, seed=(seed << 20) + part)
    return [_describe(molecule, place) for place, molecule in enumerate(variants)]


def _describe(molecule: Molecule, place: int) -> Compound:
    """Return what is written of a molecule; every second one has a MOL file."""
    mol = Chem.Mol(molecule.mol)
    if place % 2:
        rdDepictor.Compute2DCoords(mol)
    return Compound(
        molecule.smiles,
        molecule.inchikey,
        molecule.formula,
        molecule.nominal_mass,
        molecule.exact_mass,
        Chem.MolToMolBlock(mol) if place % 2 else "",
    )


def _with_replicates(
    compounds: Iterator[Compound], spectra: int, number: int, seed: int
) -> Iterator[Compound]:
    """Yield each compound once or more often, replicates after each other, as NIST has them."""
    generator = np.random.default_rng((seed, 1))
    times = 1 + np.bincount(generator.integers(0, number, spectra - number), minlength=number)
    for compound, repeats in zip(compounds, times, strict=False):
        for _ in range(repeats):
            yield compound


def _write_record(
    file: TextIO, folder: Path, id_: int, compound: Compound, peaks: dict[int, int]
) -> None:
    cas = _cas_number(id_)
    structure = f' "SMILES={compound.smiles}"'
    if id_ % _FAULTS == 1:
        structure = ""
    elif compound.molblock:
        structure = ""
        name = f"ID{id_}.MOL" if id_ % 2 else f"S{cas.replace('-', '')}.MOL"
        (folder / name).write_text(compound.molblock, encoding="utf-8")
    pairs = [f"{mz} {height};" for mz, height in peaks.items()]
    lines = [" ".join(pairs[i : i + _PER_LINE]) for i in range(0, len(pairs), _PER_LINE)]
    file.write(
        f"Name: Compound {id_}, {compound.formula}\n"
        f"Synon: {compound.formula}, made-up entry {id_}\n"
        f"Formula: {compound.formula}\n"
        f"MW: {compound.nominal_mass}\n"
        f"ExactMass: {compound.exact_mass:.6f}\n"
        f"CAS#: {cas};  NIST#: {200_000 + id_}\n"
        f"DB#: {id_}\n"
        f"Comments: Resampled, no measured spectrum.{structure}\n"
        f"InChIKey: {compound.inchikey}\n"
        f"Num Peaks: {len(pairs) - (id_ % _FAULTS == 3)}\n" + "\n".join(lines) + "\n\n"
    )


def _cas_number(id_: int) -> str:
    """Return a made-up number of a CAS number's form and check digit."""
    digits = f"{id_ + 100_000:d}"
    check = sum(place * int(d) for place, d in enumerate(reversed(digits), 1)) % 10
    return f"{digits[:-2]}-{digits[-2:]}-{check}"


if __name__ == "__main__":
    sys.exit(main())
