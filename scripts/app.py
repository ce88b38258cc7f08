#!/usr/bin/env python
"""Open a page to draw a molecule and see its spectrum.

The same as the command ``nextims app``.
"""

import sys

from nextims.cli.subcommands.app import main

if __name__ == "__main__":
    sys.exit(main())
