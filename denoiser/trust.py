"""Whose classes are built: who names them, the user's command or a file, and which packages are trusted.

A trust is given by the user alone: in `trust=[mypkg]`, in the environment variable DENOISER_TRUST, or by the choice of
a YAML that holds `trust`. What a checkpoint or a run folder says of trust is only shown in errors.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import OmegaConf

from denoiser.errors import require

TRUST = "DENOISER_TRUST"
"""The environment variable with the packages, separated by commas, that are trusted like those of `trust`."""


class Names(NamedTuple):
    """Who names what is built.

    Args:
        packages: the packages that are trusted, besides those of the environment.
        command: whether the user's command names it, and not a file.
        recorded: the packages that the run needed whose file is read, for errors alone.
        needed: gains each package that a class was built of.
    """

    packages: tuple[str, ...]
    command: bool
    recorded: tuple[str, ...]
    needed: set[str]


_verb: ContextVar[str | None] = ContextVar("verb", default=None)
_names: ContextVar[Names | None] = ContextVar("names", default=None)


def _current() -> Names:
    return _names.get() or Names((), False, (), set())


@contextmanager
def names_of_command(trust: Any) -> Iterator[None]:
    """Within this context, the user's command names what is built.

    Args:
        trust: packages whose classes are allowed too.

    Raises:
        DenoiserError: `trust` is no list of names.
    """
    with _set(Names(checked(trust), True, (), set())):
        yield


@contextmanager
def names_of_files(trust: Any = (), recorded: Any = ()) -> Iterator[None]:
    """Within this context, a file names what is built: a checkpoint, or the configuration of another run.

    Args:
        trust: packages whose classes are allowed too, besides those of the context around it.
        recorded: what the run of the file says that it needed; it allows nothing.

    Raises:
        DenoiserError: `trust` is no list of names.
    """
    around = _current()
    shown = tuple(name for name in recorded if _is_name(name)) if isinstance(recorded, list | tuple) else ()
    with _set(Names((*around.packages, *checked(trust)), False, shown, around.needed)):
        yield


@contextmanager
def names_of_choice(trust: Any) -> Iterator[None]:
    """Within this context, the `trust` of a choice's YAML counts too, if the user's command made the choice."""
    around = _current()
    with _set(around._replace(packages=(*around.packages, *(checked(trust) if around.command else ())))):
        yield


@contextmanager
def _set(names: Names) -> Iterator[None]:
    token = _names.set(names)
    try:
        yield
    finally:
        _names.reset(token)


@contextmanager
def without_overrides(verb: str) -> Iterator[None]:
    """Within this context, errors advise the environment variable alone: the verb takes no `trust=[mypkg]`."""
    token = _verb.set(verb)
    try:
        yield
    finally:
        _verb.reset(token)


def command() -> bool:
    """Whether the user's command names what is built."""
    return _current().command


def packages() -> tuple[str, ...]:
    """The packages that are trusted."""
    environment = [name.strip() for name in os.environ.get(TRUST, "").split(",") if name.strip()]
    return tuple(dict.fromkeys((*_current().packages, *checked(environment))))


def package_of(module: str) -> str | None:
    """The trusted package that a module is of."""
    return next((name for name in packages() if f"{module}.".startswith(f"{name}.")), None)


def find_here(package: str) -> None:
    """Let a trusted package be found in the current folder, if it is there and nowhere else.

    `python -m denoiser.run` looks there anyway, and the script `denoiser` does not. It is looked through last, so that
    no file in it stands for an installed package. Only what the user trusts comes here, never a name of a file's own.
    """
    top, here = package.partition(".")[0], Path.cwd()
    if (here / top / "__init__.py").is_file() or (here / f"{top}.py").is_file():
        try:
            found = top in sys.modules or importlib.util.find_spec(top) is not None
        except ValueError:  # a module that was started as a script
            found = True
        if not found:
            sys.path.append(str(here))
            importlib.invalidate_caches()


def need(package: str) -> None:
    """Keep that a class of a trusted package was used."""
    _current().needed.add(package)


def needed() -> list[str]:
    """The trusted packages that were used so far in this context, for the record of the run."""
    return sorted(_current().needed)


def advice(path: Any) -> str:
    """What to give so that a path is trusted too, with all that is trusted already; empty for what is no path."""
    own = str(path).partition(".")[0]
    if not own.isidentifier():
        return ""
    names = ",".join(dict.fromkeys((*packages(), *_current().recorded, own)))
    if verb := _verb.get():
        return f"for a package of your own {TRUST}={names} denoiser {verb} ..."
    return f"for a package of your own trust=[{names}], or {TRUST}={names}"


def checked(trust: Any) -> tuple[str, ...]:
    """The packages of a `trust`.

    Raises:
        DenoiserError: it is no list of names.
    """
    trust = OmegaConf.to_container(trust, resolve=True) if OmegaConf.is_config(trust) else trust
    names: Sequence[Any] = [trust] if isinstance(trust, str) else trust or ()
    for name in names:
        require(_is_name(name), "trust", name, "not the name of a package", "[mypkg]")
    return tuple(names)


def _is_name(package: Any) -> bool:
    return isinstance(package, str) and all(part.isidentifier() for part in package.split("."))
