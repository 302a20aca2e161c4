"""What a training in the middle of an epoch has besides weights: its random generators, and its loss so far."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from denoiser.machine.random_state import random_state, restore_random_state
from denoiser.training.divergence import check_weights


class Resumable(LightningModule):
    """A module whose resumed training equals one that was never interrupted, at any batch of an epoch."""

    def __init__(self) -> None:
        super().__init__()
        self._loss, self._steps = torch.zeros(()), 0
        self._random: dict[str, Any] | None = None

    def add_loss(self, loss: Tensor) -> None:
        """Count the loss of a step for the mean of the epoch."""
        self._loss, self._steps = self._loss + loss.detach(), self._steps + 1

    @property
    def mean_loss(self) -> Tensor:
        """The mean loss of the epoch's steps so far."""
        return self._loss / self._steps

    def on_train_start(self) -> None:
        """Set the random generators to where they stood when the checkpoint was saved."""
        if self._random is not None and self.trainer.ckpt_path:  # else it was loaded for a training of its own
            restore_random_state(self._random)
        self._random = None

    def on_train_epoch_start(self) -> None:
        """Start the epoch's mean loss."""
        self._loss, self._steps = torch.zeros((), device=self.device), 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the generators and the loss; that of several processes is their mean.

        Raises:
            DenoiserError: the weights are no finite numbers: they are not saved.
        """
        super().on_save_checkpoint(checkpoint)
        if self._trainer is None:  # an export
            return
        check_weights(self.trainer, checkpoint)
        loss = self._loss.to(self.device)
        if self.trainer.world_size > 1:
            loss = self.trainer.strategy.reduce(loss, reduce_op="mean")
        checkpoint["progress"] = {"loss": loss, "steps": self._steps, "random": random_state()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take them up again; checkpoints of earlier versions have none."""
        super().on_load_checkpoint(checkpoint)
        if (progress := checkpoint.get("progress")) is not None:
            self._loss, self._steps = progress["loss"].to(self.device), progress["steps"]
            self._random = progress["random"]
