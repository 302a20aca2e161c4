"""How many pictures are done and how long the others will take: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import math
import threading
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

EVERY = 30.0
"""Seconds between two lines in a log."""
MEASURED_SHARE, MEASURED_SECONDS = 0.05, 20.0
"""Share of the work, or seconds, over which the speed is measured before the remaining time is estimated."""


class BatchProgress:
    """Counts pictures from several threads; a context that shows the progress on stderr.

    Args:
        pictures: how many there are.
        size: bytes of their files, from which the remaining time is estimated.
        shown: whether to show anything.
    """

    def __init__(self, pictures: int, size: int, shown: bool = True) -> None:
        self.pictures, self.size = pictures, size + pictures  # a picture counts even where its file is empty
        self.done, self.failed, self.megapixels, self._read = 0, 0, 0.0, 0
        self._begun, self._of, self._bytes = 0.0, 0.0, 0.0  # of the picture that the network works on
        self._page = ""  # the page of it
        self._work = 0.0  # bytes of files that are done
        self._first: tuple[float, float] | None = None  # when the first work was done, and how much it was
        self._lock, self._started = threading.Lock(), monotonic()
        self._printed = self._started
        console = Console(stderr=True)
        columns = (BarColumn(), TextColumn("{task.description}"))
        bar = shown and console.is_terminal
        self._bar = Progress(*columns, console=console, transient=True, disable=not bar)
        self._task = self._bar.add_task(str(self), total=self.size)
        self._console = console if shown and not bar else None

    def __enter__(self) -> Self:
        """Start the clock."""
        self._printed = self._started = monotonic()
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the bar."""
        self._bar.stop()

    def add(self, size: int, megapixels: float | None) -> None:
        """Count a picture.

        Args:
            size: bytes of its file.
            megapixels: its size; None if it could not be denoised.
        """
        with self._lock:
            self.done, self.failed = self.done + (megapixels is not None), self.failed + (megapixels is None)
            self.megapixels, self._read = self.megapixels + (megapixels or 0), self._read + size + 1
            if megapixels is None or self._begun == self._of:
                self._begun = self._of = self._bytes = 0.0
                self._page = ""
            self._show()

    def picture(self, size: int, megapixels: float, parts: int) -> PictureProgress:
        """A picture that the network begins, of which `add` will count the end.

        Args:
            size: bytes of its file.
            megapixels: its size.
            parts: how often `PictureProgress.expect` will be called.
        """
        return PictureProgress(self, size, megapixels, parts)

    def at_page(self, number: int, count: int) -> None:
        """Show which page of a file of several is being denoised, from 1."""
        with self._lock:
            self._page = f"page {number} of {count}"

    def reach(self, size: int, megapixels: float, share: float) -> None:
        """Show how much of a picture is denoised.

        Args:
            size: bytes of its file.
            megapixels: its size.
            share: what is done, 0 to 1; at 1 the picture waits for `add`.
        """
        with self._lock:
            self._begun, self._of, self._bytes = share * megapixels, megapixels, share * size
            self._show()

    def _show(self) -> None:
        # Never less than before: a picture that waits to be written is no longer the one that the network works on.
        self._work = max(self._work, self._read + self._bytes)
        if self._first is None and self._work:
            self._first = monotonic(), self._work
        self._bar.update(self._task, completed=self._work, description=str(self))
        if self._console and monotonic() - self._printed >= EVERY:
            self._printed = monotonic()
            self._console.print(str(self), highlight=False)

    def __str__(self) -> str:
        """The state: "120/4000 pictures, 2 failed, 3.1 of 24.0 MP of the next, 2.3 MP/s, 1:23:45 left"."""
        parts = [f"{self.done}/{self.pictures} pictures"]
        parts += [f"{self.failed} failed"] if self.failed else []
        if self._begun < self._of:
            parts.append(f"{self._page or f'{self._begun:.1f} of {self._of:.1f} MP'} of the next")
        if self.megapixels or self._begun:
            parts.append(self._speed(monotonic() - self._started))
        left = self._left()
        return ", ".join(parts if left is None else [*parts, f"{_clock(left)} left"])

    def _left(self) -> float | None:
        """Seconds left by the speed since the first work was done: what was before is loading; None before that."""
        if self._first is None:
            return None
        seconds, work = monotonic() - self._first[0], self._work - self._first[1]
        enough = work >= MEASURED_SHARE * self.size or seconds >= MEASURED_SECONDS
        return seconds / work * (self.size - self._work) if enough and work > 0 else None

    def summary(self) -> str:
        """The counts at the end: "4000 pictures, 48000.0 megapixels in 5:47:50 (2.3 MP/s)"."""
        seconds = monotonic() - self._started
        noun = "picture" if self.done == 1 else "pictures"
        return (
            f"{self.done} {noun}, {_rounded(self.megapixels)} megapixels in {_clock(seconds)} ({self._speed(seconds)})"
        )

    def _speed(self, seconds: float) -> str:
        return f"{(self.megapixels + self._begun) / max(seconds, 1e-9):.2g} MP/s"


def _rounded(megapixels: float) -> str:
    """One decimal; of a small size, two significant digits: 0.0041."""
    decimals = 1 - math.floor(math.log10(megapixels)) if 0 < megapixels < 1 else 1
    return f"{megapixels:.{decimals}f}"


class PictureProgress:
    """Follows the network on one picture, see `watching.Watcher`; its parts count equally.

    Args:
        progress: shows it.
        size: bytes of its file.
        megapixels: its size.
        parts: how often `expect` will be called.
    """

    def __init__(self, progress: BatchProgress, size: int, megapixels: float, parts: int) -> None:
        self.progress, self.size, self.megapixels, self.parts = progress, size, megapixels, parts
        self._part, self._values, self._done = -1, 0, 0

    def expect(self, values: int) -> None:
        """The next part begins."""
        self._part, self._values, self._done = self._part + 1, values, 0

    def add(self, values: int) -> None:
        """Some of its values are computed; neighbouring tiles count what they share twice."""
        self._done = min(self._done + values, self._values)
        share = (self._part + self._done / max(self._values, 1)) / self.parts
        self.progress.reach(self.size, self.megapixels, min(share, 1.0))


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
