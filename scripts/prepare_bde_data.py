#!/usr/bin/env python
"""Get the DFT bond dissociation energies that the encoder is pretrained on.

They are a table in the Python package alfabet 0.1.0 (St. John et al., Nat. Commun. 2020, 11, 2328),
which is downloaded from the Python Package Index, 87 MB, and not installed. The result goes to
bde.data in config.yaml.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit

EXAMPLE = """examples:
  python scripts/prepare_bde_data.py
  python scripts/prepare_bde_data.py --archive alfabet-0.1.0.tar.gz
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings (default: config.yaml)"
    )
    parser.add_argument(
        "--archive",
        type=Path,
        metavar="FILE",
        help="the package, already downloaded: .tar.gz or .whl (default: download it)",
    )
    arguments = parser.parse_args(argv)
    config = load_config_or_exit(arguments.config)
    from nextims.data.bde.dft_table import BDEDataError, ensure_bde_data

    if arguments.archive is None:
        print("downloading alfabet 0.1.0, 87 MB", file=sys.stderr)
    try:
        summary = ensure_bde_data(config.bde.data, arguments.archive)
    except (BDEDataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; nothing was written", file=sys.stderr)
        return 130
    print(summary)
    print(f"written: {config.bde.data}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
