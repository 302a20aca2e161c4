"""Lightning callbacks by role, as in `conf/callbacks/`; a role that is switched off returns None."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from denoiser.errors import DenoiserError
from denoiser.machine.files import write_text
from denoiser.runs.csv_files import csv_text
from denoiser.runs.strips import amplified, side_by_side
from denoiser.training.epoch_lines import EpochLines
from denoiser.training.projector import Projector, validation_pairs

STYLES = ("auto", "rich", "plain", "none")
METRICS = ("epoch", "step", "train/loss", "val/loss", "val/psnr", "val/ssim", "lr", "seconds")


class BestCheckpoint(ModelCheckpoint):
    """Save `checkpoints/best.ckpt`, the epoch with the best value of a logged metric.

    Args:
        folder: the run folder.
        monitor: a logged metric; a loss is best where it is lowest, PSNR and SSIM where they are highest.
    """

    state_key = "BestCheckpoint"  # Lightning composes its own from all arguments at every hook of every step

    def __init__(self, folder: str, monitor: str = "val/loss") -> None:
        super().__init__(filename="best", monitor=monitor, mode=_mode(monitor), **_at_epoch_end(folder))


class LastCheckpoint(ModelCheckpoint):
    """Save `checkpoints/last.ckpt` after every epoch; Lightning's `save_last` does so only after a new best one.

    Args:
        folder: the run folder.
    """

    state_key = "LastCheckpoint"

    def __init__(self, folder: str) -> None:
        super().__init__(filename="last", monitor=None, **_at_epoch_end(folder))


def _mode(monitor: str) -> str:
    return "min" if monitor.endswith("loss") else "max"


def _at_epoch_end(folder: str) -> dict[str, Any]:
    """Save after the epoch's own hooks, so that a resumed run starts with the next epoch."""
    return {
        "dirpath": Path(folder) / "checkpoints",
        "enable_version_counter": False,
        "save_on_train_epoch_end": True,
    }


def early_stopping(monitor: str, patience: int | None) -> EarlyStopping | None:
    """Stop when `monitor` has not improved for `patience` validations; None never stops."""
    return None if patience is None else EarlyStopping(monitor=monitor, patience=patience, mode=_mode(monitor))


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

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the rows of a run that is resumed."""
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
            trainer.logger.experiment.add_image(f"pictures/{tag}", picture, trainer.global_step)


def projector(images: int) -> Callback | None:
    """Log the latent codes of `images` validation pictures to TensorBoard's projector; 0 logs none."""
    return Projector(images) if images else None
