"""The keys of a configuration: their names and the values that they allow, checked before anything is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from denoiser.config import RUN, Application, compose, config_dir, options
from denoiser.errors import DenoiserError, nearest, number, require


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
SHOWN = 12
"""Largest number of keys that advice lists."""
MONITORED = ("train/loss", "val/loss", "val/psnr", "val/ssim")
"""Figures that callbacks can monitor."""


def keys(config: DictConfig) -> list[str]:
    """Every dotted key of a configuration, groups included.

    >>> keys(OmegaConf.create({"seed": 0, "noise": {"sigma": 25}}))
    ['seed', 'noise', 'noise.sigma']
    """
    return list(_dotted(OmegaConf.to_container(config, resolve=False), ""))


def _dotted(node: Any, prefix: str) -> Iterable[str]:
    for key, value in node.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _dotted(value, f"{prefix}{key}.")


def group_choices(overrides: Sequence[str]) -> list[str]:
    """The overrides that choose a group or remove it; in a sweep, with the first of their values.

    >>> group_choices(["model=unet,dncnn", "seed=3", "~logger"])
    ['model=unet', '~logger']
    """
    groups = {path.name for path in config_dir().iterdir() if path.is_dir()}
    return [o.partition(",")[0] for o in overrides if o.lstrip("+~").partition("=")[0] in groups]


def check_values(config: DictConfig, overrides: Sequence[str], application: Application = RUN) -> None:
    """Refuse added keys that nothing reads, values of another type than the default's, and numbers out of bounds.

    Args:
        config: the composed configuration.
        overrides: the overrides that it was composed with.
        application: the application whose configuration it is.

    Raises:
        DenoiserError: names the key.
    """
    default = compose(group_choices(overrides), application)
    known = keys(default)
    for override in overrides:
        key = override.lstrip("+").partition("=")[0]
        if override.startswith("+") and key not in known and _is_unread(config, key):
            advice = key_advice(key, known, application.command)
            raise DenoiserError(f"nothing reads the key '{key}' ({override})", advice)
    for key in keys(config):
        _check_value(key, OmegaConf.select(config, key), OmegaConf.select(default, key))


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
    texts = (path.read_text() for path in config_dir().rglob("*.yaml"))
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


def key_advice(key: str, known: Collection[str], command: str) -> str:
    """The key that was most likely meant, else the keys beside it and the choices of its group that have it.

    Args:
        key: a dotted key that the configuration lacks.
        known: the keys of the configuration.
        command: the command that lists all keys with `--cfg job`.
    """
    group, _, inside = key.partition(".")
    parent, _, name = key.rpartition(".")
    siblings = [k.rpartition(".")[2] for k in known if parent and k.rpartition(".")[0] == parent and "._" not in k]
    listed = ", ".join(siblings if len(siblings) <= SHOWN else [*siblings[:SHOWN], "..."])
    if having := [choice for choice in options(group) if inside and _has_key(group, choice, key, inside)]:
        advice = f"{group}={'|'.join(having)} {'has' if len(having) == 1 else 'have'} it"
        return f"one of {listed}; {advice}" if siblings and key not in known else advice
    near = nearest(name, siblings) if siblings else nearest(key, known)
    if near:
        return f"did you mean {parent}.{near}?" if siblings else f"did you mean {near}?"
    return f"one of {listed}" if siblings else f"{command} --cfg job lists all keys"


def _has_key(group: str, choice: str, key: str, inside: str) -> bool:
    """Whether a choice's YAML has a key; a YAML with `@package _global_` holds keys of the whole tree."""
    config = OmegaConf.load(config_dir() / group / f"{choice}.yaml")
    return isinstance(config, DictConfig) and not {key, inside}.isdisjoint(keys(config))
