"""Optimizer and learning-rate schedule from one flat dictionary."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from denoiser import build
from denoiser.errors import DenoiserError, nearest, number, require

SCHEDULES = ("constant", "cosine")


def factor(step: int, steps: float, warmup: float, schedule: str) -> float:
    """Factor of the learning rate, 0 to 1: a linear rise, then constant or half a cosine down to 0.

    Args:
        step: number of steps so far.
        steps: number of steps of the whole training.
        warmup: share of `steps` in which the rate rises, 0 to below 1.
        schedule: `constant` or `cosine` (Loshchilov & Hutter 2017, without restarts).
    """
    rise = warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1.0, steps - rise))))


def configure(config: Mapping[str, Any], parameters: Iterable[nn.Parameter], steps: float) -> OptimizerLRScheduler:
    """The optimizer of `config`, with its schedule if it has one.

    Args:
        config: `_target_` and arguments of an optimizer, with `warmup` (0 to below 1, default 0) and `schedule`
            (default `constant`).
        parameters: the parameters to optimise.
        steps: number of steps of the whole training; infinite for a training without end.

    Raises:
        DenoiserError: there is no such schedule, the warm-up is out of range, a training without end has a schedule, or
            the optimizer does not take its keys.
    """
    options = dict(config)
    warmup, schedule = options.pop("warmup", 0), options.pop("schedule", "constant")
    if schedule not in SCHEDULES:
        near = nearest(str(schedule), SCHEDULES) or SCHEDULES[0]
        raise DenoiserError(f"no schedule '{schedule}' (optimizer.schedule)", f"optimizer.schedule={near}")
    in_range = number(warmup) and 0 <= warmup < 1
    require(in_range, "optimizer.warmup", warmup, "not a share of the steps, 0 to below 1", "0.05")
    optimizer: Optimizer = build.optimizer(options, parameters)
    if schedule == "constant" and warmup == 0:
        return optimizer
    if math.isinf(steps):
        message = f"a training without end has no schedule (optimizer.schedule={schedule}, optimizer.warmup={warmup})"
        raise DenoiserError(message, "trainer.max_epochs=20, or optimizer.schedule=constant optimizer.warmup=0")
    scheduler = LambdaLR(optimizer, lambda step: factor(step, steps, warmup, schedule))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
