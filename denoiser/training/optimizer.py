"""Optimiser and learning-rate schedule from one flat dictionary."""

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
    """What the learning rate is multiplied by, 0..1: a linear rise, then constant or half a cosine down to 0.

    Args:
        step: steps done.
        steps: steps of the whole training.
        warmup: share of `steps` in which the rate rises.
        schedule: `constant` or `cosine` (Loshchilov & Hutter 2017, without restarts).
    """
    rise = warmup * steps
    if step < rise:
        return (step + 1) / (rise + 1)
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1.0, steps - rise))))


def configure(config: Mapping[str, Any], parameters: Iterable[nn.Parameter], steps: float) -> OptimizerLRScheduler:
    """The optimiser of `config` and its schedule over `steps`.

    Args:
        config: `_target_` and arguments of an optimiser of torch, with `warmup` (0..1, default 0) and
            `schedule` (default `constant`).
        parameters: what is optimised.
        steps: steps of the whole training; infinite where it has no end.

    Raises:
        DenoiserError: there is no such schedule, the warm-up is no share, or a training without end has a schedule.
    """
    options = dict(config)
    warmup, schedule = options.pop("warmup", 0), options.pop("schedule", "constant")
    if schedule not in SCHEDULES:
        near = nearest(str(schedule), SCHEDULES) or SCHEDULES[0]
        raise DenoiserError(f"no schedule '{schedule}' (optimizer.schedule)", f"optimizer.schedule={near}")
    share = number(warmup) and 0 <= warmup < 1
    require(share, "optimizer.warmup", warmup, "not a share of the steps, 0 to below 1", "0.05")
    optimizer: Optimizer = build.optimizer(options, parameters)
    if schedule == "constant" and warmup == 0:
        return optimizer
    if math.isinf(steps):
        what = f"a training that never ends has no schedule (optimizer.schedule={schedule}, optimizer.warmup={warmup})"
        raise DenoiserError(what, "trainer.max_epochs=20, or optimizer.schedule=constant optimizer.warmup=0")
    scheduler = LambdaLR(optimizer, lambda step: factor(step, steps, warmup, schedule))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
