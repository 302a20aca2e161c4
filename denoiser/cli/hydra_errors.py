"""Hydra's command line and errors, as two lines each."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hydra._internal import utils as hydra_internals
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from denoiser.cli.advice import advice, choice
from denoiser.cli.arguments import Parser
from denoiser.cli.elsewhere import instead
from denoiser.cli.keys import group_choices
from denoiser.config import METHOD_KEYS, RUN, Application, compose, home_expanded, keys, quoted
from denoiser.errors import DenoiserError
from denoiser.search_path import searching, split_search_path

LIST_OR_ONE = (*METHOD_KEYS, "metrics", "test.sigma", "test.shot")
"""Keys that take one value or a list."""
LIST = r".*_range|data\.(sources|shares)|trust|.*\.(betas|widths|blocks)"
"""Keys that take a list alone."""
CONFIG_DIR = "--config-dir="


@contextmanager
def hydra_arguments(application: Application, arguments: Sequence[str]) -> Iterator[None]:
    """Set `sys.argv` for Hydra and turn its errors into two lines; all that composes uses the folders of the arguments.

    Args:
        application: the command.
        arguments: flags and overrides in any order.

    Raises:
        DenoiserError: Hydra does not understand the arguments, or a choice, key or folder does not exist.
    """
    flags, overrides, folders = split(application.command, arguments)
    with searching(folders), _for_hydra(application, flags, overrides):
        yield


@contextmanager
def _for_hydra(application: Application, flags: Sequence[str], overrides: Sequence[str]) -> Iterator[None]:
    command = application.command
    argv, full_errors = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [command, *flags, *overrides], "1"  # raise errors, do not print them
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        if "--multirun" not in flags and not isinstance(error, OverrideParseException):
            _refuse_sweeps(overrides)
        raise explain(error, overrides, application) from error
    except ValueError as error:  # flags that exclude one another; errors of the run itself do not arrive here
        raise DenoiserError(f"{error} ({command})", f"{command} --help") from error
    finally:
        sys.argv = argv
        if full_errors is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_errors


def split(command: str, arguments: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Flags, overrides, and the folders of `--config-dir` and `hydra.searchpath`, which are among neither.

    Raises:
        DenoiserError: there is no such flag, it does not allow this value, or an override is malformed.
    """
    flags, words = sorted_arguments(command, arguments)
    named = [flag.removeprefix(CONFIG_DIR) for flag in flags if flag.startswith(CONFIG_DIR)]
    try:
        folders, overrides = split_search_path(words)
    except HydraException as error:
        raise explain(error) from error
    return [flag for flag in flags if not flag.startswith(CONFIG_DIR)], overrides, [*named, *folders]


def flags_parser(command: str) -> Parser | None:
    """The flags of a command of Hydra and its overrides; None with a Hydra that does not tell them."""
    of_hydra = getattr(hydra_internals, "get_args_parser", None)  # the only source of Hydra's flags
    # conflict_handler: --version is ours
    return of_hydra and Parser(command, parents=[of_hydra()], add_help=False, conflict_handler="resolve")


def sorted_arguments(command: str, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Flags and overrides apart: Hydra itself does not understand flags between overrides.

    Raises:
        DenoiserError: there is no such flag, or it does not allow this value.
    """
    parser = flags_parser(command)
    if parser is None:  # Hydra itself then judges them, in the order in which they are given
        return list(arguments), []
    values = vars(parser.parse_intermixed_args(list(arguments)))
    overrides = [home_expanded(override) for override in values.pop("overrides")]
    flags = {f"--{key.replace('_', '-')}": value for key, value in values.items() if value not in (None, False)}
    return [flag if value is True else f"{flag}={value}" for flag, value in flags.items()], overrides


def _refuse_sweeps(overrides: Sequence[str]) -> None:
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        if override.is_sweep_override():
            key, _, values = str(override.input_line).partition("=")
            as_list, sweep = f"'{key}=[{values}]'", "put -m before them for a sweep"
            if re.fullmatch(LIST, key):
                raise DenoiserError(f"a list is in brackets ({override.input_line})", as_list)
            fix = f"{sweep}, or write {as_list} for a list" if key in LIST_OR_ONE else sweep
            raise DenoiserError(f"several values without -m ({override.input_line})", fix)


def explain(error: Exception, overrides: Sequence[str] = (), application: Application = RUN) -> DenoiserError:
    """An error of Hydra or OmegaConf as two lines, with the nearest choice or key.

    Args:
        error: the exception.
        overrides: the overrides of the command line.
        application: the application whose configuration was composed.
    """
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing_choice(error.missing_cfg_file, sorted(error.options or []))
    if isinstance(error, OverrideParseException):
        return DenoiserError(f"not KEY=VALUE ({error.override})", _in_quotes(str(error.override)))
    for key_error in (error, error.__cause__):
        if isinstance(key_error, ConfigAttributeError | ConfigKeyError):
            return _missing_key(str(key_error.full_key), overrides, application)
    first_line = str(error).partition("\n")[0]
    return DenoiserError(f"{first_line} (configuration)", f"{application.command} --help lists groups and keys")


def _in_quotes(override: str) -> str:
    """The advice for an override that Hydra does not understand: its value in quotes, or in brackets."""
    key, _, value = override.partition("=")
    if not (value and re.fullmatch(r"[+~]{0,2}[\w./@-]+", key, re.ASCII)):
        return "KEY=VALUE; quote values with spaces, = or brackets"
    inside = value.strip("()[]{} ")
    return shlex.quote(f"{key}=[{inside}]" if re.fullmatch(LIST, key.lstrip("+")) else f"{key}={quoted(value)}")


def _missing_choice(file: str, choices: Sequence[str]) -> DenoiserError:
    group, _, name = file.rpartition("/") if file.startswith("hydra/") else file.partition("/")
    if not (group != file and choices):
        return DenoiserError(f"there is no configuration '{file}'", "leave out --config-name, or use --config-dir")
    return DenoiserError(f"no {group} '{name}' ({group}={name})", choice(group, name, choices))


def _missing_key(prefix: str, overrides: Sequence[str], application: Application) -> DenoiserError:
    """The error for a key that the configuration lacks.

    Args:
        prefix: the key as far as Hydra looked for it.
        overrides: the overrides of the command line.
        application: the application whose configuration was composed.
    """
    typed = [o.lstrip("+").partition("=")[0].partition("@")[0] for o in overrides if not o.startswith("~")]
    key = next((key for key in typed if f"{key}.".startswith(f"{prefix}.")), prefix)
    try:
        known = keys(compose(group_choices(overrides), application))
    except HydraException:  # groups of another --config-name
        known = keys(compose((), application))
    if key.startswith("hydra."):
        return DenoiserError(f"no key '{key}' (configuration)", f"{application.command} --cfg hydra lists all keys")
    where = next((o for o in overrides if o.startswith(f"{key.partition('.')[0]}=")), "configuration")
    value = next((o.partition("=")[2] for o in overrides if o.lstrip("+").partition("=")[0] == key), "")
    if fix := instead(key, value):
        return DenoiserError(f"no key '{key}' ({where})", fix)
    missing, fix = advice(key, value, known, application)
    return DenoiserError(f"no {missing} '{key}' ({where})", fix)
