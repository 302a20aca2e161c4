"""Pictures read ahead of the model in threads, as many as fit into a limited memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from denoiser.cli import failures
from denoiser.data.images import reading, stacks, writing
from denoiser.data.images.formats.photo import Header, Photo
from denoiser.data.images.stacks import Stack
from denoiser.data.images.white import Levels
from denoiser.errors import DenoiserError
from denoiser.photos.batch.plan import Job

READERS = 2
"""Number of threads: decoding is slower than a GPU, and a large picture must not stop the small ones."""
MANY = 16
"""Largest number of pictures in memory at once, however small they are."""


class SeveralPages(NamedTuple):
    """The pictures of a file that holds several, and the levels of all of each type."""

    stack: Stack
    levels: Mapping[str, Levels]


@dataclass(frozen=True)
class FileOptions:
    """How files are read and written.

    Attributes:
        max_pixels: larger pictures are refused.
        bits: the depth to write, see `writing.check`.
        page: number of the page to denoise in files of several, from 1; None for all.
        axes: of arrays in `.npy` files, see `npy.axes_of`.
        keep_times: whether each output gets the modification time of its input.
    """

    max_pixels: int = reading.MAX_PIXELS
    bits: int | None = None
    page: int | None = None
    axes: str | None = None
    keep_times: bool = False

    def opened(self, job: Job) -> Stack:
        """The pictures of a file, by their headers.

        Raises:
            DenoiserError: one cannot be read, or not be written as the job's target.
        """
        stack = stacks.open_stack(Path(job.source), self.max_pixels, self.page, self.axes)
        target = Path(job.target)
        for header in dict.fromkeys(stack.headers):
            writing.check(target, header, self.bits)
        writing.check_pages(target, stack.headers)
        return stack

    def deepened(self, photo: Photo) -> Photo:
        """A photo at the larger of its depth and that to write; rounding to a smaller one comes last."""
        return writing.at_depth(photo, self.bits) if photo.header.bits < (self.bits or 0) else photo


@dataclass(eq=False)
class Item:
    """A picture on its way from its input file to its output file.

    Attributes:
        job: the two files.
        cost: bytes of memory that are reserved for it.
        before: the picture as it was read.
        after: the denoised picture.
        plain: the model's own output, where a before/after page shows it beside another strength.
        model: name of the model that denoised it.
        error: why it could not be read, denoised or written.
        cause: the exception of that.
        pages: the pictures of its file, where it holds several; they are read, denoised and written one by one.
        notes: on the written file.
        megapixels: of what was denoised and written.
        modified: modification time of the input file in nanoseconds, before it was read.
    """

    job: Job
    cost: int
    before: Photo | None = None
    after: Photo | None = None
    plain: Photo | None = None
    model: str = ""
    error: DenoiserError | None = None
    cause: Exception | None = None
    pages: SeveralPages | None = None
    notes: tuple[str, ...] = ()
    megapixels: float | None = None
    modified: int = 0

    def fail(self, error: Exception) -> None:
        """Record why this picture, and it alone, fails; the error names its file."""
        failure = failures.to_denoiser_error(error)
        what = failure.what if self.job.source in failure.what else f"{failure.what} ({self.job.source})"
        self.error = DenoiserError(what, failure.fix, failure.code)
        self.before = self.after = self.plain = self.pages = self.megapixels = None
        self.cause = error


class Budget:
    """Memory that pictures share, from before they are read until after they are written.

    Args:
        limit: bytes. A picture that needs more gets it when no other is in memory.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self._used, self._closed = limit, 0, False
        self._turn, self._changed = threading.Lock(), threading.Condition()

    def take(self, cost: int) -> bool:
        """Wait for `cost` bytes, first come first served; False if the budget was closed meanwhile."""
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._closed or self._used == 0 or self._used + cost <= self.limit)
            self._used += cost
            return not self._closed

    def release(self, cost: int) -> None:
        """Return bytes that were taken."""
        with self._changed:
            self._used -= cost
            self._changed.notify_all()

    def close(self) -> None:
        """End all waiting."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ReadAhead:
    """The decoded pictures of some jobs, in the order in which they are ready.

    A picture that cannot be read comes with an `Item.error`. The consumer releases the cost of each item.

    Args:
        jobs: the pictures.
        budget: memory for pictures.
        files: how they are read and written.
        versions: how many versions of a picture there will be in memory: before, after, ...
    """

    def __init__(self, jobs: Sequence[Job], budget: Budget, files: FileOptions, versions: int = 2) -> None:
        self.jobs, self.budget, self.files, self.versions = jobs, budget, files, versions

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.jobs)

    def __iter__(self) -> Iterator[Item]:
        """Start reading; once the iterator is closed, no other picture is begun."""
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

        # Daemons: an interrupted command does not wait for pictures that are no longer needed.
        threads = [threading.Thread(target=work, daemon=True) for _ in range(READERS)]
        for thread in threads:
            thread.start()
        try:
            for _ in self.jobs:
                yield ready.get()
        finally:
            self.budget.close()

    def _read(self, job: Job) -> Item | None:
        """A picture, or why it cannot be read; None once the budget is closed."""
        item, stack, bits = Item(job, cost=self.budget.limit // MANY), None, self.files.bits or 0
        try:
            item.modified = os.stat(job.source).st_mtime_ns
            stack = self.files.opened(job)
            versions = self.versions + (len(stack) > 1)  # the page that is being written
            item.cost = max(item.cost, *(memory(header, bits, versions) for header in set(stack.headers)))
        except Exception as error:  # damaged files make decoders raise anything
            item.fail(error)
        if not self.budget.take(item.cost):
            return None
        if stack is not None:
            try:
                if len(stack) == 1:
                    item.before = self.files.deepened(stack.read())
                else:
                    item.pages = SeveralPages(stack, stack.levels())
            except Exception as error:
                item.fail(error)
        return item


def memory(header: Header, bits: int = 0, versions: int = 2) -> int:
    """Bytes of a picture's colours, alpha and bands, before and after, at a depth of at least `bits`.

    With an alpha channel there are the colours once more, in which those of hidden pixels are replaced.
    """
    values = versions * (header.channels + 1 + header.bands) + (header.channels if header.alpha else 0)
    return values * header.height * header.width * max(header.bits, bits) // 8
