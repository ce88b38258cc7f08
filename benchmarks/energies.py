"""Does the teacher know what another ionization energy does to a spectrum?

    python benchmarks/energies.py

Test spectra of each range of energies are predicted at the energy at which they were measured, and
at 70 eV as if it did not matter: the peers know no other. What is compared is their similarity, and
the share of the intensity that is left at the molecular ion.

Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from nextims.config import DEFAULT_CONFIG, load_config
from nextims.data.examples.dataset import EmptySplitError
from nextims.data.examples.features import Batch
from nextims.evaluation.metrics import cosine, entropy_similarity
from nextims.models.checkpoint import load_model
from nextims.spectra.spectrum import STANDARD_ENERGY
from nextims.training.runs import split_loader

RANGES = ((10.0, 18.0), (18.0, 30.0), (30.0, 60.0), (60.0, 80.0))


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG)
    arguments = parser.parse_args(argv)
    config = load_config(arguments.config)
    model, _ = load_model(config.teacher.checkpoint)
    print("| measured at, eV | spectra | predicted at | cosine | entropy similarity | at M |")
    print("| --- | ---: | --- | ---: | ---: | ---: |")
    for low, high in RANGES:
        try:
            loader = split_loader(
                config,
                "test",
                inputs=model.inputs,
                batch_size=64,
                energy_range=(low, high - 1e-3 if high < RANGES[-1][1] else high),
            )
        except EmptySplitError as error:
            print(error, file=sys.stderr)
            continue
        _print_rows(f"{low:g} to {high:g}", loader, model)
    return 0


@torch.inference_mode()
def _print_rows(energies: str, loader, model) -> None:
    names = ("its energy", f"{STANDARD_ENERGY:g} eV")
    scores: dict[str, list[tuple[torch.Tensor, ...]]] = {name: [] for name in names}
    measured = []
    for batch in tqdm(loader, desc=energies, unit="batch", leave=False):
        measured.append(_at_molecular_ion(batch.spectrum, batch))
        for name in names:
            if name != names[0]:
                batch.energy.fill_(STANDARD_ENERGY)
            predicted = model(batch).intensity
            arrays = [x.numpy() for x in (predicted, batch.spectrum, batch.lowest_mz)]
            similar = (torch.from_numpy(score(*arrays)) for score in (cosine, entropy_similarity))
            scores[name].append((*similar, _at_molecular_ion(predicted, batch)))
    for name, parts in scores.items():
        means = [torch.cat(column).double().mean() for column in zip(*parts, strict=True)]
        print(
            f"| {energies} | {len(loader.dataset)} | {name} | {means[0]:.4f} | {means[1]:.4f} | "
            f"{100 * means[2]:.1f} % |"
        )
    share = torch.cat(measured).double().mean()
    print(f"| | | measured | | | {100 * share:.1f} % |", flush=True)


def _at_molecular_ion(spectra: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the share of the intensity at the nominal mass of the molecule, ``(b,)``."""
    columns = batch.nominal_mass[:, None] - 1
    bins = torch.arange(1, spectra.shape[1] + 1)
    recorded = spectra * (bins >= batch.lowest_mz[:, None])
    return (recorded.gather(1, columns) / recorded.sum(1, keepdim=True))[:, 0]


if __name__ == "__main__":
    sys.exit(main())
