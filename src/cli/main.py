"""The command ``nextims``: finds the module of the command asked for, and imports no other."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from importlib import import_module

from ..version import __version__

# By what follows ``nextims``: each is a module of ``subcommands``, underscores for spaces and
# hyphens.
COMMANDS = {
    "predict": "spectra of structures",
    "search": "a measured spectrum in a library, or among candidates",
    "index": "make the index of a large library",
    "compare": "two spectra, by all scores",
    "bde": "bond dissociation energies",
    "train": "all phases, from library to student",
    "train teacher": "pretrain the encoder, or train the teacher",
    "train student": "distil the student from the teacher",
    "train trust": "learn how far to trust the student",
    "train retention-index": "fit the model of retention indices",
    "evaluate": "score a model against measured spectra",
    "export": "a student as ONNX, which predicts without PyTorch",
    "prepare library": "the store of spectra, from files of any format",
    "prepare massbank": "the store of spectra, from MassBank",
    "prepare bde": "the DFT bond energies that the encoder learns from",
    "memory": "what a library takes of memory",
    "app": "a page to draw a molecule and see its spectrum",
    "completion": "what makes a shell complete all this",
}
_USAGE = """\
usage: nextims COMMAND [OPTION ...]

Electron-ionization mass spectra predicted from structures.

{commands}

nextims COMMAND --help tells of a command; nextims --version of the version.
"""


def module_name(command: str) -> str:
    """Return the name of the module of a command.

    Example:
        >>> from nextims.cli.main import module_name
        >>> module_name("train retention-index")
        'train_retention_index'
    """
    return re.sub("[ -]", "_", command)


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit status.

    Args:
        argv: the command and its options; those of the process if left out.

    Example:
        >>> from nextims.cli.main import main
        >>> main(["--version"])
        nextims 0.1.0
        0
    """
    words = sys.argv[1:] if argv is None else argv
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            module = import_module(f".subcommands.{module_name(name)}", __package__)
            return module.main(words[length:], prog=f"nextims {name}")
    if words[:1] == ["--version"]:
        print(f"nextims {__version__}")
        return 0
    # "prepare" is no command, and several begin so.
    group = [name for name in COMMANDS if words and name.startswith(f"{words[0]} ")]
    asked = words[1:] if group else words
    if not asked or asked[0] in ("--help", "-h", "help"):
        lines = (f"  {name:<23}{COMMANDS[name]}" for name in group or COMMANDS)
        print(_USAGE.format(commands="\n".join(lines)), end="")
        return 0
    wanted = " ".join(words[: 2 if group else 1])
    nearest = get_close_matches(" ".join(words[:2]), group or COMMANDS, 1, 0.5)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    print(f"nextims: no command {wanted!r}; {hint}nextims --help lists them", file=sys.stderr)
    return 2
