#!/usr/bin/env python
"""Export a student as an ONNX file, which predict.py runs without PyTorch.

The same as the command ``nextims export``.
"""

import sys

from nextims.cli.subcommands.export import main

if __name__ == "__main__":
    sys.exit(main())
