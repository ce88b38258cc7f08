"""Quantum chemistry's own table: teacher and student beside four simulations of sixteen molecules.

    python benchmarks/qcxms2.py --data QCxMS2-data.tar.gz

The data (https://github.com/grimme-lab/QCxMS2-data, GPL-3) are measured spectra of sixteen
molecules, and those that QCxMS and QCxMS2, at three levels, give for them. Scored as there:
whole m/z, peaks under 1 % of the base peak left out, weighted entropy similarity (Li et al., Nat.
Methods 2021, 18, 1524). Means are of the molecules that all methods predict, and of those among
them that the training split of the configured store (data.store) does not hold: it should be the
one that the models were trained on. --output writes them as rows of results/.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
from pathlib import Path

import numpy as np

from nextims.chemistry.molecule import first_block, read_molecule
from nextims.chemistry.reading.refusals import MoleculeError
from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.library.store import SPLITS, SpectrumStore
from nextims.errors import UserError
from nextims.evaluation.assess import predict_structures
from nextims.evaluation.metrics import weighted_entropy_similarity
from nextims.models.checkpoint import load_model
from tables import markdown_table, write_rows

# The molecules by the names of their folders.
STRUCTURES = {
    "1-butanol": "CCCCO",
    "2-pentanone": "CCCC(C)=O",
    "4-methyl-1-pentene": "C=CCC(C)C",
    "acibenzolar-S-methyl": "CSC(=O)c1cccc2nnsc12",
    "adenine": "Nc1ncnc2[nH]cnc12",
    "butanal": "CCCC=O",
    "butanamide": "CCCC(N)=O",
    "butanoic_acid": "CCCC(=O)O",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "dichloroethylalumnium": "CC[Al](Cl)Cl",
    "ethyl_propyl_ether": "CCCOCC",
    "methyl_butyrate": "CCCC(=O)OC",
    "n-octane": "CCCCCCCC",
    "tabun": "CCOP(=O)(C#N)N(C)C",
    "tetramethylbiphosphine_disulfide": "CP(C)(=S)P(C)(C)=S",
    "uracil": "O=c1cc[nH]c(=O)[nH]1",
}
SIMULATIONS = {
    "QCxMS, GFN2-xTB": "gfn2_qcxms",
    "QCxMS2, GFN2-xTB": "gfn2_gfn2_qcxms2",
    "QCxMS2, wB97X-3c on GFN2-xTB": "wb97x3c_gfn2_qcxms2",
    "QCxMS2, wB97X-3c": "wb97x3c_wb97x3c_qcxms2",
}
_CUT = 0.01


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FILE.tar.gz")
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    parser.add_argument("--models", type=Path, nargs="+", metavar="CKPT", help="default: shipped")
    parser.add_argument("--output", type=Path, metavar="FILE.csv")
    arguments = parser.parse_args(argv)
    try:
        config = load_config(arguments.config)
        paths = arguments.models or [
            config.to_read(own.checkpoint) for own in (config.student, config.teacher)
        ]
        scores = score_all(arguments.data, paths)
        known = _in_training(config.data.store)
    except (UserError, OSError, tarfile.TarError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    names = list(next(iter(scores.values())))
    compared = [own for own in scores.values() if len(own) == len(names)]
    unknown = [own for key, own in scores.items() if own in compared and key not in known]
    table = {key + (" (in training)" if key in known else ""): own for key, own in scores.items()}
    for title, those in (("mean", compared), ("mean, not in training", unknown)):
        means = {name: float(np.mean([own[name] for own in those])) for name in names if those}
        table[f"{title} ({len(those)})"] = means
    cells = (
        [key, *(f"{own[n]:.3f}" if n in own else "–" for n in names)] for key, own in table.items()
    )
    print(markdown_table(("molecule", *names), cells))
    if arguments.output is not None:
        metric = "weighted_entropy_similarity"
        write_rows(
            arguments.output,
            [
                (name, "QCxMS2-data", key, metric, value)
                for key, own in table.items()
                for name, value in own.items()
            ],
        )
    return 0


def score_all(data: Path, checkpoints: list[Path]) -> dict[str, dict[str, float]]:
    """Return molecule → method → score; a method is missing where it gives no spectrum."""
    predicted: dict[str, dict[str, np.ndarray]] = {name: {} for name in STRUCTURES}
    measured: dict[str, np.ndarray] = {}
    with tarfile.open(data) as archive:
        for name, own in predicted.items():
            measured[name] = _read(archive, name, "exp")
            for method, file in SIMULATIONS.items():
                own[method] = _read(archive, name, file)
    readable = {}
    for name, smiles in STRUCTURES.items():
        try:
            readable[name] = read_molecule(smiles).smiles
        except MoleculeError as error:
            print(f"{name}: {error}", file=sys.stderr)
    for path in checkpoints:
        model, description = load_model(path)
        spectra = predict_structures(model, list(readable.values()))
        for name, spectrum in zip(readable, spectra, strict=True):
            predicted[name][description.kind] = spectrum
    return {
        name: {method: _score(spectrum, measured[name]) for method, spectrum in own.items()}
        for name, own in predicted.items()
    }


def _read(archive: tarfile.TarFile, molecule: str, name: str) -> np.ndarray:
    """Return a spectrum as intensities by nominal m/z, from 1."""
    file = archive.extractfile(f"./QCxMS2-data/{molecule}/{name}.csv")
    peaks = np.loadtxt(io.TextIOWrapper(file, "ascii"), delimiter=",", ndmin=2)
    bins = np.rint(peaks[:, 0]).astype(int)
    return np.bincount(bins[bins > 0] - 1, weights=peaks[bins > 0, 1])


def _score(predicted: np.ndarray, measured: np.ndarray) -> float:
    width = max(len(predicted), len(measured))
    pair = [np.pad(each, (0, width - len(each)))[None] for each in (predicted, measured)]
    pair = [np.where(each >= _CUT * each.max(), each, 0.0) for each in pair]
    return float(weighted_entropy_similarity(*pair, 1)[0])


def _in_training(store: Path) -> set[str]:
    """Return the names of the molecules that the store's training split holds."""
    with SpectrumStore(store) as opened:
        split = SPLITS.index("train")
        keys = zip(opened.column("inchikey"), opened.index.split, strict=True)
        trained = {first_block(key) for key, own in keys if own == split}
    found = set()
    for name, smiles in STRUCTURES.items():
        try:
            if first_block(read_molecule(smiles).inchikey) in trained:
                found.add(name)
        except MoleculeError:
            pass  # no model has seen what none can read
    return found


if __name__ == "__main__":
    sys.exit(main())
