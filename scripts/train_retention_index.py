#!/usr/bin/env python
"""Fit the model of retention indices.

The same as the command ``nextims train retention-index``.
"""

import sys

from nextims.cli.subcommands.train_retention_index import main

if __name__ == "__main__":
    sys.exit(main())
