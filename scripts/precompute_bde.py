#!/usr/bin/env python
"""Phase 0: predict the bond dissociation energies of the library's molecules.

Fills the BDE cache (bde.cache in config.yaml). An interrupted run continues where it stopped;
molecules that the cache holds already are not predicted again.
"""

from __future__ import annotations

import argparse
import sys

from nextims.config import DEFAULT_CONFIG, ConfigError, load_config

EXAMPLE = """example:
  python scripts/precompute_bde.py --max-samples 0
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default=DEFAULT_CONFIG, help="settings (default: config.yaml)")
    parser.add_argument(
        "--max-samples",
        type=int,
        default=0,
        metavar="N",
        help="only the first N molecules of the library (default: 0, all)",
    )
    parser.add_argument(
        "--backend", choices=["alfabet"], help="what predicts (default: bde.backend in the config)"
    )
    arguments = parser.parse_args(argv)
    if arguments.max_samples < 0:
        parser.error(f"--max-samples: found {arguments.max_samples}, expected 0 (all) or more")

    from nextims.data.bde_generator import (
        BackendMissingError,
        BDECacheError,
        fill_cache,
        open_backend,
    )
    from nextims.data.ingest import IngestError
    from nextims.data.nist_dataset import ensure_store
    from nextims.data.store import SpectrumStore, StoreError

    try:
        config = load_config(arguments.config)
        backend = open_backend(arguments.backend or config.bde.backend)
        with SpectrumStore(ensure_store(config)) as store:
            structures = zip(store.column("inchikey"), store.column("smiles"), strict=True)
        summary = fill_cache(
            config.bde.cache,
            structures,
            backend,
            max_molecules=arguments.max_samples,
            batch_size=config.bde.batch_size,
        )
    except (
        ConfigError,
        IngestError,
        StoreError,
        BDECacheError,
        BackendMissingError,
        OSError,
    ) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(summary)
    print(f"written: {config.bde.cache}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
