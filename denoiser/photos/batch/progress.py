"""How many pictures are done and how long the others will take: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import threading
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

EVERY = 30.0
"""Seconds between two lines in a log."""


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
            self._bar.update(self._task, completed=self._read, description=str(self))
            if self._console and monotonic() - self._printed >= EVERY:
                self._printed = monotonic()
                self._console.print(str(self), highlight=False)

    def __str__(self) -> str:
        """The counts so far: "120/4000 pictures, 2 failed, 2.3 MP/s, 1:23:45 left"."""
        counts = f"{self.done}/{self.pictures} pictures" + (f", {self.failed} failed" if self.failed else "")
        if not self.megapixels:
            return counts
        seconds = monotonic() - self._started
        left = seconds / self._read * (self.size - self._read)
        return f"{counts}, {self._speed(seconds)}, {_clock(left)} left"

    def summary(self) -> str:
        """The counts at the end: "4000 pictures, 48000.0 megapixels in 5:47:50 (2.3 MP/s)"."""
        seconds = monotonic() - self._started
        noun = "picture" if self.done == 1 else "pictures"
        return f"{self.done} {noun}, {self.megapixels:.1f} megapixels in {_clock(seconds)} ({self._speed(seconds)})"

    def _speed(self, seconds: float) -> str:
        return f"{self.megapixels / max(seconds, 1e-9):.2g} MP/s"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
