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
"""Number of training steps between two checks of the loss: each check waits for the device."""


class Denoiser(PictureModel, LightningModule):
    """A network with its objective and optimizer, built from plain dictionaries.

    A checkpoint keeps these dictionaries, so that it loads without unpickling anything else.

    Args:
        network: `_target_` and arguments of the network.
        objective: `_target_` and arguments of the objective.
        optimizer: `_target_` and arguments of the optimizer, with `warmup` and `schedule`.
        channels: number of channels of its pictures, 3 or 1.
        name: name of the model, as in `model=NAME`.
        trained_on: data and noise of the training, for tables and pages.
        trained_sigma: lowest and highest noise level of the training in grey levels of 255; None for other noise.
        trained_shot: lowest and highest shot noise of the training; None for other noise.

    Raises:
        DenoiserError: a `_target_` does not exist, is not allowed, or does not take its arguments.

    Example:
        >>> network = {"_target_": "denoiser.models.strided.StridedAutoencoder", "channels": 1, "widths": [2]}
        >>> objective = {"_target_": "denoiser.objectives.supervised.Supervised"}
        >>> model = Denoiser(network, objective, {"_target_": "torch.optim.Adam"}, channels=1, name="tiny")
        >>> model.forward(torch.zeros(4, 1, 28, 27)).shape
        torch.Size([4, 1, 28, 27])
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
        trained_shot: Sequence[float] | None = None,
    ) -> None:  # pragma: no mutate block, because save_hyperparameters reads this frame
        super().__init__()
        self.save_hyperparameters()
        self.network, self.channels, self.name = build.network(network), channels, name
        self.multiple, self.smallest = getattr(self.network, "multiple", 1), getattr(self.network, "smallest", 1)
        self.objective = build.objective(objective)
        self.psnr, self.ssim = ImageMean("psnr"), ImageMean("ssim")
        self.scores: dict[int, Score] = {}
        self._loss, self._steps = torch.zeros(()), 0

    def setup(self, stage: str) -> None:
        """Check before training that no test picture is among those of training and validation.

        Copies within one dataset only cause a warning, see `leaks.check_test_pictures`.

        Raises:
            DenoiserError: the test pictures of another dataset contain some of them.
        """
        data = self._datamodule()
        if stage == "fit" and isinstance(data, PairsDataModule):
            leaks.check_test_pictures(data)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss; logged once an epoch: logging each step costs a small network a fifth of its speed."""
        loss, _ = self.objective(self.forward, batch)
        self._loss, self._steps = self._loss + loss.detach(), self._steps + 1
        last = self.trainer.is_last_batch or self.global_step + 1 == self.trainer.max_steps
        if last or self._steps % CHECK_EVERY == 0:
            self._check_finite(self._loss)
        if last:
            mean = self._loss / self._steps
            self.log("train/loss", mean, on_step=False, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss  # type: ignore[no-any-return]

    def on_train_epoch_start(self) -> None:
        """Start the epoch's mean loss."""
        self._loss, self._steps = torch.zeros((), device=self.device), 0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Compute the loss, and PSNR and SSIM of the output rounded to 8 bits."""
        loss, denoised = self.objective(self.forward, batch)
        self._check_finite(loss)
        denoised = to_8_bit(denoised)
        self.psnr.update(denoised, batch.clean)
        self.ssim.update(denoised, batch.clean)
        self.log("val/loss", loss, batch_size=len(batch.clean), on_epoch=True, sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """Log the means over all pictures."""
        means = {"val/psnr": self.psnr.compute().float(), "val/ssim": self.ssim.compute().float()}
        self.log_dict(means, prog_bar=True, sync_dist=True)
        self.psnr.reset()
        self.ssim.reset()

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score every picture by itself, in float32 whatever the precision of the training."""
        with torch.autocast(self.device.type, enabled=False):
            denoised = to_8_bit(self.forward(batch.noisy).float())
        columns = [f(image, batch.clean) for image in (denoised, batch.noisy) for f in (psnr, ssim)]
        for index, row in zip(batch.item.tolist(), torch.stack(columns, dim=1).tolist(), strict=True):
            self.scores[index] = Score(*row)

    def on_test_epoch_end(self) -> None:
        """Gather the scores of all processes, by item."""
        if self.trainer.world_size > 1:
            shares: list[dict[int, Score]] = [{}] * self.trainer.world_size
            torch.distributed.all_gather_object(shares, self.scores)
            self.scores = {item: score for share in shares for item, score in share.items()}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the pictures of training and validation, so that an evaluation on them is detected."""
        data = self._datamodule()
        if isinstance(data, PairsDataModule):
            checkpoint["seen"] = leaks.training_record(data)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer and, where it has one, its learning-rate schedule over all steps."""
        steps = self.trainer.estimated_stepping_batches
        return configure(self.hparams["optimizer"], self.network.parameters(), steps)

    def _datamodule(self) -> Any:
        """The data of the trainer; None without them, or without a trainer, as in an export."""
        try:
            return getattr(self.trainer, "datamodule", None)
        except RuntimeError:  # Lightning's answer where there is no trainer
            return None

    def _check_finite(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise DenoiserError(
                f"the loss is NaN or infinite (epoch {self.current_epoch}, step {self.global_step})",
                "lower the learning rate, for example optimizer.lr=1e-4, or set trainer.gradient_clip_val=1; "
                "the last good checkpoint is kept",
                DIVERGED,
            )
