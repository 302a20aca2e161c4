"""How much of a picture is done, for whoever waits for it: the tiles report it, and a `Watcher` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Watcher(Protocol):
    """Follows the work on a picture, which has one or several parts: its colours, then each further band."""

    def expect(self, values: int) -> None:
        """A part begins, in which this many values (pixels times channels) will be computed."""

    def add(self, values: int) -> None:
        """Some values of the part are computed."""


_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Report the work of the block to a watcher.

    >>> class Printer:
    ...     def expect(self, values): print("of", values)
    ...     def add(self, values): print(values)
    >>> with watched(Printer()):
    ...     expect(300); add(100)
    of 300
    100
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def expect(values: int) -> None:
    """Tell the watcher, if there is one, that a part begins, see `Watcher.expect`."""
    if watcher := _WATCHER.get():
        watcher.expect(values)


def add(values: int) -> None:
    """Tell the watcher, if there is one, what was computed, see `Watcher.add`."""
    if watcher := _WATCHER.get():
        watcher.add(values)
