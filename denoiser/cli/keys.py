"""What a key may be: checked after composition, before anything is built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from denoiser.config import RUN, Application, compose, config_dir
from denoiser.errors import DenoiserError, nearest, number, require


class Number(NamedTuple):
    """What a numeric key may be.

    Args:
        low: the smallest value.
        high: the largest value; None is no bound.
        whole: whether it counts something.
        null: whether it may be null.
        example: a value for the advice.
    """

    low: float
    high: float | None = None
    whole: bool = True
    null: bool = False
    example: float = 0

    def allows(self, value: Any) -> bool:
        """Whether `value` is such a number."""
        if value is None:
            return self.null
        fits = number(value) and self.low <= value and (self.high is None or value <= self.high)
        return fits and (isinstance(value, int) or not self.whole)

    def __str__(self) -> str:
        """In words."""
        bounds = f"of {self.low} or more" if self.high is None else f"from {self.low} to {self.high}"
        return f"{'whole ' if self.whole else ''}number {bounds}{' or null' if self.null else ''}"


FIGURES = ("train/loss", "val/loss", "val/psnr", "val/ssim")
NUMBERS = {
    "seed": Number(0, 2**32 - 1),
    "draws": Number(1, example=1),
    "batch_size": Number(1, null=True, example=8),
    "num_workers": Number(0),
    "data.cache_gb": Number(0, whole=False, example=4),
    "callbacks.early_stopping.patience": Number(0, null=True, example=3),
    "callbacks.ema.decay": Number(0, 1, whole=False, null=True, example=0.999),
    "callbacks.images.count": Number(0, example=4),
    "callbacks.projector.images": Number(0),
}
"""Bounds that no part of the run would look at before it is too late."""
WORDS = {
    "callbacks.best_checkpoint.monitor": FIGURES,
    "callbacks.early_stopping.monitor": FIGURES,
}
ALSO = {"trainer.deterministic": ("warn",)}
"""What else a key may be whose default is true or false."""


def groups() -> list[str]:
    """What can be chosen: model, data, noise, ..."""
    return sorted(path.name for path in config_dir().iterdir() if path.is_dir())


def choices(overrides: Iterable[str]) -> list[tuple[str, list[str]]]:
    """The groups chosen or left out among overrides, each with its choices, which are several in a sweep.

    `["model=unet,dncnn", "seed=3", "~logger"]` gives `[("model=", ["unet", "dncnn"]), ("~logger", [""])]`.
    """
    known, found = groups(), []
    for override in overrides:
        group, equals, value = override.partition("=")
        if group.lstrip("+~") in known:
            several = re.sub(r"^choice\((.*)\)$", r"\1", value)
            found.append((group + equals, [one.strip() for one in several.split(",")]))
    return found


def check_types(config: DictConfig, overrides: Sequence[str], application: Application = RUN) -> None:
    """Refuse a word where the default is a number, a number where it is true or false, and what is out of bounds.

    Args:
        config: the composed configuration.
        overrides: what it was composed with; only the choices of groups are used.
        application: of which the configuration is.

    Raises:
        DenoiserError: names the key.
    """
    default = compose([f"{group}{values[0]}" for group, values in choices(overrides)], application)
    for key in keys(config):
        value, usual = OmegaConf.select(config, key), OmegaConf.select(default, key)
        if key in NUMBERS:
            _check_number(key, value, NUMBERS[key])
        elif key in WORDS:
            near = nearest(str(value), WORDS[key])
            require(value in WORDS[key], key, value, f"none of {', '.join(WORDS[key])}", near or WORDS[key][0])
        elif isinstance(usual, bool):
            require(
                isinstance(value, bool) or value in ALSO.get(key, ()),
                key,
                _said(value),
                "not true or false",
                _said(usual),
            )
        elif isinstance(usual, int | float):
            wrong = isinstance(value, str | bool) or (isinstance(value, float) and not number(value))
            require(not wrong, key, _said(value), "not a number", str(usual))


def _check_number(key: str, value: Any, wanted: Number) -> None:
    require(wanted.allows(value), key, _said(value), f"no {wanted}", str(wanted.example))


def _said(value: Any) -> str:
    """A value as it is typed."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def keys(config: Any, prefix: str = "") -> list[str]:
    """Every dotted key of a configuration, groups included."""
    found = []
    for key in config:
        inner = isinstance(config, DictConfig) and not OmegaConf.is_interpolation(config, str(key))
        node = OmegaConf.select(config, str(key), throw_on_missing=False) if inner else None
        found.append(f"{prefix}{key}")
        found += keys(node, f"{prefix}{key}.") if isinstance(node, DictConfig) else []
    return found


def checked_dotlist(config: DictConfig, changes: Sequence[str]) -> DictConfig:
    """`KEY=VALUE` overrides as configuration, each key checked to be one of `config`'s.

    Raises:
        DenoiserError: a key is not there.
    """
    known = keys(config)
    for change in changes:
        key = change.partition("=")[0]
        if key not in known:
            near = nearest(key, known)
            raise DenoiserError(
                f"no key '{key}' (configuration)", f"did you mean {near}?" if near else "denoiser run --cfg job"
            )
    return OmegaConf.from_dotlist(list(changes))
