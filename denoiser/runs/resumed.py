"""The saved configuration of a run that is resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from denoiser.config import register_resolvers
from denoiser.errors import DenoiserError
from denoiser.runs.folder import overrides, to_resume

CHANGEABLE = ("trainer.", "trust=")
"""Starts of the overrides that a resumed run takes."""


def resumed(words: Sequence[str]) -> tuple[DictConfig, Path, list[str]]:
    """The configuration of a run with the changes of the command, its folder, and all overrides.

    Args:
        words: `resume=NAME`, see `folder.to_resume`, and changes.

    Raises:
        DenoiserError: there is no such run, or the command changes what is not `CHANGEABLE`.
    """
    name = next(word.removeprefix("resume=") for word in words if word.startswith("resume="))
    changes = [word for word in words if not word.startswith("resume=")]
    for change in changes:
        if not change.startswith(CHANGEABLE):
            key = change.partition("=")[0]
            raise DenoiserError(f"{key} cannot be changed when resuming ({change})", "change trainer.KEY=VALUE only")
    folder = to_resume(name)
    register_resolvers()
    cfg: Any = OmegaConf.load(folder / ".hydra" / "config.yaml")
    cfg.trust = []  # what a folder trusts does not count: the command has to name it again
    OmegaConf.set_struct(cfg, True)
    cfg.merge_with_dotlist(changes)
    return cfg, folder, [*overrides(folder), *changes]
