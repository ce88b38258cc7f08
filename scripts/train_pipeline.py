#!/usr/bin/env python
"""All phases: store, bond energies, teacher, student, evaluation.

The same as the command ``nextims train``.
"""

import sys

from nextims.cli.subcommands.train import main

if __name__ == "__main__":
    sys.exit(main())
