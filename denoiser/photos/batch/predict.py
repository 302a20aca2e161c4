"""Any number of pictures through Lightning's `Trainer.predict`: read ahead and written behind, in threads."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies import SingleDeviceStrategy

from denoiser.machine.memory import free, keep_blocks
from denoiser.machine.quiet import quiet
from denoiser.machine.signals import interrupted, run_stage
from denoiser.photos.batch.progress import Pace
from denoiser.photos.batch.reader import Budget, Item, Workload
from denoiser.photos.batch.writer import Writer

if TYPE_CHECKING:
    from denoiser.photos.batch.plan import Job
    from denoiser.photos.before_after import Pages
    from denoiser.photos.model_choice import Models

MEMORY = (1_000_000_000, 8_000_000_000)
"""Bytes for pictures that are read, denoised and written at the same time: an eighth of what is free, between these."""


class Denoising(LightningModule):
    """Denoises one picture a step, each with the model that it gets.

    Args:
        models: gives the model by the picture's channels.
    """

    def __init__(self, models: Models) -> None:
        super().__init__()
        self.models = models

    def transfer_batch_to_device(self, batch: Item, device: torch.device, dataloader_idx: int) -> Item:
        """Leave the picture where it is: it goes to the device tile by tile."""
        return batch

    def predict_step(self, batch: Item, batch_idx: int) -> Item:
        """Denoise a picture; what fails with it is kept with it, and the others go on."""
        if batch.before is not None:
            try:
                restorer = self.models.restorer(batch.before.channels).taking(batch.before)
                batch.after, batch.model = restorer(batch.before), restorer.name
            except Exception as error:
                if interrupted():  # and a library made this of it
                    raise KeyboardInterrupt from error
                batch.fail(error)
        return batch


def run(
    models: Models,
    jobs: Sequence[Job],
    pace: Pace,
    max_pixels: int,
    bits: int | None = None,
    pages: Pages | None = None,
    beside: int = 1,
) -> Writer:
    """Denoise pictures; every file that is there afterwards is whole.

    Args:
        models: gives the model by the picture's channels.
        jobs: the pictures.
        pace: is told of each picture.
        max_pixels: of one picture.
        bits: the depth that is asked for, see `writing.write`.
        pages: where pictures are compared, if they are.
        beside: how many processes share this machine's memory.

    Returns:
        What came of it.

    Raises:
        DenoiserError: the disk or folder takes no files any more (exit code 3).
        KeyboardInterrupt: interrupted or terminated; what was denoised by then is written.
    """
    keep_blocks()
    least, most = MEMORY
    budget = Budget(min(most, max(least, free(torch.device("cpu")) // 8) // beside))
    writer = Writer(bits, budget, pace, pages)
    try:
        if jobs:
            workload = Workload(jobs, budget, max_pixels, bits)
            trainer = _trainer(models.device, writer)
            run_stage(trainer, trainer.predict, Denoising(models), workload, return_predictions=False)
    finally:
        budget.close()
        writer.close()
    if writer.fatal:
        raise writer.fatal
    return writer


def _trainer(device: torch.device, writer: Writer) -> Trainer:
    """One process of one device: who has which pictures is dealt out before, see `ranks`."""
    quiet()
    for message in (".*Couldn't infer the batch indices.*", ".*GPU available but not used.*"):
        warnings.filterwarnings("ignore", message=message)
    return Trainer(
        accelerator=device.type,
        devices=1,
        strategy=SingleDeviceStrategy(device),
        plugins=[LightningEnvironment()],  # whatever started this process, it asks Lightning for no other
        callbacks=[writer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=tempfile.gettempdir(),
    )
