#!/usr/bin/env python
"""Export a student as an ONNX file, which predict.py runs without PyTorch.

The file goes beside the checkpoint; predict.py uses it on the CPU as long as it is of the same
weights. Needs: pip install "nextims[onnx]"
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from nextims.cli.commands import ALL_DONE, run_command
from nextims.cli.options import command_parser
from nextims.config import load_config
from nextims.errors import UserError
from nextims.files.writing import check_output

EXAMPLE = """\
example:
  python scripts/export_onnx.py --checkpoint checkpoints/student/best_student.pt
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = command_parser(__doc__, EXAMPLE)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help="trained student (default: student.checkpoint of the settings)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: CKPT with .onnx)"
    )
    return run_command(partial(_export, parser.parse_args(argv)))


def _export(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    try:
        from nextims.inference.onnx.export import export_onnx
    except ImportError as error:
        raise UserError(f'{error.name} is missing: pip install "nextims[onnx]"') from error
    if arguments.output is not None:
        check_output(arguments.output, [".onnx"])
    written = export_onnx(arguments.checkpoint or config.student.checkpoint, arguments.output)
    print(f"written: {written} ({written.stat().st_size / 1e6:.1f} MB)")
    return ALL_DONE


if __name__ == "__main__":
    sys.exit(main())
