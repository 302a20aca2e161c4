"""The `denoiser` script: verbs, the two error lines, and Hydra's complaints in them."""

from __future__ import annotations

import importlib
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from denoiser.config import compose, config_dir
from denoiser.errors import ENVIRONMENT, INTERRUPTED, NOT_POSSIBLE, SOME_FAILED, TERMINATED, DenoiserError, nearest

VERBS = {
    "run": "train, test and report",
    "denoise": "photos in, photos out",
    "bench": "images/s of this project against the plain loop and the ceiling",
}


def main() -> int:
    """`denoiser VERB ...` is `python -m denoiser.VERB ...`. Returns the exit code."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: denoiser VERB ...\n")
        print(*(f"  {verb:8}  {what}" for verb, what in VERBS.items()), sep="\n")
        print("\n`denoiser VERB --help` says more.")
        return 0 if arguments else NOT_POSSIBLE
    verb = arguments[0]
    if verb not in VERBS:
        print(
            DenoiserError(f"no verb '{verb}' (denoiser)", f"denoiser {nearest(verb, VERBS) or '--help'}"),
            file=sys.stderr,
        )
        return NOT_POSSIBLE
    code: int = importlib.import_module(f"denoiser.{verb}").main(arguments[1:])
    return code


def guarded(command: Callable[[], int]) -> int:
    """Run a command; its failures become two lines on stderr and an exit code, a traceback with DENOISER_DEBUG=1."""
    try:
        return command()
    except KeyboardInterrupt as stop:
        terminated = "terminated" in stop.args
        print(f"\n{'terminated' if terminated else 'interrupted'}", file=sys.stderr)
        return TERMINATED if terminated else INTERRUPTED
    except Exception as error:
        return tell(error)


def tell(error: Exception) -> int:
    """Print a failure's two lines on stderr, after its traceback with DENOISER_DEBUG=1; give back the exit code."""
    if os.environ.get("DENOISER_DEBUG") == "1":
        traceback.print_exception(error)
    said = told(error)
    print(said, file=sys.stderr)
    return said.code


def told(error: Exception) -> DenoiserError:
    """Any failure as two lines and an exit code."""
    if isinstance(error, DenoiserError):
        return error
    if isinstance(error, HydraException | OmegaConfBaseException):
        return explain(error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return DenoiserError(
            f"{error.strerror or error}{where}", "check the path, its permissions and the disk", ENVIRONMENT
        )
    what = f"{type(error).__name__}: {error} (a fault of denoiser's own)"
    return DenoiserError(what, "DENOISER_DEBUG=1 before the command shows where; please report it", SOME_FAILED)


@contextmanager
def hydra_arguments(name: str, arguments: Sequence[str]) -> Iterator[None]:
    """Give Hydra its arguments, and have it raise what it would otherwise print."""
    before, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [name, *arguments], "1"
    try:
        yield
    finally:
        sys.argv = before
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full


def explain(error: Exception) -> DenoiserError:
    """Hydra's and OmegaConf's complaints in two lines that name the nearest choice or key."""
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        known = sorted(error.options or [])
        return DenoiserError(
            f"no {group} '{name}' ({group}={name})",
            f"{group}={nearest(name, known) or known[0]}, of {', '.join(known)}",
        )
    asked = re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text) or re.search(
        r"full_key: (\S+)", text
    )
    if asked:
        key = asked[1].split("@")[0].lstrip("+~")
        return DenoiserError(f"no key '{key}' (configuration)", _nearest_key(key))
    if isinstance(error, OverrideParseException):
        return DenoiserError(
            f"cannot be understood as KEY=VALUE ({error.override})",
            "KEY=VALUE; quote values with spaces, = or brackets",
        )
    kind = "the configuration is not possible" if isinstance(error, ConfigCompositionException) else "the configuration"
    return DenoiserError(f"{kind}: {text.splitlines()[0]}", "denoiser run --help lists groups and keys")


def _nearest_key(key: str) -> str:
    """Advice: the key that was most likely meant, else what there is beside it."""
    groups = [path.name for path in config_dir().iterdir() if path.is_dir()]
    known = [*keys(compose()), *groups]
    parent, _, last = key.rpartition(".")
    siblings = {k.rpartition(".")[2]: k for k in known if parent and k.rpartition(".")[0] == parent}
    close = siblings.get(nearest(last, siblings) or "") or (None if siblings else nearest(key, known))
    if close:
        return f"did you mean {close}?"
    return f"one of {', '.join(siblings)}" if siblings else "one of those that `denoiser run --cfg job` lists"


def check_types(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse a word where the default is a number.

    Args:
        config: the composed configuration.
        overrides: what it was composed with; only the choices of groups are used.

    Raises:
        DenoiserError: names the key.
    """
    groups = [o for o in overrides if (config_dir() / o.partition("=")[0]).is_dir()]
    default = compose(groups)
    for key in keys(config):
        value, usual = OmegaConf.select(config, key), OmegaConf.select(default, key)
        if isinstance(value, str) and isinstance(usual, int | float) and not isinstance(usual, bool):
            raise DenoiserError(f"{key}={value} is not a number ({key})", f"{key}={usual}")


def keys(config: Any, prefix: str = "") -> list[str]:
    """Every dotted key of a configuration, groups included."""
    found = []
    for key in config:
        node = OmegaConf.select(config, str(key), throw_on_missing=False) if isinstance(config, DictConfig) else None
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
            raise DenoiserError(f"no key '{key}' (configuration)", f"did you mean {nearest(key, known)}?")
    return OmegaConf.from_dotlist(list(changes))


if __name__ == "__main__":
    sys.exit(main())
