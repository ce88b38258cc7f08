"""Export a student as an ONNX file, which nextims predict runs without PyTorch.

The file goes beside the checkpoint; nextims predict uses it on the CPU as long as it is of the same
weights. Needs: pip install "nextims[onnx]"
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ...config import load_config
from ...errors import UserError
from ...files.writing import check_output
from ..commands import ALL_DONE, run_command
from ..options import command_parser

EXAMPLE = """\
example:
  nextims export --checkpoint checkpoints/student/best_student.pt
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLE, prog)
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help="trained student (default: student.checkpoint of the settings)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: CKPT with .onnx)"
    )
    return parser


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = build_parser(prog).parse_args(argv)
    return run_command(partial(_export, arguments), quiet=arguments.quiet)


def _export(arguments: argparse.Namespace) -> int:
    config = load_config(arguments.config)
    try:
        from ...inference.onnx.export import export_onnx
    except ImportError as error:
        raise UserError(f'{error.name} is missing: pip install "nextims[onnx]"') from error
    if arguments.output is not None:
        check_output(arguments.output, [".onnx"])
    written = export_onnx(arguments.checkpoint or config.student.checkpoint, arguments.output)
    print(f"written: {written} ({written.stat().st_size / 1e6:.1f} MB)")
    return ALL_DONE
