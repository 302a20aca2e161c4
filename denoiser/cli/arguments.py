"""Ordinary command-line arguments whose errors are two lines."""

from __future__ import annotations

import argparse
import os
import re
from typing import NoReturn

from denoiser.errors import DenoiserError, nearest

_CHOICE = re.compile(r"argument (?:\S+/)?(\S+): invalid choice: '?([^']*?)'? \(choose from (.*)\)")
_PLAIN = {"invalid float value:": "not a number:", "invalid int value:": "not a whole number:"}
"""Words of argparse, and what users call that."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `DenoiserError` instead of printing its usage."""

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
            fix = f"{option} {near}" if near else fix
        for of_python, plain in _PLAIN.items():
            message = message.replace(of_python, plain)
        raise DenoiserError(f"{message} ({self.prog})", fix)
