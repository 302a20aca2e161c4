"""Ordinary command-line arguments whose errors are two lines."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
from typing import Any, NoReturn

from denoiser.errors import DenoiserError, nearest
from denoiser.machine.terminal import say

DISTRIBUTION = "denoiser-lightning"


def version() -> str:
    """The installed version, or `unknown` if the package is used without being installed."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        say(version())
        parser.exit()


_CHOICE = re.compile(r"argument (\S+): invalid choice: '?([^']*?)'? \(choose from (.*)\)")
_PLAIN = {"invalid float value:": "not a number:", "invalid int value:": "not a whole number:"}
"""Words of argparse, and what users call that."""


class Parser(argparse.ArgumentParser):
    """An argument parser that has `--version` and raises `DenoiserError` instead of printing its usage."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        none = argparse.SUPPRESS
        self.add_argument("--version", action=_Version, nargs=0, dest=none, default=none, help="print the version")

    def error(self, message: str) -> NoReturn:
        """Raise two lines, with the option that was most likely meant.

        Raises:
            DenoiserError: always.
        """
        options = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
        unrecognized = message.partition("unrecognized arguments:")[2].split()
        typo = next((word for word in unrecognized if word.startswith("-")), None)
        fix = f"did you mean {near}?" if typo and (near := nearest(typo, options)) else f"{self.prog} --help"
        if typo and os.path.lexists(typo):
            fix = f"./{typo}, because names that begin with - are taken for options"
        if choice := _CHOICE.search(message):
            option, value, choices = choice.groups()
            near = nearest(value, re.findall(r"[^\s',]+", choices))
            fix = f"{max(option.split('/'), key=len)} {near}" if near else fix
        for of_python, plain in _PLAIN.items():
            message = message.replace(of_python, plain)
        raise DenoiserError(f"{message} ({self.prog})", fix)
