"""The checkpoints of a run: its best epoch, and the state from which it can go on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from denoiser.errors import number, require
from denoiser.machine import stopping

DUE, STOP = 1, 2
"""What a process wants of a checkpoint in the middle of an epoch: that it is saved, and that the training then ends."""


class BestCheckpoint(ModelCheckpoint):
    """Save `checkpoints/best.ckpt`, the epoch with the best value of a logged metric.

    Args:
        folder: the run folder.
        monitor: a logged metric; a loss is best where it is lowest, PSNR and SSIM where they are highest.
    """

    state_key = "BestCheckpoint"  # Lightning composes its own from all arguments at every hook of every step

    def __init__(self, folder: str, monitor: str = "val/loss") -> None:
        super().__init__(filename="best", monitor=monitor, mode=mode(monitor), **_at_epoch_end(folder))


class LastCheckpoint(ModelCheckpoint):
    """Save `checkpoints/last.ckpt` after every epoch, within long epochs, and when the training is to stop.

    Lightning's `save_last` saves only after a new best epoch. A resumed training goes on at the batch after the one
    that was saved, and equals one that was not interrupted.

    Args:
        folder: the run folder.
        every_minutes: time in minutes after which an epoch is saved in its middle; None saves only at its end.

    Raises:
        DenoiserError: `every_minutes` is below 0 or no number.
    """

    state_key = "LastCheckpoint"

    def __init__(self, folder: str, every_minutes: float | None = 10) -> None:
        key = "callbacks.last_checkpoint.every_minutes"
        possible = every_minutes is None or (number(every_minutes) and every_minutes >= 0)
        require(possible, key, every_minutes, "not a number of minutes from 0 up, nor null", "10")
        super().__init__(filename="last", monitor=None, **_at_epoch_end(folder))
        self.every_minutes, self.saved = every_minutes, 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock, and take over the signals from Lightning, which would end the training at once."""
        super().on_train_start(trainer, pl_module)
        stopping.take_over()
        self.saved = time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Save in the middle of an epoch if it is time, or if the training is to stop.

        Raises:
            KeyboardInterrupt: it was to stop.
        """
        if (batch_idx + 1) % trainer.accumulate_grad_batches or trainer.is_last_batch:
            return  # within a step, whose gradients no checkpoint has; or just before the end of the epoch
        passed = time.monotonic() - self.saved
        due = self.every_minutes is not None and passed >= 60 * self.every_minutes
        if wish := _agreed(trainer, STOP if stopping.requested() else DUE if due else 0):
            trainer.save_checkpoint(Path(str(self.dirpath)) / "last.ckpt")
            self.saved = time.monotonic()
            if wish == STOP:
                raise stopping.interrupt()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save at the end of an epoch."""
        super().on_train_epoch_end(trainer, pl_module)
        self.saved = time.monotonic()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End here if the training is to stop: all figures of the epoch before are logged now, and it is saved.

        Raises:
            KeyboardInterrupt: it was to stop.
        """
        if _agreed(trainer, STOP if stopping.requested() else 0):
            raise stopping.interrupt()


def _agreed(trainer: Trainer, wish: int) -> int:
    """The largest wish of all processes: signals and clocks do not reach them at the same batch."""
    if trainer.world_size == 1:
        return wish
    return int(trainer.strategy.reduce(torch.tensor(wish, device=trainer.strategy.root_device), reduce_op="max"))


def mode(monitor: str) -> str:
    """Whether the best value of a metric is its lowest (`min`) or its highest (`max`)."""
    return "min" if monitor.endswith("loss") else "max"


def _at_epoch_end(folder: str) -> dict[str, Any]:
    """Save after the epoch's own hooks, so that a resumed run starts with the next epoch."""
    return {
        "dirpath": Path(folder) / "checkpoints",
        "enable_version_counter": False,
        "save_on_train_epoch_end": True,
    }
