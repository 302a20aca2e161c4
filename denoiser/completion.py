"""`denoiser completion`: scripts that complete verbs, options, groups, choices, keys and names in a shell."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.cli.completions import argument_words, awaited, described
from denoiser.cli.hydra_errors import flags_parser, split
from denoiser.cli.main import VERBS
from denoiser.config import EVALUATE, RUN, Application, compose
from denoiser.errors import DenoiserError
from denoiser.evaluation.baseline import BASELINES
from denoiser.machine.terminal import say
from denoiser.search_path import config_dirs, groups, options, searching
from denoiser.weights import shipped

BASH = """_denoiser() {
    local words=$(COMP_LINE="${COMP_LINE:0:$COMP_POINT}" denoiser completion words 2>/dev/null)
    COMPREPLY=($(compgen -o default -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//=}
complete -o nospace -o default -F _denoiser denoiser"""
ZSH = f"autoload -U +X bashcompinit && bashcompinit\n{BASH}"
FISH = "complete -c denoiser -a '(COMP_LINE=(commandline -cp | string collect) denoiser completion words)'"
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
HYDRA = {"run": RUN, "evaluate": EVALUATE}
"""The verbs that take Hydra's overrides."""
PARSED = {
    "denoise": "denoiser.denoise",
    "export": "denoiser.export",
    "report": "denoiser.report",
    "data": "denoiser.data.__main__",
    "completion": "denoiser.completion",
}
"""The modules of the other verbs, each with `command_parser`; `bench` imports torch, which takes seconds."""
NAMES: dict[tuple[str, str], Callable[[], Sequence[str]]] = {
    ("denoise", "model"): shipped.list_weights,
    ("export", "model"): shipped.list_weights,
    ("data", "names"): lambda: options("data"),
    ("completion", "shell"): lambda: list(SCRIPTS),
}
"""The names that an argument of a verb takes."""
KEYS = {"baseline": BASELINES, "checkpoint": shipped.NAMES, "init": shipped.NAMES}
"""The names that a key takes."""
HELP = """print the script that completes `denoiser` in a shell

  bash: echo 'eval "$(denoiser completion bash)"' >> ~/.bashrc
  zsh:  echo 'eval "$(denoiser completion zsh)"' >> ~/.zshrc
  fish: denoiser completion fish > ~/.config/fish/completions/denoiser.fish
"""


def words(line: str) -> list[str]:
    """The words that can stand at the end of a command line; none where a file or anything else can.

    Args:
        line: the command line up to the cursor, as the shell holds it in COMP_LINE.

    >>> words("denoiser ev"), words("denoiser run model=cifar_s")
    (['evaluate'], ['model=cifar_shallow', 'model=cifar_strided'])
    """
    _, _, rest = line.lstrip().partition(" ")
    verb, space, arguments = rest.lstrip().partition(" ")
    if not space:
        return [choice for choice in VERBS if choice.startswith(verb)]
    before, _, word = arguments.rpartition(" ")
    try:
        typed = shlex.split(before)
    except ValueError:  # inside of quotes
        return []
    if verb in HYDRA:
        return _hydra_words(HYDRA[verb], typed, word)
    if verb not in PARSED:
        return []
    module = importlib.import_module(PARSED[verb])
    names = {argument: known() for (command, argument), known in NAMES.items() if command == verb}
    return argument_words(module.command_parser(), typed, word, names)


def _hydra_words(application: Application, before: Sequence[str], word: str) -> list[str]:
    """The words of `run` and `evaluate`: flags and their values, methods, groups, choices, keys and their values."""
    parser = flags_parser(application.command)
    if parser and (word.startswith("-") or ((action := awaited(parser, before)) and action.option_strings)):
        return argument_words(parser, before, word, {})
    flags, overrides, folders = split(application.command, before)
    typed = [override for override in overrides if "=" in override or override.startswith("~")]
    with searching(folders):
        found = [*_methods(application, word), *_values(application, typed, word)]
        found += _of_hydra(application, [flag for flag in flags if flag.startswith("--config-")], typed, word)
        return _evaluated(list(dict.fromkeys(found))) if application is EVALUATE else list(dict.fromkeys(found))


def _methods(application: Application, word: str) -> list[str]:
    """The methods of `evaluate` that need no key."""
    methods = (*BASELINES, *shipped.NAMES) if application is EVALUATE else ()
    return [name for name in methods if name.startswith(word)]


def _values(application: Application, overrides: Sequence[str], word: str) -> list[str]:
    """The values of the key of KEY=VALUE, also of the last one of a list."""
    key, equals, value = word.partition("=")
    if not equals:
        return []
    name, start = key.lstrip("+"), value[: max(value.rfind("["), value.rfind(",")) + 1]
    known = KEYS.get(name) or described(name, application, overrides, config_dirs())
    return [one for one in (f"{key}={start}{choice}" for choice in known) if one.startswith(word)]


def _evaluated(words: Sequence[str]) -> list[str]:
    """The words that `evaluate` takes: Hydra also knows the groups of `run`, and keys that affect training alone."""
    check = importlib.import_module("denoiser.evaluate").check
    config, taken = compose((), EVALUATE), []
    for word in words:
        group = re.split("[.=]", word)[0]
        with contextlib.suppress(DenoiserError):
            check([word.removesuffix(".")])
            taken += [word] if group in config or group not in groups() else []
    return taken


def _of_hydra(application: Application, flags: Sequence[str], overrides: Sequence[str], word: str) -> list[str]:
    """The words of Hydra, whose query reads the line from the environment and prints."""
    module = importlib.import_module(f"denoiser.{application.command.split()[-1]}")
    before = os.environ.get("COMP_LINE")
    os.environ["COMP_LINE"] = " ".join([application.command.split()[-1], *overrides, word])
    try:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            module.main([*flags, "--shell-completion", "query=bash"])
    finally:
        if before is None:
            del os.environ["COMP_LINE"]
        else:
            os.environ["COMP_LINE"] = before
    return output.getvalue().split()


def _silent_words(line: str) -> list[str]:
    """`words`, or none where the line is not understood: an error would be printed into the line that is typed."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(Exception, SystemExit):
        return words(line)
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    return failures.guarded(lambda: _command(list(sys.argv[1:] if arguments is None else arguments)))


def _command(arguments: Sequence[str]) -> int:
    shell = command_parser().parse_args(arguments).shell
    say(*(_silent_words(os.environ.get("COMP_LINE", "")) if shell == "words" else [SCRIPTS[shell]]), sep="\n")
    return 0


def command_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser("denoiser completion", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shell", choices=[*SCRIPTS, "words"], metavar="SHELL", help=", ".join(SCRIPTS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
