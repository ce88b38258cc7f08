#!/usr/bin/env python
"""What a library of spectra takes of memory, in either mode of ``data.memory_efficient_mode``.

The same as the command ``nextims memory``.
"""

import sys

from nextims.cli.subcommands.memory import main

if __name__ == "__main__":
    sys.exit(main())
