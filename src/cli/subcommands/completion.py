"""Print what makes a shell complete the command nextims: commands, options, values and files."""

from __future__ import annotations

import argparse
from importlib import import_module

from ..commands import ALL_DONE, main_of
from ..main import COMMANDS, module_name
from ..options import command_parser

EXAMPLES = """\
examples, each for the next shell that is opened:
  nextims completion bash > ~/.local/share/bash-completion/completions/nextims
  nextims completion zsh > ~/.nextims-completion && echo "source ~/.nextims-completion" >> ~/.zshrc
  nextims completion fish > ~/.config/fish/completions/nextims.fish
"""
# Where nothing fits, the shell offers the names of files.
_BASH = """\
_nextims() {{
    local offered="" current="${{COMP_WORDS[COMP_CWORD]}}"
    local words="${{COMP_WORDS[*]:1:$((COMP_CWORD - 1))}} "
    case "$words" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$offered" -- "$current"))
}}
complete -o default -F _nextims nextims
"""
_FISH = """\
function __nextims
    set -l words (commandline -opc)
    set -e words[1]
    switch "$words "
{cases}
    end
end
complete -c nextims -a '(__nextims)'
"""
# Of each shell: the script, a line of it, and what stands for any words in its patterns.
_SHELLS = {
    "bash": (_BASH, "        \"{pattern}\") offered='{words}' ;;", '"*"'),
    "zsh": (
        "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n" + _BASH,
        "        \"{pattern}\") offered='{words}' ;;",
        '"*"',
    ),
    "fish": (_FISH, "        case '{pattern}'\n            string split -n ' ' -- '{words}'", "*"),
}


def build_parser(prog: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command, which the shell calls ``prog``."""
    parser = command_parser(__doc__, EXAMPLES, prog, configured=False)
    parser.add_argument("shell", nargs="?", choices=tuple(_SHELLS), default="bash", metavar="SHELL")
    return parser


def _print(arguments: argparse.Namespace) -> int:
    script, line, any_words = _SHELLS[arguments.shell]
    cases = "\n".join(
        line.format(pattern=any_words.join(pattern), words=" ".join(words))
        for pattern, words in _cases()
    )
    print(script.format(cases=cases), end="")
    return ALL_DONE


def _cases() -> list[tuple[tuple[str, ...], list[str]]]:
    """Return what is offered after which words, of which others may stand between two.

    Of patterns that fit, a shell takes the first: values, then options, then commands.
    """
    cases = []
    for name in sorted(COMMANDS, key=len, reverse=True):
        module = import_module(f".{module_name(name)}", __package__)
        actions = module.build_parser()._actions
        for action in actions:
            takes_value = action.nargs is None or action.nargs == "+"
            for option in action.option_strings if takes_value else ():
                # Of a file, nothing is offered but what the shell finds.
                cases.append(((f"{name} ", f"{option} "), [*map(str, action.choices or ())]))
        offered = [option for action in actions for option in action.option_strings]
        offered += [
            str(choice)
            for action in actions
            if not action.option_strings
            for choice in action.choices or ()
        ]
        cases.append(((f"{name} ", ""), offered + _following(f"{name} ")))
    groups = {name.split()[0] for name in COMMANDS} - COMMANDS.keys()
    cases += [((f"{group} ",), _following(f"{group} ")) for group in sorted(groups)]
    cases.append(((" ",), [*_following(""), "--version", "--help"]))
    return cases


def _following(beginning: str) -> list[str]:
    """Return the words with which commands go on."""
    rest = [name.removeprefix(beginning) for name in COMMANDS if name.startswith(beginning)]
    return list(dict.fromkeys(name.split()[0] for name in rest))


main = main_of(build_parser, _print)
