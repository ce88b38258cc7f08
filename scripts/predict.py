#!/usr/bin/env python
"""Predict electron-ionization mass spectra of structures.

The same as the command ``nextims predict``.
"""

import sys

from nextims.cli.subcommands.predict import main

if __name__ == "__main__":
    sys.exit(main())
