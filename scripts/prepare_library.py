#!/usr/bin/env python
"""Make the store of spectra from one library or several, in any format that is read.

The same as the command ``nextims prepare library``.
"""

import sys

from nextims.cli.subcommands.prepare_library import main

if __name__ == "__main__":
    sys.exit(main())
