"""The fragments of the library's molecules: the time they take, and the peaks they explain.

Prints the time to enumerate the fragments of one molecule, on one core (the best of three calls),
and for each number of fragments kept the coverage: the share of the measured ion current at nominal
masses that some fragment can have after gaining or losing hydrogens, mean of all 70 eV spectra.
Shares are given with the isotopes M to M+4 of every ion, and with the lightest alone; and, for
comparison, the share of the nominal masses up to the highest peak that the fragments take up.

    python benchmarks/fragments.py --kept 100 200 400
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rdkit import Chem
from tqdm import tqdm

from nextims.chemistry.composition import compose
from nextims.chemistry.fragments import Fragments, enumerate_fragments
from nextims.chemistry.isotope_labels import HIGHEST_SHIFT, LOWEST_SHIFT
from nextims.chemistry.molecule import ELEMENTS, Molecule, load_canonical
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.store import SpectrumStore

_ISOTOPES = 4
_PERIODIC_TABLE = Chem.GetPeriodicTable()


def main(argv: list[str] | None = None) -> int:
    """Measure both and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--kept", type=int, nargs="+", default=[100, 200, 400, 800])
    parser.add_argument("--spectra", type=int, help="only so many, evenly picked; default: all")
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    with SpectrumStore(config.data.store) as store:
        energy = store.index.energy
        rows = np.flatnonzero(np.isnan(energy) | (energy == 70))
        if arguments.spectra:
            rows = rows[:: max(len(rows) // arguments.spectra, 1)]
        smiles = store.column("smiles")
        speed([load_canonical(s) for s in sorted({smiles[row] for row in rows})])
        coverage(store, smiles, rows, arguments.kept, config.data.max_mz)
    return 0


def speed(molecules: list[Molecule]) -> None:
    """Print the time for one molecule, by size."""
    enumerate_fragments(molecules[0].mol)  # compiles
    sizes = np.array([molecule.mol.GetNumHeavyAtoms() for molecule in molecules])
    times = np.array([_milliseconds(m) for m in tqdm(molecules, desc="speed", unit="molecule")])
    print("| heavy atoms | molecules | median ms | 95th percentile | slowest |")
    print("|---|---|---|---|---|")
    for label, low, high in (
        ("all", 1, sizes.max()),
        (f"{np.median(sizes):.0f} (median)", np.median(sizes), np.median(sizes)),
        ("25 to 35", 25, 35),
        ("43 to 47", 43, 47),
        (f"48 to {sizes.max()}", 48, sizes.max()),
    ):
        here = times[(sizes >= low) & (sizes <= high)]
        if len(here):
            median, high_share = np.percentile(here, [50, 95])
            print(
                f"| {label} | {len(here):,} | {median:.2f} | {high_share:.2f} | {here.max():.2f} |"
            )


def coverage(
    store: SpectrumStore, smiles: list[str], rows: np.ndarray, kept: list[int], max_mz: int
) -> None:
    """Print the share of the ion current that the fragments explain."""
    explained = np.zeros((len(rows), len(kept), 3))
    for i, row in enumerate(tqdm(rows, desc="coverage", unit="spectrum")):
        spectrum = store.spectrum(row).binned(max_mz)
        lowest, highest = store.index.lowest_mz[row], np.flatnonzero(spectrum)[-1] + 1
        mol = load_canonical(smiles[row]).mol
        fragments = enumerate_fragments(mol, max_per_molecule=max(kept))
        lightest, ions = _ion_masses(mol, fragments)
        for j, number in enumerate(kept):
            here = ions[:number].any(0)
            alone = _on_axis(here, lightest, max_mz)
            isotopes = np.convolve(here, np.ones(_ISOTOPES + 1)) > 0
            all_ions = _on_axis(isotopes, lightest, max_mz)
            explained[i, j] = (
                (spectrum * all_ions).sum() / spectrum.sum(),
                (spectrum * alone).sum() / spectrum.sum(),
                all_ions[max(lowest, 1) - 1 : highest].mean(),
            )
    print(f"\n{len(rows):,} spectra, hydrogen shifts {LOWEST_SHIFT}…+{HIGHEST_SHIFT}\n")
    print(f"| fragments kept | M…M+{_ISOTOPES} | below 95 % of a spectrum | lightest isotopes"
          " | masses taken up |")  # fmt: skip
    print("|---|---|---|---|---|")
    for j, number in enumerate(kept):
        share, alone, taken = explained[:, j].mean(0)
        few = (explained[:, j, 0] < 0.95).mean()
        print(f"| {number} | {share:.2%} | {few:.2%} of spectra | {alone:.2%} | {taken:.1%} |")


def _milliseconds(molecule: Molecule) -> float:
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        enumerate_fragments(molecule.mol)
        best = min(best, time.perf_counter() - start)
    return 1000 * best


def _ion_masses(mol: Chem.Mol, fragments: Fragments) -> tuple[int, np.ndarray]:
    """Return which nominal masses the ions of each fragment have, and the lowest of the columns.

    A fragment loses no more hydrogens than it has, and takes up no more than the rest has. Those
    that move are taken to be unlabelled.
    """
    hydrogens = compose(mol)[:, ELEMENTS.index("H")]
    mass = np.array([_nominal_mass(atom) for atom in mol.GetAtoms()])
    own = fragments.atoms @ hydrogens.astype(int)
    shifts = np.arange(LOWEST_SHIFT, HIGHEST_SHIFT + 1)
    possible = (shifts >= -own[:, None]) & (shifts <= (own[0] - own)[:, None])
    columns = (fragments.atoms @ mass)[:, None] + shifts - LOWEST_SHIFT
    found = np.zeros((len(fragments), columns.max() + 1), bool)
    rows, moved = np.nonzero(possible)
    found[rows, columns[rows, moved]] = True
    return LOWEST_SHIFT, found


def _nominal_mass(atom: Chem.Atom) -> int:
    isotope = atom.GetIsotope() or _PERIODIC_TABLE.GetMostCommonIsotope(atom.GetSymbol())
    return isotope + atom.GetTotalNumHs()


def _on_axis(masses: np.ndarray, lowest: int, max_mz: int) -> np.ndarray:
    """Return whether each mass 1…``max_mz`` is among these, the first of which is ``lowest``."""
    axis = np.zeros(max_mz, bool)
    found = np.flatnonzero(masses) + lowest
    axis[found[(found >= 1) & (found <= max_mz)] - 1] = True
    return axis


if __name__ == "__main__":
    sys.exit(main())
