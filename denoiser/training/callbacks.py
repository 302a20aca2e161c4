"""Lightning callbacks by role, as in `conf/callbacks/`; a role that is switched off returns None."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.runs.csv_files import csv_text
from denoiser.runs.strips import amplified, side_by_side
from denoiser.training.checkpoints import mode
from denoiser.training.epoch_lines import EpochLines
from denoiser.training.projector import Projector, validation_pairs

STYLES = ("auto", "rich", "plain", "none")
METRICS = ("epoch", "step", "train/loss", "val/loss", "val/psnr", "val/ssim", "lr", "seconds")


def early_stopping(monitor: str, patience: int | None) -> EarlyStopping | None:
    """Stop when `monitor` has not improved for `patience` validations; None never stops."""
    return None if patience is None else EarlyStopping(monitor=monitor, patience=patience, mode=mode(monitor))


def ema(decay: float | None) -> EMAWeightAveraging | None:
    """Validate, test and save an exponential moving average of the weights; None keeps the weights themselves."""
    return None if decay is None else EMAWeightAveraging(decay=decay)


def progress(style: str = "auto") -> Callback | None:
    """Show a progress bar in a terminal, or print a line per epoch in a log.

    Args:
        style: `auto`, `rich`, `plain` or `none`.

    Raises:
        DenoiserError: another style.
    """
    if style not in STYLES:
        raise DenoiserError(f"no style '{style}' (callbacks.progress.style)", f"one of {', '.join(STYLES)}")
    if style == "rich" or (style == "auto" and sys.stdout.isatty()):
        return RichProgressBar(refresh_rate=10)
    return None if style == "none" else EpochLines()


class EpochLog(Callback):
    """Write `metrics.csv` in the run folder: a row per epoch, complete after every epoch.

    Args:
        folder: the run folder.
    """

    def __init__(self, folder: str) -> None:
        self.path, self.rows, self.started = Path(folder) / "metrics.csv", list[dict[str, str]](), 0.0
        self.before = 0.0
        """Seconds that an epoch took before it was interrupted."""

    def state_dict(self) -> dict[str, Any]:
        """The time of the epoch so far."""
        return {"seconds": time.perf_counter() - self.started}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep that time for an epoch that goes on."""
        self.before = state_dict["seconds"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the rows of a run that is resumed, and go on with the clock of its epoch."""
        self.started = time.perf_counter() - self.before
        if self.path.exists():
            with self.path.open(newline="", encoding="utf-8") as file:
                self.rows = [row for row in csv.DictReader(file) if int(row["epoch"]) <= trainer.current_epoch]

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the epoch's clock."""
        self.started = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the epoch's row."""
        if not trainer.is_global_zero:
            return
        row = {key: f"{float(value):.8g}" for key, value in trainer.callback_metrics.items()}
        row |= {
            "epoch": str(trainer.current_epoch + 1),
            "step": str(trainer.global_step),
            "lr": f"{trainer.optimizers[0].param_groups[0]['lr']:.6g}",
            "seconds": f"{time.perf_counter() - self.started:.3f}",
        }
        self.rows.append({key: row.get(key, "") for key in METRICS})
        write_text(self.path, csv_text([METRICS, *([row[key] for key in METRICS] for row in self.rows)]))


class Images(Callback):
    """Log the same validation pictures to TensorBoard every epoch: noisy | denoised | clean | error.

    Args:
        count: number of pictures, from the first of the validation set.
    """

    def __init__(self, count: int = 4) -> None:
        self.count = count

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Denoise and log the pictures; their noise is the same each time."""
        if not isinstance(trainer.logger, TensorBoardLogger):
            return
        pairs = validation_pairs(trainer)
        for index in range(min(self.count, len(pairs.pictures))):
            batch = pairs.__getitems__([index])
            denoised = pl_module.forward(batch.noisy.to(pl_module.device)).float().cpu()[0]
            noisy, clean = batch.noisy[0], batch.clean[0]
            picture = side_by_side([noisy, denoised, clean, amplified(denoised, clean)])
            key, _ = pairs.describe(index)
            tag = f"{key} (noisy | denoised | clean | error)"
            # At the step of the epoch's figures, which is before that of its checkpoint: a resumed run keeps it.
            trainer.logger.experiment.add_image(f"pictures/{tag}", picture, max(trainer.global_step - 1, 0))


def projector(images: int) -> Callback | None:
    """Log the latent codes of `images` validation pictures to TensorBoard's projector; 0 logs none."""
    return Projector(images) if images else None
