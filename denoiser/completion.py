"""`denoiser completion`: scripts that complete verbs, groups, choices and keys in a shell; Hydra knows the words."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.cli.main import VERBS
from denoiser.machine.terminal import say

BASH = """_denoiser() {
    local words=$(COMP_LINE="${COMP_LINE:0:$COMP_POINT}" denoiser completion words 2>/dev/null)
    COMPREPLY=($(compgen -o default -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _denoiser denoiser"""
ZSH = f"autoload -U +X bashcompinit && bashcompinit\n{BASH}"
FISH = "complete -c denoiser -a '(COMP_LINE=(commandline -cp | string collect) denoiser completion words)'"
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
HYDRA = ("run", "evaluate")
"""The verbs that take Hydra's overrides."""
HELP = """print the script that completes `denoiser` in a shell

  bash: echo 'eval "$(denoiser completion bash)"' >> ~/.bashrc
  zsh:  echo 'eval "$(denoiser completion zsh)"' >> ~/.zshrc
  fish: denoiser completion fish > ~/.config/fish/completions/denoiser.fish
"""


def words(line: str) -> list[str]:
    """The words that can stand at the end of a command line.

    Args:
        line: the command line up to the cursor, as the shell holds it in COMP_LINE.

    >>> words("denoiser ev"), words("denoiser run model=cifar_s")
    (['evaluate'], ['model=cifar_shallow', 'model=cifar_strided'])
    """
    _, _, rest = line.lstrip().partition(" ")
    verb, space, overrides = rest.lstrip().partition(" ")
    if not space:
        return [choice for choice in VERBS if choice.startswith(verb)]
    return _hydra_words(verb, overrides) if verb in HYDRA else []


def _hydra_words(verb: str, overrides: str) -> list[str]:
    """The words of Hydra, whose query reads the line from the environment and prints."""
    module = importlib.import_module(f"denoiser.{verb}")
    before = os.environ.get("COMP_LINE")
    os.environ["COMP_LINE"] = f"{verb} {overrides}"
    try:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            module.main(["--shell-completion", "query=bash"])
    finally:
        if before is None:
            del os.environ["COMP_LINE"]
        else:
            os.environ["COMP_LINE"] = before
    return output.getvalue().split()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    return failures.guarded(lambda: _command(list(sys.argv[1:] if arguments is None else arguments)))


def _command(arguments: Sequence[str]) -> int:
    parser = Parser("denoiser completion", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shell", choices=[*SCRIPTS, "words"], metavar="SHELL", help=", ".join(SCRIPTS))
    shell = parser.parse_args(arguments).shell
    say(*(words(os.environ.get("COMP_LINE", "")) if shell == "words" else [SCRIPTS[shell]]), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
