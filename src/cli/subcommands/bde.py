"""Phase 0: predict the bond dissociation energies of the library's molecules, or of one.

Fills the BDE cache (bde.cache in config.yaml). An interrupted run continues where it stopped;
molecules that the cache holds already are not predicted again. With --smiles, the energies of one
structure are shown instead.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...config import WEIGHTS_VARIABLE, Config, load_config
from ...errors import UserError, training_packages_named
from ..commands import ALL_DONE, check_overwritten, going_on, note, run_command, say, told_if_long
from ..options import command_parser

if TYPE_CHECKING:
    from ...data.bde.bond_table import BondRow

EXAMPLES = """\
examples:
  nextims bde --max-samples 0
  nextims bde --smiles "CC(=O)Oc1ccccc1C(=O)O" --plot aspirin.png

The native model needs PyTorch (pip install "nextims[train]") and its weights, which a clone has and
the wheel has not: name them with --checkpoint, or the clone's folder checkpoints in the variable
NEXTIMS_WEIGHTS.
"""
_NEEDED = (
    "bond energies need PyTorch and weights that a clone of the repository has: name its folder "
    f"checkpoints in {WEIGHTS_VARIABLE}, or its checkpoints/bde/bde.pt with --checkpoint"
)


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog)
    parser.add_argument(
        "--max-samples",
        type=int,
        default=0,
        metavar="N",
        help="only the first N molecules of the library (default: 0, all)",
    )
    parser.add_argument("--smiles", metavar="S", help="show the bond energies of one structure")
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="with --smiles: draw them as well, to FILE.png or FILE.svg",
    )
    parser.add_argument(
        "--format",
        choices=("text", "json"),
        default="text",
        help="with --smiles: of what is printed (default: %(default)s)",
    )
    parser.add_argument(
        "--backend",
        choices=("native", "alfabet"),
        help="what predicts (default: bde.backend of the settings)",
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help="weights of the native model (default: bde.checkpoint of the settings)",
    )
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        help="where the native model runs (default: training.device of the settings)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="processes that read structures, 0 for none (default: data.num_workers of the "
        "settings)",
    )
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.max_samples < 0:
        parser.error(f"--max-samples: found {arguments.max_samples}, expected 0 (all) or more")
    if arguments.workers is not None and arguments.workers < 0:
        parser.error(f"--workers: found {arguments.workers}, expected 0 (none) or more")
    if arguments.plot is not None and arguments.smiles is None:
        parser.error("--plot: draws one structure, which --smiles names")
    return run_command(partial(_run, arguments), quiet=arguments.quiet)


def _run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    if arguments.checkpoint is not None:
        bde = config.bde.model_copy(update={"checkpoint": arguments.checkpoint})
        config = config.model_copy(update={"bde": bde})
    if arguments.smiles is not None:
        _show(config, arguments)
    else:
        with going_on("run again to continue"):
            _fill(config, arguments)
    return ALL_DONE


def _open_backend(config: Config, arguments: argparse.Namespace):
    try:
        with told_if_long("loading the model of bond energies"), training_packages_named():
            from ...models.bde_backends import open_configured_backend

            return open_configured_backend(
                config, name=arguments.backend, device=arguments.device, say=note
            )
    except UserError as error:
        native = (arguments.backend or config.bde.backend) == "native"
        if not native or config.to_read(config.bde.checkpoint).is_file():
            raise
        raise UserError(f"{error}; {_NEEDED}") from error  # at once, not one after the other


def _show(config: Config, arguments: argparse.Namespace) -> None:
    from ...chemistry.molecule import MoleculeError, read_molecule
    from ...data.bde.bond_table import bond_rows, bond_table
    from ...inference.structures.other_kinds import told_kind
    from ...pictures.files import check_structures_drawable
    from ...pictures.terminal import can_show_blocks

    try:
        molecule = read_molecule(arguments.smiles)
    except MoleculeError as error:
        reason = told_kind(arguments.smiles) or error
        raise UserError(f"{arguments.smiles.strip() or '(empty)'}: {reason}") from error
    if arguments.plot is not None:
        check_structures_drawable(arguments.plot)
        # What RDKit draws with may be missing where no picture is wanted.
        from ...pictures.bond_drawing import check_drawing, draw_bond_energies

        check_drawing(arguments.plot)
        check_overwritten([arguments.plot])
    backend = _open_backend(config, arguments)
    [energies] = backend.predict(backend.prepare([molecule]))
    if isinstance(energies, str):
        raise UserError(f"{arguments.smiles.strip()}: {energies}")
    if arguments.format == "json":
        bonds = [_plain(row) for row in bond_rows(molecule, energies)]
        model = f"{backend.name} {backend.version}"
        found = {"smiles": molecule.smiles, "predicted_by": model, "unit": "kcal/mol"}
        print(json.dumps(found | {"bonds": bonds}, ensure_ascii=False), flush=True)
    else:
        print(f"{'Predicted by':<15}{backend.name} {backend.version}")
        print(bond_table(molecule, energies, unicode=can_show_blocks(sys.stdout)), flush=True)
    if arguments.plot is not None:
        draw_bond_energies(molecule, energies, arguments.plot)
        tell = print if arguments.format == "text" else say
        tell(f"written: {arguments.plot}")


def _plain(row: BondRow) -> dict[str, object]:
    """Return a kind of bond as JSON has it: no number stands for no energy."""
    energies = {name: round(float(getattr(row, name)), 2) for name in ("bde", "bdfe")}
    known = {name: None if math.isnan(value) else value for name, value in energies.items()}
    return vars(row) | known


def _fill(config: Config, arguments: argparse.Namespace) -> None:
    from ...data.bde_generator import fill_cache
    from ...data.library.store import SpectrumStore
    from ...data.nist_dataset import ensure_store

    backend = _open_backend(config, arguments)
    with SpectrumStore(ensure_store(config)) as store:
        structures = zip(store.column("inchikey"), store.column("smiles"), strict=True)
    workers = config.data.num_workers if arguments.workers is None else arguments.workers
    summary = fill_cache(
        config.bde.cache,
        structures,
        backend,
        max_molecules=arguments.max_samples,
        batch_size=config.bde.batch_size,
        num_workers=workers,
    )
    print(summary)
    print(f"written: {config.bde.cache}")
