#!/usr/bin/env python
"""Phase 1: pretrain the encoder on DFT bond energies, then train the teacher on spectra.

The same as the command ``nextims train teacher``.
"""

import sys

from nextims.cli.subcommands.train_teacher import main

if __name__ == "__main__":
    sys.exit(main())
