"""The test of a model, every picture by itself, and its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule

from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError
from denoiser.inference.picture_model import PictureModel
from denoiser.metrics.psnr_ssim import psnr, ssim
from denoiser.noise.base import to_8_bit
from denoiser.runs.results import Score, mean
from denoiser.training.batches import as_batch, as_noisy


class Tested(PictureModel, LightningModule):
    """A model whose test leaves the score of each picture in `scores`, by item, and logs the means."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: dict[int, Score] = {}

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Score every picture by itself, in float32 whatever the precision of the training."""
        batch = as_batch(batch, self.channels, batch_idx)
        if (batch.item < 0).any():  # pairs without items are counted
            first, world = len(self.scores), self.trainer.world_size
            items = (torch.arange(len(batch.item)) + first) * world + self.trainer.global_rank
            batch = Batch(batch.noisy, batch.clean, batch.level, items)
        with torch.autocast(self.device.type, enabled=False):
            denoised = to_8_bit(self.forward(batch.noisy.to(self.dtype)).float())
        batch = batch.of_type(torch.float32)
        columns = [f(image, batch.clean) for image in (denoised, batch.noisy) for f in (psnr, ssim)]
        for index, row in zip(batch.item.tolist(), torch.stack(columns, dim=1).tolist(), strict=True):
            self.scores[index] = Score(*row)

    def predict_step(self, batch: Any, batch_idx: int, dataloader_idx: int = 0) -> torch.Tensor:
        """Denoise the noisy pictures of a batch of pairs, or a batch of noisy pictures alone; not clamped, float32."""
        return self.forward(as_noisy(batch, self.channels).to(self.dtype)).float()

    def on_validation_start(self) -> None:
        """Refuse several loaders, whose figures would be mixed."""
        _check_one_loader("validation", self.trainer.num_val_batches)

    def on_test_start(self) -> None:
        """Refuse several loaders, whose pictures would have the same items."""
        _check_one_loader("test", self.trainer.num_test_batches)

    def on_test_epoch_start(self) -> None:
        """Forget the scores of an earlier test."""
        self.scores = {}

    def on_test_epoch_end(self) -> None:
        """Gather the scores of all processes, by item, and log the means over all pictures and noise levels."""
        if self.trainer.world_size > 1:
            shares: list[dict[int, Score]] = [{}] * self.trainer.world_size
            torch.distributed.all_gather_object(shares, self.scores)
            self.scores = {item: score for share in shares for item, score in share.items()}
        means = {f"test/{key}": mean([getattr(score, key) for score in self.scores.values()]) for key in Score._fields}
        self.log_dict({key: float("nan") if value is None else value for key, value in means.items()}, sync_dist=True)


def _check_one_loader(kind: str, batches: Sequence[int | float]) -> None:
    if len(batches) > 1:
        what = f"{len(batches)} {kind} loaders, whose figures would be mixed (dataloaders)"
        raise DenoiserError(what, "one loader; or denoiser.score(model, DATA) for each dataset")
