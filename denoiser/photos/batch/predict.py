"""Any number of pictures through Lightning's `Trainer.predict`, read ahead and written behind in threads."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies import SingleDeviceStrategy

from denoiser.inference import watching
from denoiser.machine.memory import free, keep_blocks
from denoiser.machine.quiet import quiet
from denoiser.machine.signals import interrupted, run_stage
from denoiser.photos.batch.pages import PageDenoising
from denoiser.photos.batch.progress import BatchProgress, PictureProgress
from denoiser.photos.batch.reader import Budget, FileOptions, Item, ReadAhead
from denoiser.photos.batch.writer import Writer, compare

if TYPE_CHECKING:
    from denoiser.data.images.formats.photo import Photo
    from denoiser.data.images.stacks import Stack
    from denoiser.photos.batch.plan import Job
    from denoiser.photos.before_after import BeforeAfterPages
    from denoiser.photos.model_choice import Models
    from denoiser.photos.noise_measure import MeasuredNoise

MEMORY = (1_000_000_000, 8_000_000_000)
"""Bytes for the pictures in memory, at least and at most; between these, an eighth of the free memory."""


class PhotoDenoising(LightningModule):
    """Denoises one picture a step.

    Args:
        models: chooses the model of each picture.
        files: how files are written.
        progress: shows how much of a picture is done.
        shown: gets the first picture of a file of several before and after, with `--compare`.
        plain: the same models at strength 1, where their output is shown too.
    """

    def __init__(
        self,
        models: Models,
        files: FileOptions,
        progress: BatchProgress,
        shown: BeforeAfterPages | None = None,
        plain: Models | None = None,
    ) -> None:
        super().__init__()
        self.models, self.progress, self.shown, self.plain = models, progress, shown, plain
        self.pages = PageDenoising(models, files, self._show, progress.at_page)

    def transfer_batch_to_device(self, batch: Item, device: torch.device, dataloader_idx: int) -> Item:
        """Leave the picture where it is: it goes to the device tile by tile."""
        return batch

    def predict_step(self, batch: Item, batch_idx: int) -> Item:
        """Denoise a picture, and write those of a file of several; a failure is recorded, and the others continue."""
        try:
            if batch.pages is not None:
                with watching.watched(self._pages_watcher(batch.job, batch.pages.stack)):
                    self.pages.write(batch, batch.pages)
            elif batch.before is not None:
                with watching.watched(self._watcher(batch.job, batch.before)):
                    batch.after, batch.model = self.models.denoise(batch.before)
                    if self.plain:
                        batch.plain, _ = self.plain.denoise(batch.before)
        except Exception as error:
            if interrupted():  # a library has turned Ctrl-C into this exception
                raise KeyboardInterrupt from error
            batch.fail(error)
        return batch

    def _watcher(self, job: Job, photo: Photo) -> PictureProgress:
        bands = 0 if photo.bands is None else photo.bands.shape[2]
        return self.progress.picture(job.size, photo.megapixels, (1 + bands) * (2 if self.plain else 1))

    def _pages_watcher(self, job: Job, stack: Stack) -> PictureProgress:
        parts = sum(1 + header.bands for header in stack.headers)
        again = 1 + stack.headers[0].bands if self.plain else 0
        return self.progress.picture(job.size, stack.pixels / 1e6, parts + again)

    def _show(self, item: Item, before: Photo, after: Photo, noise: MeasuredNoise | None) -> Photo:
        """The first picture of a file, shown as that."""
        if self.shown is None:
            return after
        item.plain = self.plain.denoise(before, noise)[0] if self.plain else None
        note = "shown: the first of several pages"
        after = compare(self.shown, item, before, replace(after, notes=(*after.notes, note)))
        item.plain = None
        return after


def run(
    models: Models,
    jobs: Sequence[Job],
    progress: BatchProgress,
    files: FileOptions,
    shown: BeforeAfterPages | None = None,
    local_world_size: int = 1,
    plain: Models | None = None,
) -> Writer:
    """Read, denoise and write pictures, within a budget of memory; what fails is recorded and the others continue.

    Every output file that exists afterwards is complete.

    Args:
        models: choose the model of each picture.
        jobs: the pictures.
        progress: counts the pictures.
        files: how files are read and written.
        shown: gets each picture before and after, with `--compare`.
        local_world_size: how many processes share this machine's memory.
        plain: the models at strength 1, whose output the pages show too; None where that is the result.

    Returns:
        The writer, with failures and notes.

    Raises:
        DenoiserError: the disk is full or the folder not writable (exit code 3).
        KeyboardInterrupt: interrupted or terminated; the pictures denoised so far are written.
    """
    keep_blocks()
    smallest, largest = MEMORY
    share = max(smallest, free(torch.device("cpu")) // 8) // local_world_size
    budget = Budget(min(largest, share))
    writer = Writer(files, budget, progress, shown)
    try:
        if jobs:
            pictures = ReadAhead(jobs, budget, files, 3 if plain else 2)
            trainer = _trainer(models.device, writer)
            module = PhotoDenoising(models, files, progress, shown, plain)
            run_stage(trainer, trainer.predict, module, pictures, return_predictions=False)
    finally:
        budget.close()
        writer.close()
    writer.check()
    return writer


def _trainer(device: torch.device, writer: Writer) -> Trainer:
    """A trainer for one process and one device; `Processes.share` has distributed the pictures."""
    quiet()
    for message in (".*Couldn't infer the batch indices.*", ".*GPU available but not used.*"):
        warnings.filterwarnings("ignore", message=message)
    return Trainer(
        accelerator=device.type,
        devices=1,
        strategy=SingleDeviceStrategy(device),
        plugins=[LightningEnvironment()],  # otherwise Lightning would look for the launcher's processes
        callbacks=[writer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tempfile.gettempdir(),
    )
