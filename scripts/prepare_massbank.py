#!/usr/bin/env python
"""Make the store of spectra from MassBank records, on disk or downloaded first.

The same as the command ``nextims prepare massbank``.
"""

import sys

from nextims.cli.subcommands.prepare_massbank import main

if __name__ == "__main__":
    sys.exit(main())
