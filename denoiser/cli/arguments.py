"""Ordinary command-line arguments whose errors are two lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from denoiser.errors import DenoiserError, nearest


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
        near = nearest(typo, options) if typo else None
        raise DenoiserError(f"{message} ({self.prog})", f"did you mean {near}?" if near else f"{self.prog} --help")
