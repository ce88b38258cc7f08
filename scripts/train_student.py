#!/usr/bin/env python
"""Phase 2: distil the student from a trained teacher.

The same as the command ``nextims train student``.
"""

import sys

from nextims.cli.subcommands.train_student import main

if __name__ == "__main__":
    sys.exit(main())
