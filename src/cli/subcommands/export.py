"""Export a student as an ONNX file, which nextims predict runs without PyTorch.

The file goes beside the checkpoint; nextims predict uses it on the CPU as long as it is of the same
weights. Needs: pip install "nextims[onnx]"
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ...config import load_config
from ...errors import UserError
from ...files.writing import check_output
from ..commands import ALL_DONE, check_overwritten, main_of, told_if_long
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


def _export(arguments: argparse.Namespace) -> int:
    checkpoint = arguments.checkpoint or load_config(arguments.config).student.checkpoint
    if arguments.output is not None:
        check_output(arguments.output, [".onnx"])
        check_overwritten([arguments.output])
    with told_if_long(f"exporting {checkpoint}"):
        try:
            from ...inference.onnx.export import export_onnx
        except ImportError as error:
            raise UserError(f'{error.name} is missing: pip install "nextims[onnx]"') from error
        written = export_onnx(checkpoint, arguments.output)
    print(f"written: {written} ({written.stat().st_size / 1e6:.1f} MB)")
    return ALL_DONE


main = main_of(build_parser, _export)
