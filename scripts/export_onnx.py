#!/usr/bin/env python
"""Export a student as an ONNX file, which predict.py runs without PyTorch.

The file goes beside the checkpoint; predict.py uses it on the CPU as long as it is of the same
weights. Needs: pip install -e ".[onnx]"
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nextims.config import DEFAULT_CONFIG, load_config_or_exit


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="Example: python scripts/export_onnx.py "
        "--checkpoint checkpoints/student/best_student.pt",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, help="settings (default: config.yaml)"
    )
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="CKPT",
        help="trained student (default: student.checkpoint of the settings)",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: CKPT with .onnx)"
    )
    arguments = parser.parse_args(argv)
    config = load_config_or_exit(arguments.config)
    try:
        from nextims.inference.onnx.export import export_onnx
    except ImportError as error:
        print(f'error: {error.name} is missing: pip install -e ".[onnx]"', file=sys.stderr)
        return 2
    try:
        written = export_onnx(arguments.checkpoint or config.student.checkpoint, arguments.output)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"written: {written} ({written.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
