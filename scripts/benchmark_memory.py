#!/usr/bin/env python
"""What a library of spectra takes of memory, in either mode of ``data.memory_efficient_mode``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit


def main(argv: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Example: python scripts/benchmark_memory.py --mode estimate --samples 300000 "
        "--ram-gb 32",
    )
    parser.add_argument("--config", type=Path, default=DEFAULT_CONFIG, help="settings (YAML)")
    parser.add_argument(
        "--mode",
        choices=("estimate", "benchmark", "compare"),
        default="estimate",
        help="estimate (default): from sizes, for both modes; benchmark: run the real loader in "
        "the configured mode; compare: run it in both",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="N",
        help="spectra in the library (estimate; default 300000) or to load (default: all)",
    )
    parser.add_argument(
        "--ram-gb", type=float, default=32.0, help="memory of the machine, GB (default 32)"
    )
    arguments = parser.parse_args(argv)
    if arguments.samples < 0 or arguments.ram_gb <= 0:
        parser.error("--samples must not be negative, and --ram-gb must be above 0")
    config = load_config_or_exit(arguments.config)
    # After the arguments are known to be good: torch takes seconds to import.
    from nextims.data.dataset import EmptySplitError
    from nextims.data.store import StoreError

    try:
        if arguments.mode == "estimate":
            _estimate(config, arguments.samples or 300_000, arguments.ram_gb)
        else:
            _measure(config, arguments.mode, arguments.samples)
    except (StoreError, EmptySplitError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _estimate(config, samples: int, ram_gb: float) -> None:
    from nextims.data.memory import TYPICAL_ARRAY_BYTES, array_bytes, estimate

    stored = config.data.store.exists()
    size = array_bytes(config) if stored else TYPICAL_ARRAY_BYTES
    source = str(config.data.store) if stored else "typical records; there is no store yet"
    print(
        f"{samples:,} spectra of {size / 1000:.1f} kB each (from {source}), "
        f"{config.data.num_workers} worker(s), {ram_gb:g} GB"
    )
    print(f"{'memory_efficient_mode':<24}{'library, GB':>12}{'in all, GB':>12}  fits")
    for mode in (True, False):
        needed = estimate(
            samples,
            memory_efficient=mode,
            workers=config.data.num_workers,
            array_bytes=size,
        )
        fits = "yes" if needed.total < ram_gb * 1e9 else "no"
        sizes = f"{needed.library / 1e9:>12.2f}{needed.total / 1e9:>12.2f}"
        print(f"{str(mode).lower():<24}{sizes}  {fits}")


def _measure(config, mode: str, samples: int) -> None:
    from nextims.data.memory import measure

    modes = (True, False) if mode == "compare" else (config.data.memory_efficient_mode,)
    print(f"{'memory_efficient_mode':<24}{'spectra':>9}{'peak, GB':>10}{'spectra/s':>11}")
    for efficient in modes:
        found = measure(config, memory_efficient=efficient, samples=samples)
        print(
            f"{str(efficient).lower():<24}{found.spectra:>9,}{found.peak / 1e9:>10.2f}"
            f"{found.spectra_per_second:>11,.0f}"
        )


if __name__ == "__main__":
    sys.exit(main())
