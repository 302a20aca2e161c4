"""Denoised pictures written in threads while the model denoises the next ones."""

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
from denoiser.errors import ENVIRONMENT
from denoiser.photos.batch.messages import Failure, NoteSummary
from denoiser.photos.batch.progress import BatchProgress
from denoiser.photos.batch.reader import Budget, FileOptions, Item

if TYPE_CHECKING:
    from denoiser.data.images.formats.photo import Photo
    from denoiser.photos.batch.plan import Job
    from denoiser.photos.before_after import BeforeAfterPages

WRITERS = 2
"""Number of threads: encoding a 16-bit picture is slower than a GPU."""
STOPPING = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "ESTALE", "EMFILE")
)
"""Errors after which no other file can be written either."""


class Writer(BasePredictionWriter):
    """Writes the denoised pictures, in threads.

    Args:
        files: how they are written.
        budget: each picture's memory is released to it.
        progress: counts the pictures.
        pages: gets each picture before and after, with `--compare`.

    Attributes:
        failures: the pictures that failed, and why.
        notes: the notes of the others.
        fatal: why no further file can be written.
    """

    def __init__(
        self, files: FileOptions, budget: Budget, progress: BatchProgress, pages: BeforeAfterPages | None
    ) -> None:
        super().__init__(write_interval="batch")
        self.files, self.budget, self.progress, self.pages = files, budget, progress, pages
        self.failures: list[Failure] = []
        self.notes = NoteSummary()
        self.fatal: Exception | None = None
        self._pool, self._lock = ThreadPoolExecutor(WRITERS), threading.Lock()

    def on_predict_batch_start(self, *_: Any, **__: Any) -> None:
        """Begin no further picture if none can be written.

        Raises:
            DenoiserError: the disk is full or the folder not writable (exit code 3).
        """
        self.check()

    def check(self) -> None:
        """Raise the error after which no further file can be written, if there is one."""
        if self.fatal:
            raise self.fatal

    def write_on_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, prediction: Item, *_: Any, **__: Any
    ) -> None:
        """Hand a picture to a thread; the budget limits how many wait."""
        self._pool.submit(self._finish, prediction)

    def close(self) -> None:
        """Wait until every picture that can be written is written."""
        self._pool.shutdown()

    def _finish(self, item: Item) -> None:
        try:
            self._write(item)
            if not self.fatal:
                self._count(item)
        finally:
            item.before = item.after = item.plain = item.pages = (
                None  # Lightning's loop holds the item until it has the next
            )
            self.budget.release(item.cost)

    def _write(self, item: Item) -> None:
        if self.fatal:
            return
        try:
            if item.before and item.after:
                # The page first: a picture whose output exists is not denoised again, and would never get onto it.
                if self.pages:
                    item.after = compare(self.pages, item, item.before, item.after)
                notes = writing.write(Path(item.job.target), item.after, self.files.bits)
                item.notes, item.megapixels = (*item.after.notes, *notes), item.after.megapixels
            if item.megapixels is not None:
                _restrict_permissions(item.job)
                if self.files.keep_times:
                    _set_modified(item)
        except Exception as error:
            item.fail(error)
        cause = item.cause and (item.cause.__cause__ or item.cause)
        if item.error and item.error.code == ENVIRONMENT and getattr(cause, "errno", None) in STOPPING:
            self.fatal = item.cause

    def _count(self, item: Item) -> None:
        with self._lock:
            if item.error:
                self.failures.append(Failure(item.job.source, item.error))
            self.notes.add(item.notes)
        self.progress.add(item.job.size, item.megapixels)


def _set_modified(item: Item) -> None:
    with suppress(OSError):  # of file systems without these times
        os.utime(item.job.target, ns=(os.stat(item.job.target).st_atime_ns, item.modified))


def _restrict_permissions(job: Job) -> None:
    """Make the output readable only for those who can read the input."""
    with suppress(OSError):  # of file systems without permissions
        os.chmod(job.target, os.stat(job.target).st_mode & os.stat(job.source).st_mode & 0o777)


def compare(pages: BeforeAfterPages, item: Item, before: Photo, after: Photo) -> Photo:
    """Show a picture on the before/after pages; returns it, with a note where that is not possible."""
    try:
        pages.add(Path(item.job.source), before, after, item.model, item.plain)
    except Exception as error:  # the picture itself can still be written
        reason = failures.to_denoiser_error(error).what.rpartition(" (")[0] or str(error)
        return replace(after, notes=(*after.notes, f"not on the before/after page: {reason}"))
    return after
