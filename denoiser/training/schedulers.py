"""Learning-rate schedules over the length of a training, whatever that is, each with a warm-up.

Every share is one of the training's steps: `milestones=[0.5]` is its middle, for 5 epochs and for 500.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from denoiser.errors import number, require

Factor = Callable[[float], float]
"""From the progress after the warm-up, 0 to 1, to the factor of the learning rate."""


def constant(optimizer: Optimizer, steps: float, warmup: float = 0.0) -> LambdaLR | None:
    """The same learning rate from the warm-up on; None, which needs no scheduler, without one.

    Args:
        optimizer: the optimizer.
        steps: number of steps of the whole training.
        warmup: share of the steps in which the rate rises from 0, 0 to below 1.

    Raises:
        DenoiserError: the warm-up is out of range.
    """
    check_warmup(warmup)
    return _scheduler(optimizer, steps, warmup, lambda progress: 1.0) if warmup else None


def cosine(optimizer: Optimizer, steps: float, warmup: float = 0.05) -> LambdaLR:
    """Half a cosine down to 0 at the last step (Loshchilov & Hutter 2017, without restarts); see `constant`."""
    check_warmup(warmup)
    return _scheduler(optimizer, steps, warmup, lambda progress: 0.5 * (1 + math.cos(math.pi * progress)))


def step(
    optimizer: Optimizer,
    steps: float,
    milestones: Sequence[float] = (0.5, 0.75),
    gamma: float = 0.1,
    warmup: float = 0.0,
) -> LambdaLR:
    """Multiply the learning rate at milestones.

    Args:
        optimizer: the optimizer.
        steps: number of steps of the whole training.
        milestones: shares of the steps after the warm-up, 0 to 1.
        gamma: the factor of each milestone, above 0.
        warmup: see `constant`.

    Raises:
        DenoiserError: a value is out of range.
    """
    check_warmup(warmup)
    shares = isinstance(milestones, Sequence) and all(number(share) and 0 < share < 1 for share in milestones)
    require(shares, "scheduler.milestones", milestones, "not a list of shares of the steps, 0 to 1", "[0.5,0.75]")
    _check_positive("gamma", gamma, "0.1")
    return _scheduler(optimizer, steps, warmup, lambda progress: gamma ** sum(progress >= at for at in milestones))


def one_cycle(
    optimizer: Optimizer,
    steps: float,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> LambdaLR:
    """Rise to the full learning rate and fall to nearly 0, both as half cosines (Smith & Topin 2019).

    The keys are those of torch's `OneCycleLR`, whose learning rates these are; momentum does not change.

    Args:
        optimizer: the optimizer; its learning rate is the highest.
        steps: number of steps of the whole training.
        pct_start: share of the steps that rise, above 0 and below 1.
        div_factor: the first rate is the highest divided by this.
        final_div_factor: the last rate is the first divided by this.

    Raises:
        DenoiserError: a value is out of range.
    """
    inside = number(pct_start) and 0 < pct_start < 1
    require(inside, "scheduler.pct_start", pct_start, "not a share of the steps, above 0 and below 1", "0.3")
    _check_positive("div_factor", div_factor, "25")
    _check_positive("final_div_factor", final_div_factor, "1e4")
    first = 1 / div_factor

    def factor(progress: float) -> float:
        if progress < pct_start:
            return _between(first, 1.0, progress / pct_start)
        return _between(1.0, first / final_div_factor, (progress - pct_start) / (1 - pct_start))

    return _scheduler(optimizer, steps, 0.0, factor)


def _between(start: float, end: float, progress: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * progress))


def _scheduler(optimizer: Optimizer, steps: float, warmup: float, factor: Factor) -> LambdaLR:
    rise = warmup * steps

    def of_step(step: int) -> float:
        if step < rise:
            return (step + 1) / (rise + 1)
        return factor(min(1.0, (step - rise) / max(1.0, steps - rise)))

    return LambdaLR(optimizer, of_step)


def check_warmup(warmup: float) -> None:
    """Refuse a warm-up that is no share of the steps.

    Raises:
        DenoiserError: it is not a number of 0 to below 1.
    """
    in_range = number(warmup) and 0 <= warmup < 1
    require(in_range, "scheduler.warmup", warmup, "not a share of the steps, 0 to below 1", "0.05")


def _check_positive(key: str, value: float, example: str) -> None:
    require(number(value) and value > 0, f"scheduler.{key}", value, "not a number above 0", example)
