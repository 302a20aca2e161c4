"""Pictures read ahead of the model in threads, as many as fit into a bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from denoiser.cli import failures
from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Header, Photo
from denoiser.errors import DenoiserError
from denoiser.photos.batch.plan import Job

READERS = 2
"""Threads: decoding is slower than a GPU, and several pictures may be short of one another's time."""
MANY = 16
"""Pictures that may be in memory at once, however small."""


class Failure(NamedTuple):
    """A picture that could not be done, or a folder that could not be looked at, and why."""

    source: str
    error: DenoiserError


@dataclass(eq=False)
class Item:
    """A picture on its way from one file to the other.

    Attributes:
        job: which.
        cost: bytes of memory that are set aside for it.
        before: as it was read.
        after: denoised.
        model: what denoised it.
        error: why it is neither.
    """

    job: Job
    cost: int
    before: Photo | None = None
    after: Photo | None = None
    model: str = ""
    error: DenoiserError | None = None

    def fail(self, error: Exception) -> None:
        """Keep why this picture, and it alone, cannot be done; the reason names it."""
        said = failures.to_denoiser_error(error)
        named = said.what if self.job.source in said.what else f"{said.what} ({self.job.source})"
        self.error, self.before, self.after = DenoiserError(named, said.fix, said.code), None, None


class Budget:
    """Memory that pictures share from before they are read until after they are written.

    Args:
        limit: bytes. A picture that needs more may have it when it is alone.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self._used, self._closed = limit, 0, False
        self._turn, self._changed = threading.Lock(), threading.Condition()

    def take(self, cost: int) -> bool:
        """Wait for so much memory, first come first served; False if the budget was closed meanwhile."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._closed or self._used == 0 or self._used + cost <= self.limit)
            self._used += cost
            return not self._closed

    def give(self, cost: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._used -= cost
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Workload:
    """The pictures of some jobs, decoded, in the order in which they are ready.

    Whatever is wrong with one comes as its `Item.error`. Who takes an item gives its cost back to the budget.

    Args:
        jobs: which.
        budget: of memory.
        max_pixels: of one picture.
        bits: the depth that is asked for, see `writing.check`.
    """

    def __init__(self, jobs: Sequence[Job], budget: Budget, max_pixels: int, bits: int | None) -> None:
        self.jobs, self.budget, self.max_pixels, self.bits = jobs, budget, max_pixels, bits

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.jobs)

    def __iter__(self) -> Iterator[Item]:
        """Start to read; when the iterator is closed no further picture is begun."""
        waiting, turn = iter(self.jobs), threading.Lock()
        ready: SimpleQueue[Item] = SimpleQueue()

        def work() -> None:
            while True:
                with turn:
                    job = next(waiting, None)
                item = job and self._read(job)
                if not item:
                    return
                ready.put(item)

        # Daemons: a command that was interrupted does not wait for a picture that nobody needs any more.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            for _ in self.jobs:
                yield ready.get()
        finally:
            self.budget.close()

    def _read(self, job: Job) -> Item | None:
        """A picture, or why there is none; None if nobody wants it any more."""
        item = Item(job, cost=self.budget.limit // MANY)
        try:
            header = reading.header(Path(job.source), self.max_pixels)
            writing.check(Path(job.target), header, self.bits)
            item.cost = max(item.cost, memory(header, self.bits or 0))
        except Exception as error:  # whatever a damaged file leads a decoder to
            item.fail(error)
        if not self.budget.take(item.cost):
            return None
        if item.error is None:
            try:
                photo = reading.read(Path(job.source), self.max_pixels)
                # Denoised at the greater depth; a lesser one is for the result to be rounded to.
                item.before = writing.at_depth(photo, self.bits) if photo.header.bits < (self.bits or 0) else photo
            except Exception as error:
                item.fail(error)
        return item


def memory(header: Header, bits: int = 0) -> int:
    """Bytes of a picture's colours and alpha, before and after, of so many bits at least."""
    return 2 * header.height * header.width * (header.channels + 1) * max(header.bits, bits) // 8
