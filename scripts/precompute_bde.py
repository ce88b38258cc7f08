#!/usr/bin/env python
"""Phase 0: predict the bond dissociation energies of the library's molecules, or of one.

Fills the BDE cache (bde.cache in config.yaml). An interrupted run continues where it stopped;
molecules that the cache holds already are not predicted again. With --smiles, the energies of one
structure are shown instead.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, going_on, note, run_command
from nextims.cli.options import command_parser
from nextims.config import Config, load_config
from nextims.errors import UserError

EXAMPLES = """\
examples:
  python scripts/precompute_bde.py --max-samples 0
  python scripts/precompute_bde.py --smiles "CC(=O)Oc1ccccc1C(=O)O" --plot aspirin.png
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    return run_command(partial(_run, _parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = command_parser(__doc__, EXAMPLES)
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
        "--backend",
        choices=("native", "alfabet"),
        help="what predicts (default: bde.backend of the settings)",
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
    arguments = parser.parse_args(argv)
    if arguments.max_samples < 0:
        parser.error(f"--max-samples: found {arguments.max_samples}, expected 0 (all) or more")
    if arguments.workers is not None and arguments.workers < 0:
        parser.error(f"--workers: found {arguments.workers}, expected 0 (none) or more")
    if arguments.plot is not None and arguments.smiles is None:
        parser.error("--plot: draws one structure, which --smiles names")
    return arguments


def _run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    if arguments.smiles is not None:
        _show(config, arguments)
    else:
        with going_on("run again to continue"):
            _fill(config, arguments)
    return ALL_DONE


def _open_backend(config: Config, arguments: argparse.Namespace):
    from nextims.models.bde_backends import open_configured_backend

    return open_configured_backend(
        config, name=arguments.backend, device=arguments.device, say=note
    )


def _show(config: Config, arguments: argparse.Namespace) -> None:
    from nextims.chemistry.molecule import MoleculeError, read_molecule
    from nextims.data.bde.bond_table import bond_table
    from nextims.pictures.files import check_structures_drawable
    from nextims.pictures.terminal import can_show_blocks

    try:
        molecule = read_molecule(arguments.smiles)
    except MoleculeError as error:
        raise UserError(f"{arguments.smiles.strip() or '(empty)'}: {error}") from error
    if arguments.plot is not None:
        check_structures_drawable(arguments.plot)
        # What RDKit draws with may be missing where no picture is wanted.
        from nextims.pictures.bond_drawing import check_drawing, draw_bond_energies

        check_drawing(arguments.plot)
    backend = _open_backend(config, arguments)
    [energies] = backend.predict(backend.prepare([molecule]))
    if isinstance(energies, str):
        raise UserError(f"{arguments.smiles.strip()}: {energies}")
    print(f"{'Predicted by':<15}{backend.name} {backend.version}")
    print(bond_table(molecule, energies, unicode=can_show_blocks(sys.stdout)), flush=True)
    if arguments.plot is not None:
        draw_bond_energies(molecule, energies, arguments.plot)
        print(f"written: {arguments.plot}")


def _fill(config: Config, arguments: argparse.Namespace) -> None:
    from nextims.data.bde_generator import fill_cache
    from nextims.data.library.store import SpectrumStore
    from nextims.data.nist_dataset import ensure_store

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


if __name__ == "__main__":
    sys.exit(main())
