"""Trainings that diverge: what is no finite number ends them, is never saved, and the error says what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from denoiser.errors import DIVERGED, DenoiserError

WEIGHTS = ("state_dict", "current_model_state")
"""Where a checkpoint holds weights; the second key is that of weights whose average is in the first."""
STATISTICS = (".running_mean", ".running_var")
"""Ends of the names of what batch normalisation computes."""


def diverged(trainer: Trainer, what: str) -> DenoiserError:
    """The error of a training that has diverged, which names the checkpoints that are left.

    Args:
        trainer: the trainer.
        what: what is no finite number.
    """
    folders = {str(one.dirpath) for one in trainer.checkpoint_callbacks if isinstance(one, ModelCheckpoint)}
    names = sorted({path.name for folder in folders for path in Path(folder).glob("*.ckpt")})
    kept = f"of before there is {' and '.join(names)}" if names else "nothing was saved"
    fix = f"lower the learning rate, for example optimizer.lr=1e-4, or set trainer.gradient_clip_val=1; {kept}"
    place = f"epoch {trainer.current_epoch}, step {trainer.global_step}"
    return DenoiserError(f"{what} NaN or infinite ({place})", fix, DIVERGED)


def check_weights(trainer: Trainer, checkpoint: Mapping[str, Any]) -> None:
    """Check the weights of a checkpoint before it is saved; a buffer can be infinite on purpose, as a mask is.

    Raises:
        DenoiserError: a parameter, or a statistic of batch normalisation, is NaN or infinite.
    """
    trained = {name for name, _ in trainer.lightning_module.named_parameters()}
    for weights in (checkpoint.get(key, {}) for key in WEIGHTS):
        for name, value in weights.items():
            checked = name in trained or name.endswith(STATISTICS)
            if checked and not torch.isfinite(value).all():
                raise diverged(trainer, f"the weight {name} is")


def check_scores(trainer: Trainer, scores: Iterable[float]) -> None:
    """Check the scores of a test: the weights can be finite and so large that the outputs are not.

    Raises:
        DenoiserError: one is NaN.
    """
    if torch.isnan(Tensor(list(scores))).any():
        raise diverged(trainer, "the trained network's output is")
