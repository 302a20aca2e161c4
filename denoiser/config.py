"""Where the configuration lives and how it is composed outside of a Hydra application."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf


class Application(NamedTuple):
    """A Hydra application: how it is called, and the name of its configuration."""

    command: str
    config: str


RUN = Application("denoiser run", "config")
EVALUATE = Application("denoiser evaluate", "evaluate")
METHOD_KEYS = ("checkpoint", "weights", "baseline")
"""The keys of an evaluation that name methods, each one or a list."""
PACKAGE = Path(__file__).resolve().parent
HYDRA_VERSION_BASE = "1.3"


def config_dir() -> Path:
    """The folder of `config.yaml`: inside the installed package, else at the top of the checkout."""
    inside = PACKAGE / "conf"
    return inside if inside.is_dir() else PACKAGE.parent / "conf"


def data_root() -> str:
    """The store of named datasets: `$DENOISER_DATA`, else `$XDG_CACHE_HOME/denoiser`, absolute."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    chosen = os.environ.get("DENOISER_DATA") or f"{cache}/denoiser"
    return str(Path(chosen).expanduser().absolute())


def options(group: str) -> list[str]:
    """What can be chosen for a group: `options("model")` names the models."""
    return sorted(path.stem for path in (config_dir() / group).glob("*.yaml"))


def compose(overrides: Sequence[str] = (), application: Application = RUN) -> DictConfig:
    """The configuration that `denoiser run OVERRIDES` would run; also from within a Hydra application.

    Args:
        overrides: as on the command line.
        application: of which the configuration is.

    Raises:
        hydra.errors.HydraException: an override cannot be understood or names what is not there.
    """
    register_resolvers()
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()  # Hydra refuses a second one beside an application that is running
    try:
        with initialize_config_dir(str(config_dir()), version_base=HYDRA_VERSION_BASE):
            return hydra_compose(application.config, overrides=list(overrides))
    finally:
        GlobalHydra.instance().hydra = running


def register_resolvers() -> None:
    """Make `${data_root:}` known to OmegaConf."""
    OmegaConf.register_new_resolver("data_root", data_root, replace=True)
