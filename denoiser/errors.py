"""The error that users read, and checks that raise it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

SOME_FAILED, NOT_POSSIBLE, ENVIRONMENT, DIVERGED, INTERRUPTED, TERMINATED = 1, 2, 3, 4, 130, 143
"""Exit codes, see `DenoiserError`."""


class DenoiserError(Exception):
    """A failure in two lines: the problem, and the command or key that fixes it.

    Args:
        what: the problem, with its file, key or command in brackets.
        fix: one command or key.
        code: exit code: 1 some of many items failed, 2 the command asks for something that does not exist or is not
            possible, 3 environment (disk, permission, network), 4 diverged, 130 interrupted, 143 terminated.

    >>> print(DenoiserError("no data 'bsd500' (data=bsd500)", "data=bsds500"))
    error: no data 'bsd500' (data=bsd500)
    fix: data=bsds500
    """

    def __init__(self, what: str, fix: str, code: int = NOT_POSSIBLE) -> None:
        """Keep the two lines and the exit code."""
        super().__init__(what, fix, code)
        self.what, self.fix, self.code = what, fix, code

    def __str__(self) -> str:
        """The two lines; line breaks within the texts become spaces."""
        return f"error: {' '.join(self.what.split())}\nfix: {' '.join(self.fix.split())}"


def nearest(name: str, candidates: Iterable[str], cutoff: float = 0.5) -> str | None:
    """The candidate that `name` was most likely meant to be, in upper or lower case, or None if none is close.

    Args:
        name: what was typed.
        candidates: what exists.
        cutoff: the smallest likeness, from 0 to 1.

    >>> nearest("bsd500", ["mnist", "bsds500", "cbsd68"]), nearest("DnCNN", ["bsds_deep", "dncnn"])
    ('bsds500', 'dncnn')
    """
    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def number(value: object) -> bool:
    """Whether `value` is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def require(condition: bool, key: str, value: object, problem: str, example: str) -> None:
    """Refuse the value of a key unless a condition is fulfilled.

    Raises:
        DenoiserError: the condition is false; the message is that the value is `problem`, the fix is the `example`.
    """
    if not condition:
        raise DenoiserError(f"{key}={value} is {problem} ({key})", f"{key}={example}")
