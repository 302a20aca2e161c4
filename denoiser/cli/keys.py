"""The keys of a configuration: their names and the values that they allow, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from denoiser.cli.advice import KEY, advice
from denoiser.config import RUN, Application, compose, keys
from denoiser.errors import DenoiserError, nearest, number, require
from denoiser.search_path import config_dirs, groups, options


class Bounds(NamedTuple):
    """The numbers that a key allows.

    Args:
        low: the smallest value.
        high: the largest value; None is no bound.
        whole: whether only whole numbers are allowed.
        null: whether null is allowed.
    """

    low: float
    high: float | None = None
    whole: bool = True
    null: bool = False

    def allows(self, value: Any) -> bool:
        """Whether `value` is such a number."""
        if value is None:
            return self.null
        inside = number(value) and self.low <= value and (self.high is None or value <= self.high)
        return inside and (isinstance(value, int) or not self.whole)

    def __str__(self) -> str:
        """In words, for messages."""
        interval = f"of {self.low} or more" if self.high is None else f"from {self.low} to {self.high}"
        return f"{'whole ' if self.whole else ''}number {interval}{' or null' if self.null else ''}"


BOUNDS = {
    "seed": Bounds(0, 2**32 - 1),
    "draws": Bounds(1),
    "batch_size": Bounds(1, null=True),
    "num_workers": Bounds(0),
    "trainer.accumulate_grad_batches": Bounds(1),
    "data.cache_gb": Bounds(0, whole=False),
    "callbacks.early_stopping.patience": Bounds(0, null=True),
    "callbacks.ema.decay": Bounds(0, 1, whole=False, null=True),
    "callbacks.images.count": Bounds(0),
    "callbacks.projector.images": Bounds(0),
}
"""Bounds that would otherwise be noticed in the middle of a run, or never."""
BESIDES: dict[str, Callable[[Any], bool]] = {
    "trainer.deterministic": lambda value: value == "warn",
    "trainer.fast_dev_run": lambda value: isinstance(value, int) and value >= 0,
}
"""What keys of true or false allow besides."""
MONITORED = ("train/loss", "val/loss", "val/psnr", "val/ssim")
"""Figures that callbacks can monitor."""


def group_choices(overrides: Sequence[str]) -> list[str]:
    """The overrides that choose a group or remove it; in a sweep, with the first of their values.

    >>> group_choices(["model=unet,dncnn", "seed=3", "~logger"])
    ['model=unet', '~logger']
    """
    names = groups()
    return [o.partition(",")[0] for o in overrides if o.lstrip("+~").partition("=")[0] in names]


REQUIRED = ("data", "model", "noise", "objective", "optimizer", "trainer")
"""Groups without which there is no run."""


def check_values(config: DictConfig, overrides: Sequence[str], application: Application = RUN) -> None:
    """Refuse added keys that nothing reads, values of another type than the default's, and numbers out of bounds.

    Args:
        config: the composed configuration.
        overrides: the overrides that it was composed with.
        application: the application whose configuration it is.

    Raises:
        DenoiserError: names the key.
    """
    default = _default(tuple(group_choices(overrides)), application, tuple(config_dirs()))
    for group in REQUIRED:
        if group in default and not isinstance(config.get(group), DictConfig):
            raise DenoiserError(f"no {group} ({group})", f"{group}=NAME, one of {', '.join(options(group))}")
    known = keys(default)
    for override in overrides:
        key, _, value = override.lstrip("+").partition("=")
        if override.startswith("+") and key not in known and _is_unread(config, key):
            missing, fix = advice(key, value, known, application)
            what = f"nothing reads the key '{key}'" if missing == KEY else f"no {missing} '{key}'"
            raise DenoiserError(f"{what} ({override})", fix)
    for key in keys(config):
        _check_value(key, OmegaConf.select(config, key), OmegaConf.select(default, key))


@cache
def _default(choices: tuple[str, ...], application: Application, folders: tuple[Path, ...]) -> DictConfig:
    """The configuration of these choices alone, composed once for all jobs of a sweep; `folders` hold the choices."""
    return compose(choices, application)


def _is_unread(config: DictConfig, key: str) -> bool:
    """Whether an added key has no effect: what is built from `_target_`, trainers and recipes have keys of their own.

    A group of `--config-dir` is no key of the configuration, or one that holds keys.
    """
    parts = key.split(".")
    if parts[0] in ("hydra", "trainer") or key not in keys(config) or OmegaConf.is_dict(OmegaConf.select(config, key)):
        return False
    above = (OmegaConf.select(config, ".".join(parts[:count])) for count in range(1, len(parts)))
    if any(OmegaConf.is_dict(node) and "_target_" in node for node in above):
        return False
    return parts[0] != "recipe" or key not in _recipe_keys()


def _recipe_keys() -> set[str]:
    """The keys of `recipe` that other groups read."""
    texts = (path.read_text(encoding="utf-8") for folder in config_dirs() for path in folder.glob("*/*.yaml"))
    return {key for text in texts for key in re.findall(r"oc\.select:(recipe\.\w+)", text)}


def _check_value(key: str, value: Any, default: Any) -> None:
    text, example = _yaml(value), _yaml(default)
    if key in BOUNDS:
        require(BOUNDS[key].allows(value), key, text, f"not a {BOUNDS[key]}", example)
    elif key.startswith(("callbacks.", "scheduler.")) and key.endswith(".monitor"):
        near = nearest(text, MONITORED) or example
        require(value in MONITORED, key, text, f"not one of {', '.join(MONITORED)}", near)
    elif isinstance(default, bool):
        allowed = isinstance(value, bool) or (key in BESIDES and BESIDES[key](value))
        require(allowed, key, text, "not true or false", example)
    elif number(default):
        wrong = isinstance(value, str | bool) or (isinstance(value, float) and not number(value))
        require(not wrong, key, text, "not a number", example)


def _yaml(value: Any) -> str:
    """A value as it is typed on the command line."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
