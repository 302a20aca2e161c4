"""The error that users read, and checks that raise it."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

SOME_FAILED, NOT_POSSIBLE, ENVIRONMENT, DIVERGED, INTERRUPTED, TERMINATED = 1, 2, 3, 4, 130, 143
"""Exit codes, see `DenoiserError`."""
SHOWN = 12
"""Largest number of keys or arguments that an error lists."""


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
    """Whether `value` is a finite number, also of numpy."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def require(condition: bool, key: str, value: object, problem: str, example: str) -> None:
    """Refuse the value of a key unless a condition is fulfilled.

    Raises:
        DenoiserError: the condition is false; the message is that the value is `problem`, the fix is the `example`.
    """
    if not condition:
        raise DenoiserError(f"{key}={value} is {problem} ({key})", f"{key}={example}")


def check_whole(key: str, value: object, lowest: int, example: int = 32) -> int:
    """A whole number of at least `lowest`, also of numpy.

    Args:
        key: its key.
        value: the number.
        lowest: the smallest one that is allowed.
        example: one that the error advises; where 0 is allowed, it is 0.

    Raises:
        DenoiserError: it is another value.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= lowest
    require(whole, key, value, f"not a whole number of at least {lowest}", str(example * lowest))
    return int(value)  # type: ignore[call-overload,no-any-return]


def check_arguments(kind: str, factory: Any, options: Iterable[str], own: Iterable[str], later: Any = None) -> None:
    """Refuse an option that a class or function does not take, as far as that is known.

    Args:
        kind: what is built, for the error.
        factory: the class or function.
        options: names of the arguments that configuration gives.
        own: names of those that it cannot give.
        later: what the class passes its unknown arguments on to.

    Raises:
        DenoiserError: names the option, and what is taken.
    """
    known = arguments_of(factory, later) or ()
    taken = [name for name in known if name not in (*own, "log_dir")]  # which loggers make themselves
    for option in options:
        if taken and option not in taken:
            near = nearest(option, taken)
            listed = ", ".join(taken if len(taken) <= SHOWN else [*taken[:SHOWN], "..."])
            fix = f"did you mean {near}?" if near else f"leave it out, or one of {listed}"
            raise DenoiserError(f"{factory.__name__} takes no '{option}' (keys of {kind})", fix)


def arguments_of(factory: Any, later: Any = None) -> list[str] | None:
    """Names of the arguments of a class or function, with those that it passes on; None where not all are known.

    Args:
        factory: the class or function.
        later: what the class passes its unknown arguments on to.
    """
    inits = [each for each in getattr(factory, "__mro__", ()) if "__init__" in vars(each)] or [factory]
    names: list[str] = []
    for each in [inits[0], later] if later else inits:
        parameters = inspect.signature(each).parameters.values()
        names += [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
        if each is not object and all(one.kind is not one.VAR_KEYWORD for one in parameters):
            return list(dict.fromkeys(names))
    return None
