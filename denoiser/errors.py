"""The one kind of failure that a user is meant to read, and the nearest name to what they typed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

SOME_FAILED, NOT_POSSIBLE, ENVIRONMENT, DIVERGED, INTERRUPTED, TERMINATED = 1, 2, 3, 4, 130, 143


class DenoiserError(Exception):
    """A failure told in two lines: what is wrong (and where), and the one command or key that mends it.

    Args:
        what: what is wrong, with the place in brackets.
        fix: one command or key.
        code: exit code; 1 some of many items failed, 2 asked for what is not there or not possible, 3 environment
            (disk, permission, network), 4 diverged, 130 interrupted, 143 terminated.
    """

    def __init__(self, what: str, fix: str, code: int = NOT_POSSIBLE) -> None:
        """Keep the two lines and the exit code."""
        super().__init__(what, fix, code)
        self.what, self.fix, self.code = what, fix, code

    def __str__(self) -> str:
        """The two lines that a user sees, whatever line breaks the cause had."""
        return f"error: {' '.join(self.what.split())}\nfix: {' '.join(self.fix.split())}"


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None if none is close.

    >>> nearest("bsd500", ["mnist", "bsds500", "cbsd68"])
    'bsds500'
    """
    matches = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.5)
    return matches[0] if matches else None


def number(value: object) -> bool:
    """Whether `value` is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def require(fulfilled: bool, key: str, value: object, problem: str, example: str) -> None:
    """Refuse `value` for `key` unless `fulfilled`.

    Raises:
        DenoiserError: it is not fulfilled; says that the value is `problem` and gives the `example`.
    """
    if not fulfilled:
        raise DenoiserError(f"{key}={value} is {problem} ({key})", f"{key}={example}")
