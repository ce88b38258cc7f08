"""Print what makes bash or zsh complete the command nextims: commands, options and their values."""

from __future__ import annotations

import argparse
from importlib import import_module

from ..commands import ALL_DONE, run_command
from ..main import COMMANDS, module_name
from ..options import command_parser

EXAMPLES = """\
examples:
  nextims completion > ~/.local/share/bash-completion/completions/nextims    (bash)
  nextims completion > ~/.nextims-completion                                 (zsh; then, in .zshrc:)
      autoload -U +X compinit bashcompinit && compinit && bashcompinit
      source ~/.nextims-completion
"""
# Where nothing fits, the shell offers the names of files.
_SCRIPT = """\
_nextims() {{
    local offered="" current="${{COMP_WORDS[COMP_CWORD]}}"
    local words="${{COMP_WORDS[*]:1:COMP_CWORD-1}} "
    case "$words" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$offered" -- "$current"))
}}
complete -o default -F _nextims nextims
"""


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    return command_parser(__doc__, EXAMPLES, prog, configured=False)


def main(argv: list[str] | None = None, prog: str | None = None) -> int:
    """Run the command and return its exit status."""
    build_parser(prog).parse_args(argv)
    return run_command(_print)


def _print() -> int:
    # Of patterns that fit, the shell takes the first: values, then options, then commands.
    cases = []
    for name in sorted(COMMANDS, key=len, reverse=True):
        module = import_module(f".{module_name(name)}", __package__)
        actions = module.build_parser()._actions
        for action in actions:
            for option in action.option_strings if action.choices else ():
                cases.append((f'"{name} "*"{option} "', [*map(str, action.choices)]))
        options = [option for action in actions for option in action.option_strings]
        cases.append((f'"{name} "*', options + _following(f"{name} ")))
    cases.append(('" "', [*_following(""), "--version", "--help"]))
    lines = (f"        {pattern}) offered='{' '.join(words)}' ;;" for pattern, words in cases)
    print(_SCRIPT.format(cases="\n".join(lines)), end="")
    return ALL_DONE


def _following(beginning: str) -> list[str]:
    """Return the words with which commands go on."""
    rest = [name.removeprefix(beginning) for name in COMMANDS if name.startswith(beginning)]
    return list(dict.fromkeys(name.split()[0] for name in rest))
