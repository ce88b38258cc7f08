#!/usr/bin/env python
"""Phase 0: predict the bond dissociation energies of the library's molecules, or of one.

The same as the command ``nextims bde``.
"""

import sys

from nextims.cli.subcommands.bde import main

if __name__ == "__main__":
    sys.exit(main())
