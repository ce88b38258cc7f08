#!/usr/bin/env python
"""Get the DFT bond dissociation energies that the encoder is pretrained on.

The same as the command ``nextims prepare bde``.
"""

import sys

from nextims.cli.subcommands.prepare_bde import main

if __name__ == "__main__":
    sys.exit(main())
