"""The folders of the configuration: that of this package, those of the user, and those of installed packages.

The user's are those of `--config-dir` and `hydra.searchpath`. An installed package has an entry point of the group
`denoiser.conf`, whose value is the package of its folder, such as `mypkg.conf`. Everything that composes or lists
choices uses all of them, see `searching`.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.search_path_plugin import SearchPathPlugin

from denoiser.errors import DenoiserError

PACKAGE = Path(__file__).resolve().parent
ENTRY_POINTS = "denoiser.conf"
"""The group of entry points by which installed packages bring their configuration."""
SEARCH_PATH = "hydra.searchpath"
PROVIDER = "denoiser"
"""The name of the folders that `Folders` adds, in Hydra's list of its sources."""
_added: ContextVar[tuple[Path, ...]] = ContextVar("added", default=())


def config_dir() -> Path:
    """The folder `conf`: inside of the installed package, or beside it in a checkout."""
    installed = PACKAGE / "conf"
    return installed if installed.is_dir() else PACKAGE.parent / "conf"


def config_dirs() -> list[Path]:
    """Every folder of configuration, in the order in which Hydra looks for a choice."""
    return list(dict.fromkeys((config_dir(), *_added.get(), *_installed(tuple(sys.path)))))


@contextmanager
def searching(folders: Iterable[str | os.PathLike[str]]) -> Iterator[None]:
    """Within this context, choices are looked for in these folders too.

    Args:
        folders: paths, or packages as `pkg://mypkg.conf`.

    Raises:
        DenoiserError: one does not exist, or holds a choice of a name that this package has too, which Hydra would
            never find.
    """
    added = [_folder(os.fspath(folder)) for folder in folders]
    for folder in added:
        _check_groups(folder)
        _check_names(folder)
    token = _added.set(tuple(dict.fromkeys((*_added.get(), *added))))
    try:
        yield
    finally:
        _added.reset(token)


def split_search_path(overrides: Iterable[str]) -> tuple[list[str], list[str]]:
    """The folders of `hydra.searchpath=[...]`, and the other overrides.

    >>> split_search_path(["seed=3", "hydra.searchpath=[mine,pkg://other.conf]"])
    (['mine', 'pkg://other.conf'], ['seed=3'])
    """
    folders: list[str] = []
    others: list[str] = []
    for override in overrides:
        if override.lstrip("+").partition("=")[0] == SEARCH_PATH:
            value = OverridesParser.create().parse_override(override).value()
            folders += map(str, value if isinstance(value, list) else [value])
        else:
            others.append(override)
    return folders, others


class Folders(SearchPathPlugin):
    """Makes Hydra look into all folders, in a command as well as in `compose`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folders."""
        for folder in config_dirs()[1:]:
            search_path.append(PROVIDER, f"file://{folder}")


def register() -> None:
    """Make `Folders` known to Hydra."""
    Plugins.instance().register(Folders)


def added_words() -> list[str]:
    """The words of a command that look into the same folders as this process."""
    folders = [str(folder) for folder in _added.get() if folder not in _installed(tuple(sys.path))]
    quoted = ",".join("'{}'".format(folder.replace("'", "\\'")) for folder in folders)
    return [f"--config-dir={folders[0]}"] if len(folders) == 1 else [f"{SEARCH_PATH}=[{quoted}]"] if folders else []


def _folder(place: str) -> Path:
    name = place.removeprefix("pkg://")
    folder = _package_folder(name) if name != place else Path(place.removeprefix("file://")).expanduser().absolute()
    if folder is None or not folder.is_dir():
        fix = "--config-dir DIR (from Python, config_dir=DIR), with DIR/model/NAME.yaml"
        raise DenoiserError(f"no such folder of configuration ({place})", fix)
    return folder


def _check_groups(folder: Path) -> None:
    """Refuse a folder without any configuration where one inside of it has some."""
    if any(folder.glob("*.yaml")) or any(folder.glob("*/*.yaml")):
        return
    inside = next((one for one in sorted(folder.glob("*")) if one.is_dir() and any(one.glob("*/*.yaml"))), None)
    if inside:
        what = f"no configuration in the folder, neither NAME.yaml nor GROUP/NAME.yaml (--config-dir {folder})"
        raise DenoiserError(what, f"did you mean --config-dir {inside}?")


def _check_names(folder: Path) -> None:
    if folder == config_dir():
        return
    for file in sorted([*folder.glob("*.yaml"), *folder.glob("*/*.yaml")]):
        if (config_dir() / file.relative_to(folder)).is_file():
            what = f"denoiser has a {file.relative_to(folder)} of its own, which counts before this one ({file})"
            raise DenoiserError(what, f"mv {file} {file.with_name(f'my_{file.name}')}")


@cache
def _installed(_: tuple[str, ...]) -> tuple[Path, ...]:
    """The folders of installed packages; the argument is `sys.path`, so that they are looked for once."""
    folders = []
    for point in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.value):
        folder = _package_folder(point.value)
        if folder is None:
            name = point.dist.name if point.dist else point.name
            what = f"{name} has no folder {point.value} with its configuration (entry point {ENTRY_POINTS})"
            raise DenoiserError(what, f"install {name} again with its YAML files, or: pip uninstall {name}")
        folders.append(folder)
    return tuple(folders)


def _package_folder(package: str) -> Path | None:
    """The folder of a package, which is not imported for it."""
    top, *inside = package.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # no name, or a module that was started as a script
        return None
    places = (Path(place, *inside) for place in (spec and spec.submodule_search_locations) or ())
    return next((place for place in places if place.is_dir()), None)


def groups() -> list[str]:
    """The groups of configurations."""
    return sorted({path.name for folder in config_dirs() for path in folder.iterdir() if path.is_dir()})


def files(group: str) -> list[Path]:
    """The YAML of each choice of a group, sorted by name."""
    found: dict[str, Path] = {}
    for folder in config_dirs():
        for path in (folder / group).glob("*.yaml"):
            found.setdefault(path.stem, path)
    return [found[name] for name in sorted(found)]


def options(group: str) -> list[str]:
    """The choices of a group: `options("model")` lists the models."""
    return [path.stem for path in files(group)]
