"""Names by which runs are told apart: the model, the data and the overrides that the user typed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from omegaconf import DictConfig, OmegaConf

from denoiser.noise.levels import LEVEL_KEYS

LONGEST = 120
"""Characters of a name; file systems allow 143 to 255 bytes."""
IN_NAME = ("model", "data")
"""Overrides that a name starts with."""
NOWHERE = ("hydra.", "logger", "trust", "resume")
"""Starts of overrides that say nothing of the training."""
TENSORBOARD = "lightning.pytorch.loggers.TensorBoardLogger"


def file_name(start: str, overrides: Sequence[str]) -> str:
    """A name for a folder, without `=`, spaces and brackets; of a path it has the last part.

    >>> file_name("dncnn_folder", ["model=dncnn", "data.path=/home/me/pics", "noise.sigma=15", "seed=2"])
    'dncnn_folder_data.path-pics_noise.sigma-15_seed-2'

    Args:
        start: model and data.
        overrides: the overrides of the command line.
    """
    pairs = typed(overrides).items()
    words = [start, *(f"{_plain(key)}-{_plain(PurePath(value).name)}".rstrip("-") for key, value in pairs)]
    whole = "_".join(words)
    if len(whole) <= LONGEST:
        return whole
    return f"{whole[: LONGEST - 9]}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _plain(text: str) -> str:
    """Text with a hyphen between its parts for everything that is no letter, digit, sign or dot."""
    return re.sub(r"[^\w.+-]+", " ", text.replace("~", "no-"), flags=re.ASCII).strip().replace(" ", "-")


def typed(overrides: Sequence[str]) -> dict[str, str]:
    """What overrides change in the training, by key, without model and data themselves.

    >>> typed(["model=unet", "+noise.clip=true", "~callbacks.ema", "hydra.run.dir=out"])
    {'noise.clip': 'true', '~callbacks.ema': ''}
    """
    pairs = [item.lstrip("+").partition("=") for item in overrides]
    return {key: value for key, _, value in pairs if key not in IN_NAME and not key.startswith(NOWHERE)}


def named_in_tensorboard(cfg: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """The configuration, in which TensorBoard's sub-folder has the overrides in its name, unless the user named it.

    It is saved with the run, so that a resumed run goes on in the same one.
    """
    logger, start = cfg.get("logger") or {}, f"{cfg.model.name}_{cfg.data.name}"
    if logger.get("_target_") != TENSORBOARD or logger.get("version") != start:
        return cfg
    return OmegaConf.merge(cfg, {"logger": {"version": file_name(start, overrides)}})  # type: ignore[return-value]


def hyperparameters(cfg: DictConfig, overrides: Sequence[str]) -> dict[str, Any]:
    """What TensorBoard's table of runs shows: model, data and noise, then what was overridden."""
    noise = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cfg.noise._target_.rpartition(".")[2]).lower()
    shown = {"model": cfg.model.name, "data": cfg.data.name, "noise": noise}
    levels = {f"noise.{key}": cfg.noise[key] for key in LEVEL_KEYS if cfg.noise.get(key) is not None}
    return shown | levels | {key: _value(cfg, key, text) for key, text in typed(overrides).items()}


def _value(cfg: DictConfig, key: str, text: str) -> Any:
    """The number of a key where it has one, else what was typed."""
    value = None if key.startswith("~") or "@" in key else OmegaConf.select(cfg, key)
    return value if isinstance(value, int | float | str) else text
