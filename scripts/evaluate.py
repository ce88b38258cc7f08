#!/usr/bin/env python
"""Score a trained model against the measured spectra of a split.

The same as the command ``nextims evaluate``.
"""

import sys

from nextims.cli.subcommands.evaluate import main

if __name__ == "__main__":
    sys.exit(main())
