"""The test of a model: every picture is scored by itself."""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule

from denoiser.data.pairs import Batch
from denoiser.inference.picture_model import PictureModel
from denoiser.metrics.psnr_ssim import psnr, ssim
from denoiser.noise.base import to_8_bit
from denoiser.runs.results import Score, mean
from denoiser.training.checks import as_batch


class Tested(PictureModel, LightningModule):
    """A model whose test leaves the score of each picture in `scores`, by item, and logs the means."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: dict[int, Score] = {}

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score every picture by itself, in float32 whatever the precision of the training."""
        batch = as_batch(batch)
        if (batch.item < 0).any():  # pairs without items are counted
            first, world = len(self.scores), self.trainer.world_size
            batch = batch._replace(item=(torch.arange(len(batch.item)) + first) * world + self.trainer.global_rank)
        with torch.autocast(self.device.type, enabled=False):
            denoised = to_8_bit(self.forward(batch.noisy).float())
        columns = [f(image, batch.clean) for image in (denoised, batch.noisy) for f in (psnr, ssim)]
        for index, row in zip(batch.item.tolist(), torch.stack(columns, dim=1).tolist(), strict=True):
            self.scores[index] = Score(*row)

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
