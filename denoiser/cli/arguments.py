"""Ordinary arguments whose mistakes are told in the two lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from denoiser.errors import DenoiserError, nearest


class Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        """Raise two lines, with the option that was most likely meant.

        Raises:
            DenoiserError: always.
        """
        known = [option for action in self._actions for option in action.option_strings if option.startswith("--")]
        unknown = message.partition("unrecognized arguments:")[2].split()
        wrong = next((word for word in unknown if word.startswith("-")), None)
        near = nearest(wrong, known) if wrong else None
        raise DenoiserError(f"{message} ({self.prog})", f"did you mean {near}?" if near else f"{self.prog} --help")
