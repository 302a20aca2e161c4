"""Failures of commands: two lines on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from denoiser.errors import ENVIRONMENT, INTERRUPTED, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.machine.signals import interrupted, remembering_interrupts
from denoiser.machine.terminal import CLOSED, OutputClosed, quiet_end, say
from denoiser.search_path import PACKAGE

LIBRARIES = {
    *("torch", "torchvision", "torchmetrics", "lightning", "lightning_fabric", "lightning_utilities", "hydra"),
    *("omegaconf", "numpy", "PIL", "scipy", "skimage", "rich", "spandrel", "safetensors", "tifffile", "imagecodecs"),
    *sys.stdlib_module_names,
} - {"__main__"}
"""Packages that call code of the user's own, or are called by it."""


def guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code; a failure becomes two lines on stderr.

    Where the reader of the output ends first, as `head` does, the command ends without a word.
    """
    try:
        with remembering_interrupts(), quiet_end():
            return _reported(command)
    except OutputClosed:
        return CLOSED


def _reported(command: Callable[[], int]) -> int:
    try:
        return command()
    except KeyboardInterrupt as interrupt:
        terminated = "terminated" in interrupt.args
        say(f"\n{'terminated' if terminated else 'interrupted'}", error=True)
        return TERMINATED if terminated else INTERRUPTED
    except Exception as error:
        return print_error(error)


def print_error(error: Exception) -> int:
    """Print a failure's two lines on stderr, after its traceback with DENOISER_DEBUG=1. Returns the exit code."""
    if os.environ.get("DENOISER_DEBUG") == "1":
        say("".join(traceback.format_exception(error)), end="", error=True)
    converted = to_denoiser_error(error)
    say(converted, error=True)
    return converted.code


def to_denoiser_error(error: Exception) -> DenoiserError:
    """Any failure as two lines and an exit code."""
    if isinstance(error, DenoiserError):
        return error
    if interrupted():  # a library has turned Ctrl-C into this exception
        return DenoiserError("interrupted (Ctrl-C)", "repeat the command", INTERRUPTED)
    if explanation := _explain(error):
        return explanation
    if isinstance(error, OSError):
        path = f" ({error.filename})" if error.filename else ""
        fix = "check the path, its permissions and the disk"
        return DenoiserError(f"{error.strerror or error}{path}", fix, ENVIRONMENT)
    where, advice = _outside(error), "DENOISER_DEBUG=1 before the command prints a traceback"
    message = f"{type(error).__name__}: {error} ({where or 'a bug in denoiser'})"
    return DenoiserError(message, advice if where else f"{advice}; please report it", SOME_FAILED)


def _outside(error: Exception) -> str | None:
    """Where in code of the user's own an error arose, the innermost function; None where none was called."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        code, module = frame.f_code, str(frame.f_globals.get("__name__"))
        inside = Path(code.co_filename).is_relative_to(PACKAGE)
        if not inside and module.partition(".")[0] not in LIBRARIES:
            return f"{module}.{code.co_qualname}, line {line} of {code.co_filename}"
    return None


def _explain(error: Exception) -> DenoiserError | None:
    """An error of Hydra or OmegaConf as two lines. They are imported here so that `denoiser --help` stays fast."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from denoiser.cli.hydra_errors import explain

    return explain(error) if isinstance(error, HydraException | OmegaConfBaseException) else None
