"""Hydra's command line and Hydra's complaints, in the two lines of this project."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra._internal.utils import get_args_parser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, InterpolationKeyError, OmegaConfBaseException

from denoiser.cli.arguments import Parser
from denoiser.cli.keys import choices, groups, keys
from denoiser.config import EVALUATE, RUN, Application, compose, config_dir, options
from denoiser.errors import DenoiserError, nearest

TRIED = 16
"""Combinations of a sweep's choices that are composed to find the one without a key."""


def sorted_arguments(name: str, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Hydra's flags and the overrides apart; Hydra itself takes flags between overrides for unknown ones.

    Raises:
        DenoiserError: there is no such flag, or it does not take this value.
    """
    parser = Parser(name, parents=[get_args_parser()], add_help=False)
    given = vars(parser.parse_intermixed_args(list(arguments)))
    overrides: list[str] = given.pop("overrides")
    long = {key: f"--{key.replace('_', '-')}" for key, value in given.items() if value not in (None, False)}
    return [flag if given[key] is True else f"{flag}={given[key]}" for key, flag in long.items()], overrides


def explain(error: Exception, overrides: Sequence[str] = (), application: Application = RUN) -> DenoiserError:
    """Hydra's and OmegaConf's complaints in two lines that name the nearest choice or key.

    Args:
        error: what was raised.
        overrides: what was asked for; the advice is of the groups chosen there.
        application: of which the configuration is.
    """
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _no_choice(error.missing_cfg_file, sorted(error.options or []))
    if isinstance(error, OverrideParseException):
        return DenoiserError(
            f"cannot be understood as KEY=VALUE ({error.override})",
            "KEY=VALUE; quote values with spaces, = or brackets",
        )
    if several := re.search(r"Ambiguous value for argument '([^']+)'", text):
        what = f"several values, and this is no sweep ({several[1]})"
        return DenoiserError(what, _several(several[1], application))
    if asked := re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text):
        return _no_key(asked[1].split("@")[0].lstrip("+~"), overrides, application)
    if isinstance(error, InterpolationKeyError | ConfigAttributeError | ConfigKeyError):
        return _left_out(error, text, overrides, application)
    kind = "the configuration is not possible" if isinstance(error, HydraException) else "the configuration"
    return DenoiserError(f"{kind}: {text.splitlines()[0]}", f"{application.command} --help lists groups and keys")


def _several(given: str, application: Application) -> str:
    key, _, values = given.partition("=")
    listed = application is EVALUATE and key in ("checkpoint", "weights", "baseline", "metrics", "test.sigma")
    sweep = "put -m before them for a sweep"
    return f"'{key}=[{values}]' for all of them on the same noise, or {sweep}" if listed else sweep


def _no_choice(file: str, known: Sequence[str]) -> DenoiserError:
    group, _, name = file.rpartition("/")
    if not (group and known):
        return DenoiserError(f"there is no configuration '{file}'", "leave out --config-name, or give --config-dir")
    near = nearest(name, known) or known[0]
    return DenoiserError(f"no {group} '{name}' ({group}={name})", f"{group}={near}, of {', '.join(known)}")


def _left_out(error: Any, text: str, overrides: Sequence[str], application: Application) -> DenoiserError:
    """A key that is needed is not there: taken away with `~`, or named in an interpolation."""
    wanted = re.search(r"Interpolation key '([^']+)'", text)
    key = wanted[1] if wanted else str(error.full_key or error.key)
    where = f"{error.full_key} refers to it" if wanted else "configuration"
    removed = next((o for o in overrides if o[:1] == "~" and f"{key}.".startswith(f"{o[1:].partition('=')[0]}.")), None)
    usual = key in keys(compose((), application))
    root = f"the override that begins with ~{key.partition('.')[0]}"
    fix = f"leave out {removed or root}" if removed or usual else _nearest_key(key, [], application)
    return DenoiserError(f"no key '{key}', which is needed ({where})", fix)


def _no_key(key: str, overrides: Sequence[str], application: Application) -> DenoiserError:
    chosen = _combination_without(key, overrides, application)
    group = key.partition(".")[0]
    where = next((choice for choice in chosen if choice.startswith(f"{group}=")), "configuration")
    return DenoiserError(f"no key '{key}' ({where})", _nearest_key(key, chosen, application))


def _combination_without(key: str, overrides: Sequence[str], application: Application) -> list[str]:
    """The choices of groups that lack `key`; in a sweep only some may."""
    several = [[f"{group}{value}" for value in values] for group, values in choices(overrides)]
    combinations = [list(one) for one in itertools.islice(itertools.product(*several), TRIED)]
    for combination in combinations:
        try:
            if key not in keys(compose(combination, application)):
                return combination
        except HydraException:  # with --config-dir there may be choices that are not known here
            continue
    return []


def _nearest_key(key: str, chosen: Sequence[str], application: Application) -> str:
    """Advice: the key that was most likely meant, else what there is beside it and which choices have it."""
    known = [one for one in [*keys(compose(chosen, application)), *groups()] if one != key and "._" not in one]
    parent, _, last = key.rpartition(".")
    siblings = {k.rpartition(".")[2]: k for k in known if parent and k.rpartition(".")[0] == parent}
    if elsewhere := _choices_with(key):
        group = key.partition(".")[0]
        have = f"{group}={'|'.join(elsewhere)} {'has' if len(elsewhere) == 1 else 'have'} it"
        return f"one of {', '.join(siblings)}; {have}" if siblings else have
    close = siblings.get(nearest(last, siblings) or "") or (None if siblings else nearest(key, known))
    if close:
        return f"did you mean {close}?"
    listing = f"{application.command} --cfg {'hydra' if key.startswith('hydra.') else 'job'}"
    return f"one of {', '.join(siblings)}" if siblings else f"one of those that `{listing}` lists"


def _choices_with(key: str) -> list[str]:
    """The choices of a key's group that have the key: it is known, and no slip of the fingers."""
    group, _, rest = key.partition(".")
    found = []
    for name in options(group) if rest else []:
        content = OmegaConf.to_container(OmegaConf.load(config_dir() / group / f"{name}.yaml"), resolve=False)
        if any(_holds(content, path.split(".")) for path in (key, rest)):  # a model's YAML is of the whole tree
            found.append(name)
    return found


def _holds(node: Any, path: Sequence[str]) -> bool:
    for part in path:
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


@contextmanager
def hydra_arguments(application: Application, arguments: Sequence[str]) -> Iterator[None]:
    """Give Hydra its arguments, flags first wherever they stood, and tell its complaints in two lines.

    Args:
        application: which command it is.
        arguments: flags and overrides in any order.

    Raises:
        DenoiserError: Hydra does not understand them, or they ask for what is not there.
    """
    name = application.command
    flags, overrides = sorted_arguments(name, arguments)
    before, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [name, *flags, *overrides], "1"  # it raises what it would print
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise explain(error, overrides, application) from error
    except ValueError as error:  # flags that exclude one another; the run's own failures do not come by here
        raise DenoiserError(f"{error} ({name})", f"{name} --help") from error
    finally:
        sys.argv = before
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full
