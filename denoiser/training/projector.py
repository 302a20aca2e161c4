"""Latent codes of pictures for TensorBoard's projector."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import FrozenPairs
from denoiser.errors import DenoiserError
from denoiser.inference.picture_model import PictureModel

SIDE = 32
"""Largest side of the pictures in pixels: the codes of larger ones would make the projector's files huge."""


def validation_pairs(trainer: Trainer) -> FrozenPairs:
    """The frozen pairs that a run validates on."""
    return cast("PairsDataModule", cast("Any", trainer).datamodule).frozen("val")


class Projector(Callback):
    """Log latent codes to TensorBoard's projector when training ends.

    Args:
        images: number of validation pictures, from the first. Of each the upper left square is encoded, of the same
            size for all.
    """

    def __init__(self, images: int) -> None:
        self.images, self.side = images, 0

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Choose the size of the squares, and check before the training that they can be encoded.

        Raises:
            DenoiserError: the network has no `encode`, or a picture is too small for it.
        """
        model, shapes = cast("PictureModel", pl_module), validation_pairs(trainer).pictures.shapes[: self.images]
        has_code = hasattr(model.network, "encode")
        self.side = min(SIDE, *(side for shape in shapes for side in shape[1:])) // model.multiple * model.multiple
        if not has_code or self.side < max(model.multiple, model.smallest):
            reason = "these pictures are too small" if has_code else "this model has no latent code"
            raise DenoiserError(f"{reason} (callbacks.projector.images={self.images})", "callbacks.projector.images=0")

    @torch.no_grad()
    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Encode the noisy pictures; each point shows its clean picture."""
        if not isinstance(trainer.logger, TensorBoardLogger):
            return
        pairs, training = validation_pairs(trainer), pl_module.training
        batches = [pairs.__getitems__([index]) for index in range(min(self.images, len(pairs.pictures)))]
        noisy, clean = (torch.cat([b[i][..., : self.side, : self.side] for b in batches]) for i in range(2))
        codes = cast("Any", pl_module.eval()).network.encode(noisy.to(pl_module.device))
        pl_module.train(training)
        names = [pairs.describe(index)[0] for index in range(len(batches))]
        trainer.logger.experiment.add_embedding(
            codes.float().flatten(1).cpu(), names, clean, trainer.global_step, "latent_code"
        )
