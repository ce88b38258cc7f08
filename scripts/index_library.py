#!/usr/bin/env python
"""Make the index of a library of spectra, so that search.py finds its way in it at once.

The same as the command ``nextims index``.
"""

import sys

from nextims.cli.subcommands.index import main

if __name__ == "__main__":
    sys.exit(main())
