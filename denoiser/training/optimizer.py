"""The optimizer and its learning-rate scheduler from configuration."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, cast

from lightning.pytorch import Trainer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, ReduceLROnPlateau

from denoiser import build
from denoiser.errors import DenoiserError, nearest, require
from denoiser.training import schedulers

OURS = schedulers.__name__
SCHEDULES = ("constant", "cosine")
"""The values of `optimizer.schedule` in files of earlier versions."""
LIGHTNINGS = ("interval", "frequency", "monitor")
"""Keys of a scheduler that Lightning reads: when it is stepped, and on which figure."""
SET_THE_RATE = (
    *("LambdaLR", "OneCycleLR", "CyclicLR"),
    *("CosineAnnealingWarmRestarts", "SequentialLR", "ChainedScheduler"),
)
"""Schedulers of torch that compute the rate anew in each step, and so would undo a warm-up."""


class Length(NamedTuple):
    """How long a training is.

    Args:
        steps: number of optimizer steps; infinite for a training without end.
        epochs: number of epochs; infinite where only the steps are limited.
        validate_every: epochs from one validation to the next; 0 without any.
    """

    steps: float
    epochs: float = math.inf
    validate_every: int = 1


def configure(
    optimizer: Mapping[str, Any],
    scheduler: Mapping[str, Any] | None,
    parameters: Iterable[nn.Parameter],
    length: Length,
) -> OptimizerLRScheduler:
    """The optimizer of configuration, with its scheduler if it has one.

    Args:
        optimizer: `_target_` and arguments. Those of earlier versions have `warmup` and `schedule` too.
        scheduler: `_target_` and arguments, see `scheduled`; None for those of earlier versions.
        parameters: the parameters to optimise.
        length: how long the training is.

    Raises:
        DenoiserError: there is no such class, it does not take its keys, or the training has no end and the scheduler
            needs one.
    """
    options = dict(optimizer)
    warmup, schedule = options.pop("warmup", None), options.pop("schedule", None)
    if (warmup, schedule) != (None, None):
        scheduler = _earlier(warmup, schedule, scheduler)
    built: Optimizer = build.optimizer(options, parameters)
    return scheduled(built, scheduler, length)


def _earlier(warmup: Any, schedule: Any, scheduler: Any) -> Mapping[str, Any]:
    """The scheduler that the optimizer's keys of earlier versions mean."""
    schedule = SCHEDULES[0] if schedule is None else schedule
    near = nearest(str(schedule), SCHEDULES) or SCHEDULES[0]
    fix = f"scheduler={near}" + (f" scheduler.warmup={warmup}" if warmup else "")
    if scheduler is not None:
        raise DenoiserError("the schedule is a group of its own (optimizer.schedule, optimizer.warmup)", fix)
    if schedule not in SCHEDULES:
        raise DenoiserError(f"no schedule '{schedule}' (optimizer.schedule)", fix)
    return {"_target_": f"{OURS}.{schedule}", "warmup": warmup or 0}


def scheduled(optimizer: Optimizer, config: Mapping[str, Any] | None, length: Length) -> OptimizerLRScheduler:
    """An optimizer with the scheduler of configuration, as Lightning takes both.

    Arguments that say how long the training is (`steps`, `total_steps`, `T_max`) and `max_lr` are filled in where they
    are not given. `interval` is `step` or `epoch` (the default for those of torch), `monitor` the figure of
    `ReduceLROnPlateau`, and `warmup` the share of the steps in which the rate rises.

    Args:
        optimizer: the optimizer.
        config: `_target_` and arguments; None or empty for a constant rate.
        length: how long the training is.

    Raises:
        DenoiserError: see `configure`.
    """
    if not config:
        return optimizer
    options = dict(build.plain(config))
    factory = build.target("scheduler", options.get("_target_"))
    ours = factory.__module__ == OURS
    when = {key: options.pop(key) for key in LIGHTNINGS if options.get(key) is not None}
    interval = when.setdefault("interval", "step" if ours else "epoch")
    require(interval in ("step", "epoch"), "scheduler.interval", interval, "not step or epoch", "epoch")
    warmup = 0.0 if ours else options.pop("warmup", 0.0)
    filled = _filled(factory, options, optimizer, length, when)
    needs_end = "steps" in filled and (options.get("warmup", 0) or factory.__name__ != "constant")
    _check_end(length.steps if needs_end or warmup else 0, factory)
    rise = [_warmup(optimizer, warmup, factory, length)] if warmup else []
    built = build.scheduler(options, optimizer, **filled)
    if built is None:
        return optimizer
    chosen: Any = {"scheduler": built, **when}
    if rise:
        return [optimizer], [*rise, chosen]
    return {"optimizer": optimizer, "lr_scheduler": chosen}


def _filled(
    factory: Callable[..., Any], options: Mapping[str, Any], optimizer: Optimizer, length: Length, when: dict[str, Any]
) -> dict[str, Any]:
    """The arguments that configuration need not give; those of Lightning are added to `when`."""
    total = length.steps if when["interval"] == "step" else length.epochs
    filled: dict[str, Any] = {"steps": length.steps, "total_steps": total, "T_max": total}
    filled["max_lr"] = [group["lr"] for group in optimizer.param_groups]
    if factory is ReduceLROnPlateau:
        monitor = when.setdefault("monitor", "val/loss")
        if monitor.startswith("val/") and not length.validate_every:
            raise _no_figure(monitor)
        filled["mode"] = "min" if monitor.endswith("loss") else "max"
        when.setdefault("frequency", length.validate_every if monitor.startswith("val/") else 1)
    taken = inspect.signature(factory).parameters
    filled = {key: value for key, value in filled.items() if key in taken and options.get(key) is None}
    _check_end(total if {"total_steps", "T_max"} & set(filled) else 0, factory)
    return filled


def step_plateaus(trainer: Trainer) -> None:
    """Step the schedulers of an epoch that wait for a figure.

    Raises:
        DenoiserError: there is no such figure.
    """
    for config in trainer.lr_scheduler_configs:
        if not config.reduce_on_plateau or (trainer.current_epoch + 1) % config.frequency:
            continue
        if config.monitor not in trainer.callback_metrics:
            raise _no_figure(str(config.monitor))
        cast("ReduceLROnPlateau", config.scheduler).step(trainer.callback_metrics[str(config.monitor)])


def _no_figure(monitor: str) -> DenoiserError:
    return DenoiserError(f"there is no {monitor} in this training (scheduler.monitor)", "scheduler.monitor=train/loss")


def _check_end(total: float, factory: Callable[..., Any]) -> None:
    if math.isinf(total):
        what = f"a training without end has no schedule (scheduler={factory.__name__})"
        raise DenoiserError(what, "trainer.max_epochs=20, or scheduler=constant scheduler.warmup=0")


def _warmup(optimizer: Optimizer, warmup: Any, factory: Callable[..., Any], length: Length) -> Any:
    """The linear rise before a scheduler of torch, as a scheduler of its own that is stepped in each step."""
    schedulers.check_warmup(warmup)
    if factory.__name__ in SET_THE_RATE:
        what = f"{factory.__name__} sets the learning rate of the first steps itself (scheduler.warmup={warmup})"
        raise DenoiserError(what, "scheduler.warmup=0")
    rise = round(warmup * length.steps)
    return {"scheduler": LinearLR(optimizer, 1 / (rise + 1), total_iters=rise), "interval": "step"}
