"""What a library of spectra takes of memory, in either mode of ``data.memory_efficient_mode``."""

from __future__ import annotations

import argparse
from functools import partial

from ...config import load_config
from ..commands import ALL_DONE, run_command
from ..options import command_parser

EXAMPLE = """\
example:
  nextims memory --mode estimate --samples 300000 --ram-gb 32
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument(
        "--mode",
        choices=("estimate", "benchmark", "compare"),
        default="estimate",
        help="estimate (default): from sizes, for both modes; benchmark: run the real loader and "
        "some training steps in the configured mode; compare: run them in both",
    )
    parser.add_argument(
        "--phase",
        choices=("teacher", "student"),
        help="whose inputs and model (default: both for an estimate, else the student's)",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="N",
        help="spectra in the library; a benchmark takes as many of the store (default: 300000 "
        "for an estimate, else all of the store)",
    )
    parser.add_argument(
        "--ram-gb", type=float, default=32.0, help="memory of the machine, GB (default 32)"
    )
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    parser = build_parser(prog)
    arguments = parser.parse_args(argv)
    if arguments.samples < 0 or arguments.ram_gb <= 0:
        parser.error("--samples must not be negative, and --ram-gb must be above 0")
    return run_command(partial(_run, arguments), quiet=arguments.quiet)


def _run(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    if arguments.mode == "estimate":
        phases = (arguments.phase,) if arguments.phase else ("teacher", "student")
        _estimate(config, phases, arguments.samples or 300_000, arguments.ram_gb)
    else:
        _measure(config, arguments.phase or "student", arguments.mode, arguments.samples)
    return ALL_DONE


def _estimate(config, phases: tuple[str, ...], samples: int, ram_gb: float) -> None:
    from ...data.examples.memory import TYPICAL_EXAMPLE_BYTES, mean_example_bytes
    from ...training.memory import expect

    stored = config.data.store.exists()
    source = str(config.data.store) if stored else "typical records; there is no store yet"
    print(
        f"{samples:,} spectra, sizes from {source}, {config.data.num_workers} worker(s), "
        f"{ram_gb:g} GB"
    )
    print(
        f"{'phase':<9}{'memory_efficient_mode':<23}{'a spectrum, kB':>15}{'library, GB':>13}"
        f"{'in all, GB':>12}  fits"
    )
    for phase in phases:
        size = mean_example_bytes(config, phase) if stored else TYPICAL_EXAMPLE_BYTES[phase]
        for mode in (True, False):
            needed = expect(config, phase, samples, memory_efficient=mode, example_bytes=size)
            fits = "yes" if needed.total < ram_gb * 1e9 else "no"
            sizes = f"{size / 1e3:>15.1f}{needed.library / 1e9:>13.2f}{needed.total / 1e9:>12.2f}"
            print(f"{phase:<9}{str(mode).lower():<23}{sizes}  {fits}")


def _measure(config, phase: str, mode: str, samples: int) -> None:
    from ...data.examples.memory import mean_example_bytes
    from ...data.library.store import SpectrumStore
    from ...training.memory import expect, measure

    modes = (True, False) if mode == "compare" else (config.data.memory_efficient_mode,)
    with SpectrumStore(config.data.store) as store:
        library = min(samples or len(store), len(store))
    size = mean_example_bytes(config, phase)
    print(
        f"{phase}, {library:,} spectra of {config.data.store}, {config.data.num_workers} worker(s)"
    )
    print(
        f"{'memory_efficient_mode':<23}{'loaded':>9}{'peak loading, GB':>18}{'peak, GB':>10}"
        f"{'estimated':>11}{'loader, 1/s':>13}{'training, 1/s':>15}{'disk, MB':>10}"
    )
    for efficient in modes:
        found = measure(config, phase, memory_efficient=efficient, samples=samples)
        expected = expect(config, phase, library, memory_efficient=efficient, example_bytes=size)
        print(
            f"{str(efficient).lower():<23}{found.spectra:>9,}{found.peak_loading / 1e9:>18.2f}"
            f"{found.peak / 1e9:>10.2f}{expected.total / 1e9:>11.2f}"
            f"{found.loaded_per_second:>13,.0f}{found.trained_per_second:>15,.0f}"
            f"{found.disk / 1e6:>10.1f}"
        )
