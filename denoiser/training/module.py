"""The LightningModule around every network: one step for training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from denoiser import build
from denoiser.data import leaks
from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Batch
from denoiser.errors import DIVERGED, DenoiserError
from denoiser.inference.picture_model import PictureModel
from denoiser.metrics.psnr_ssim import ImageMean, psnr, ssim
from denoiser.noise.base import to_8_bit
from denoiser.runs.results import Score
from denoiser.training.optimizer import configure

CHECK_EVERY = 50
"""Training steps between two looks at the loss: each look waits for the device."""


class Denoiser(PictureModel, LightningModule):
    """A network, what it learns from and how it is optimised, built from plain dictionaries.

    The dictionaries are what a checkpoint keeps, so that it loads without unpickling anything else.

    Args:
        network: `_target_` and arguments of the network.
        objective: `_target_` and arguments of the objective.
        optimizer: `_target_` and arguments of the optimiser, with `warmup` and `schedule`.
        channels: colour channels of its pictures, 3 or 1.
        name: of the model, as in `model=NAME`.
        trained_on: what it learned from, in words, for tables and pages.
        trained_sigma: the lowest and highest noise level of training in grey levels of 255; None where there is none.

    Raises:
        DenoiserError: a dictionary names what is not there or not allowed.
    """

    takes_sigma = False

    def __init__(
        self,
        network: Mapping[str, Any],
        objective: Mapping[str, Any],
        optimizer: Mapping[str, Any],
        channels: int,
        name: str,
        trained_on: str = "",
        trained_sigma: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.network, self.channels, self.name = build.network(network), channels, name
        self.multiple, self.smallest = getattr(self.network, "multiple", 1), getattr(self.network, "smallest", 1)
        self.objective = build.objective(objective)
        self.psnr, self.ssim = ImageMean("psnr"), ImageMean("ssim")
        self.scores: dict[int, Score] = {}
        self._loss, self._seen = torch.zeros(()), 0

    def setup(self, stage: str) -> None:
        """Before training, look for test pictures among those that are trained or selected on.

        Raises:
            DenoiserError: `data.test` holds some.
        """
        data = getattr(self._trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, PairsDataModule):
            leaks.check_test_pictures(data)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss; logged once an epoch, since logging each step costs a small network a fifth of its speed."""
        loss, _ = self.objective(self.forward, batch)
        self._loss, self._seen = self._loss + loss.detach(), self._seen + 1
        last = self.trainer.is_last_batch or self.global_step + 1 == self.trainer.max_steps
        if last or self._seen % CHECK_EVERY == 0:
            self._check_finite(self._loss)
        if last:
            self.log("train/loss", self._loss / self._seen, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss  # type: ignore[no-any-return]

    def on_train_epoch_start(self) -> None:
        """Start the epoch's mean of the loss."""
        self._loss, self._seen = torch.zeros((), device=self.device), 0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Loss, PSNR and SSIM of the output as an 8-bit file would hold it."""
        loss, denoised = self.objective(self.forward, batch)
        self._check_finite(loss)
        denoised = to_8_bit(denoised)
        self.psnr.update(denoised, batch.clean)
        self.ssim.update(denoised, batch.clean)
        self.log("val/loss", loss, batch_size=len(batch.clean), on_epoch=True, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Log the means over images."""
        means = {"val/psnr": self.psnr.compute().float(), "val/ssim": self.ssim.compute().float()}
        self.log_dict(means, prog_bar=True, sync_dist=True)
        self.psnr.reset()
        self.ssim.reset()

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score every picture by itself, in float32 whatever the training's precision."""
        with torch.autocast(self.device.type, enabled=False):
            denoised = to_8_bit(self.forward(batch.noisy).float())
        columns = [f(image, batch.clean) for image in (denoised, batch.noisy) for f in (psnr, ssim)]
        for index, row in zip(batch.item.tolist(), torch.stack(columns, dim=1).tolist(), strict=True):
            self.scores[index] = Score(*row)

    def on_test_epoch_end(self) -> None:
        """Every process gets the scores of all, which are told apart by their item."""
        if self.trainer.world_size > 1:
            shares: list[dict[int, Score]] = [{}] * self.trainer.world_size
            torch.distributed.all_gather_object(shares, self.scores)
            self.scores = {item: score for share in shares for item, score in share.items()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the pictures trained and selected on, so that an evaluation on them is found out."""
        data = getattr(self._trainer, "datamodule", None)
        if isinstance(data, PairsDataModule):
            checkpoint["seen"] = leaks.training_record(data)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimiser and, where it has one, its schedule over all steps."""
        steps = self.trainer.estimated_stepping_batches
        return configure(self.hparams["optimizer"], self.network.parameters(), steps)

    def _check_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise DenoiserError(
                f"the loss is no longer a number (epoch {self.current_epoch}, step {self.global_step})",
                "a lower rate, say optimizer.lr=1e-4, or trainer.gradient_clip_val=1; the last good checkpoint is kept",
                DIVERGED,
            )
