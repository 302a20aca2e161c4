"""A line per epoch for logs, with the time that the training still takes."""

from __future__ import annotations

import math
import time

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, Timer

from denoiser.machine.terminal import say

METRICS = ("train/loss", "val/loss", "val/psnr", "val/ssim")


class EpochLines(Callback):
    """Print a plain line after each epoch: its metrics, its seconds and the time left, estimated from those so far."""

    def __init__(self) -> None:
        self.started = self.epoch_started = 0.0
        self.first_epoch = self.first_step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of the training, or of what is left of one that is resumed."""
        self.started, self.first_epoch, self.first_step = time.monotonic(), trainer.current_epoch, trainer.global_step
        self.epoch_started = self.started  # of an epoch that goes on

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock of the epoch."""
        self.epoch_started = time.monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the line; after the first epoch also how long the whole training takes."""
        if not trainer.is_global_zero:
            return
        now, epoch, values = time.monotonic(), trainer.current_epoch + 1, trainer.callback_metrics
        metrics = [f"{name} {float(values[name]):.5g}" for name in METRICS if name in values]
        total = trainer.max_epochs if (trainer.max_epochs or -1) > 0 else "?"
        left = self.seconds_left(trainer, now - self.started)
        about = "at most" if any(isinstance(one, EarlyStopping) for one in trainer.callbacks) else "about"  # type: ignore[attr-defined]
        more = [f"{about} {duration(left)} left"] if 0 < left < math.inf else []
        say(f"epoch {epoch}/{total}", *metrics, f"{now - self.epoch_started:.1f} s", *more, sep="  ")
        if more and epoch == self.first_epoch + 1:
            say(f"the training takes {about} {duration(now - self.started + left)}")

    def seconds_left(self, trainer: Trainer, passed: float) -> float:
        """Seconds until the first of `max_epochs`, `max_steps` and `max_time` ends the training; infinite without any.

        Args:
            trainer: at the end of an epoch.
            passed: seconds since the training started or was resumed.
        """
        ends = [timer.time_remaining() for timer in trainer.callbacks if isinstance(timer, Timer)]  # type: ignore[attr-defined]
        epoch, step = trainer.current_epoch + 1, trainer.global_step
        if (trainer.max_epochs or -1) > 0:
            ends.append(passed / (epoch - self.first_epoch) * (trainer.max_epochs - epoch))  # type: ignore[operator]
        if trainer.max_steps > 0 and step > self.first_step:
            ends.append(passed / (step - self.first_step) * (trainer.max_steps - step))
        return min((max(0.0, end) for end in ends if end is not None), default=math.inf)


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(8.2), duration(125), duration(3725)
    ('8 s', '2 min', '1 h 2 min')
    """
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
