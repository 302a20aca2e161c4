"""Composing the configuration outside of a Hydra application."""

from __future__ import annotations

import importlib
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

from denoiser import search_path
from denoiser.search_path import config_dirs, files, options, register, searching, split_search_path


class Application(NamedTuple):
    """A Hydra application.

    Args:
        command: the command line that starts it.
        config: the name of its configuration in `conf/`.
        unread: keys of `data` that it does not read, because they only affect training.
    """

    command: str
    config: str
    unread: tuple[str, ...] = ()


TRAINING_DATA = ("batch_size", "patch_size", "crops_per_image", "flip", "num_workers", "split_seed", "images", "size")
RUN = Application("denoiser run", "config")
EVALUATE = Application("denoiser evaluate", "evaluate", tuple(f"data.{name}" for name in TRAINING_DATA))
METHOD_KEYS = ("checkpoint", "weights", "baseline")
"""The keys of an evaluation that name methods; each takes a name or a list."""
HYDRA_VERSION_BASE = "1.3"
_one_at_a_time = threading.RLock()
"""Hydra composes for one thread of a process only."""


def data_root() -> str:
    """The absolute path of the dataset store: `$DENOISER_DATA`, or `$XDG_CACHE_HOME/denoiser` by default."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    root = os.environ.get("DENOISER_DATA") or f"{cache}/denoiser"
    return str(Path(root).expanduser().absolute())


def choice(group: str, name: str) -> DictConfig:
    """What an existing choice says, below its group, and its `trust`.

    It is the file alone where that names a class; one that goes out from another choice is composed.

    >>> choice("noise", "gaussian").noise["_target_"]
    'denoiser.noise.gaussian.Gaussian'
    """
    content = OmegaConf.load(next(path for path in files(group) if path.stem == name))
    content = OmegaConf.create({group: content}) if "_target_" in content else content
    inside = content.get(group) if isinstance(content, DictConfig) else None
    found = isinstance(content, DictConfig) and isinstance(inside, DictConfig) and "_target_" in inside
    return content if found else compose([f"{group}={name}"])  # type: ignore[return-value]


def list_models(config_dir: str | os.PathLike[str] | None = None) -> list[str]:
    """The models of `model=NAME`, to train, with those of a folder of your own."""
    with searching(filter(None, [config_dir])):
        return options("model")


def list_data(config_dir: str | os.PathLike[str] | None = None) -> list[str]:
    """The datasets of `data=NAME`, with those of a folder of your own."""
    with searching(filter(None, [config_dir])):
        return options("data")


def targets(group: str) -> dict[str, str]:
    """The dotted path of each class that a choice of a group names, by the name of the class.

    >>> targets("noise")["Gaussian"]
    'denoiser.noise.gaussian.Gaussian'
    """
    texts = (path.read_text(encoding="utf-8") for path in sorted((search_path.config_dir() / group).glob("*.yaml")))
    paths = [path for text in texts for path in re.findall(r"^_target_: *(\S+)", text, re.MULTILINE)]
    return {path.rpartition(".")[2]: path for path in paths}


def public(package: str, group: str, name: str, others: Mapping[str, str] | None = None) -> Any:
    """A class that a room shows as its own attribute: one that a choice of the group names, or one of others.

    Args:
        package: the dotted name of the room.
        group: the group of configurations whose classes it holds.
        name: the name of the class.
        others: the module of each further name.

    Raises:
        AttributeError: there is no such class.
    """
    path = targets(group).get(name) or f"{(others or {}).get(name, '')}.{name}"
    module = path.rpartition(".")[0]
    if not module:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)


def compose(
    overrides: Sequence[str] = (),
    application: Application = RUN,
    config_dir: str | os.PathLike[str] | None = None,
) -> DictConfig:
    """Compose the configuration that a command runs, also from within a Hydra application.

    Args:
        overrides: overrides as on the command line.
        application: the command, `RUN` or `EVALUATE`.
        config_dir: a folder of configuration of your own, as `--config-dir` on the command line.

    Raises:
        hydra.errors.HydraException: an override is malformed, or its choice or key does not exist.
        DenoiserError: there is no such folder.

    >>> cfg = compose(["model=dncnn", "noise.sigma=50"])
    >>> cfg.model.name, cfg.noise.sigma, cfg.data.patch_size
    ('dncnn', 50, 40)
    """
    register_resolvers()
    with _one_at_a_time:
        return _composed(overrides, application, config_dir)


def _composed(
    overrides: Sequence[str], application: Application, config_dir: str | os.PathLike[str] | None
) -> DictConfig:
    folders, others = split_search_path(overrides)
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()  # Hydra refuses a second one while an application is running
    try:
        with searching([*([config_dir] if config_dir else []), *folders]):
            with initialize_config_dir(str(config_dirs()[0]), version_base=HYDRA_VERSION_BASE):
                return hydra_compose(application.config, overrides=[home_expanded(override) for override in others])
    finally:
        GlobalHydra.instance().hydra = running


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


def home_expanded(override: str) -> str:
    """An override whose paths begin with the home folder instead of `~`, which Hydra does not allow in values.

    >>> home = os.path.expanduser("~")
    >>> home_expanded("data.sources=[~/pictures,synthetic]") == f"data.sources=[{home}/pictures,synthetic]"
    True
    """
    key, equals, value = override.partition("=")
    return key + equals + re.sub(r"(?<![^,\[])~[\w.-]*(?=[/,\]]|$)", lambda found: os.path.expanduser(found[0]), value)


def quoted(value: str) -> str:
    """A text as a value of an override, in quotes where Hydra would take it for something else.

    >>> quoted("outputs/first"), quoted("my run"), quoted("12-00-00")
    ('outputs/first', "'my run'", "'12-00-00'")
    """
    plain = re.fullmatch(r"[A-Za-z_./][\w./+@%-]*", value) and value.lower() not in (
        "null",
        "true",
        "false",
        "nan",
        "inf",
    )
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", value)  # Hydra takes a backslash as such, except before a quote
    return value if plain else f"'{escaped}'"


def register_resolvers() -> None:
    """Make `${data_root:}` known to OmegaConf, and the folders of configuration to Hydra."""
    register()
    OmegaConf.register_new_resolver("data_root", data_root, replace=True)
