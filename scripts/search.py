#!/usr/bin/env python
"""Find which molecule a measured EI mass spectrum is of, in a library or among candidates.

The same as the command ``nextims search``.
"""

import sys

from nextims.cli.subcommands.search import main

if __name__ == "__main__":
    sys.exit(main())
