"""Pictures written behind the model, in threads."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import BasePredictionWriter

from denoiser.cli import failures
from denoiser.data.images import writing
from denoiser.photos.batch.messages import Remarks
from denoiser.photos.batch.progress import Pace
from denoiser.photos.batch.reader import Budget, Failure, Item

if TYPE_CHECKING:
    from denoiser.data.images.formats.photo import Photo
    from denoiser.photos.batch.plan import Job
    from denoiser.photos.before_after import Pages

WRITERS = 2
"""Threads: encoding a 16-bit picture is slower than a GPU."""
STOPPING = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ESTALE", "EMFILE")
)
"""Reasons for which no other file can be written either."""


class Writer(BasePredictionWriter):
    """Writes what comes out of the steps, in threads.

    Args:
        bits: the depth that is asked for, see `writing.write`.
        budget: gets back what each picture took.
        pace: is told of each picture.
        pages: is given each picture before and after, if they are to be compared.

    Attributes:
        failures: why pictures were not done.
        remarks: what there is to say of those that were.
        fatal: why no file can be written any more.
    """

    def __init__(self, bits: int | None, budget: Budget, pace: Pace, pages: Pages | None) -> None:
        super().__init__(write_interval="batch")
        self.bits, self.budget, self.pace, self.pages = bits, budget, pace, pages
        self.failures: list[Failure] = []
        self.remarks = Remarks()
        self.fatal: Exception | None = None
        self._pool, self._lock = ThreadPoolExecutor(WRITERS), threading.Lock()

    def on_predict_batch_start(self, *_: Any, **__: Any) -> None:
        """Begin no further picture if none can be written.

        Raises:
            DenoiserError: the disk or folder takes no files any more (exit code 3).
        """
        if self.fatal:
            raise self.fatal

    def write_on_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, prediction: Item, *_: Any, **__: Any
    ) -> None:
        """Hand a picture to a thread; how many may wait is bounded by the budget."""
        self._pool.submit(self._finish, prediction)

    def close(self) -> None:
        """Wait until everything is written that can be."""
        self._pool.shutdown()

    def _finish(self, item: Item) -> None:
        try:
            self._write(item)
            if not self.fatal:
                self._count(item)
        finally:
            item.before = item.after = None  # Lightning's loop holds the item until it has the next
            self.budget.give(item.cost)

    def _write(self, item: Item) -> None:
        if not item.before or not item.after or self.fatal:
            return
        try:
            # The page first: what has its result is not done again, so that nothing would bring it to the page.
            if self.pages:
                self._compare(self.pages, item, item.before, item.after)
            writing.write(Path(item.job.target), item.after, self.bits)
            _as_private(item.job)
        except Exception as error:
            item.fail(error)
            if getattr(error.__cause__ or error, "errno", None) in STOPPING:
                self.fatal = error

    def _compare(self, pages: Pages, item: Item, before: Photo, after: Photo) -> None:
        try:
            pages.add(Path(item.job.source), before, after, item.model)
        except Exception as error:  # the picture itself is none the worse
            reason = failures.to_denoiser_error(error).what.rpartition(" (")[0] or str(error)
            item.after = replace(after, notes=(*after.notes, f"not on the page of before and after: {reason}"))

    def _count(self, item: Item) -> None:
        with self._lock:
            if item.error:
                self.failures.append(Failure(item.job.source, item.error))
            if item.after:
                self.remarks.add(item.after.notes)
        self.pace.add(item.job.size, item.after.megapixels if item.after else None)


def _as_private(job: Job) -> None:
    """Let nobody read the result who may not read the picture."""
    with suppress(OSError):  # of a disk that knows no permissions
        os.chmod(job.target, os.stat(job.target).st_mode & os.stat(job.source).st_mode & 0o777)
