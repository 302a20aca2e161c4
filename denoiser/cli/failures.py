"""Failures of commands: two lines on stderr and an exit code."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from denoiser.errors import ENVIRONMENT, INTERRUPTED, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.machine.signals import interrupted, remembering_interrupts
from denoiser.machine.terminal import CLOSED, OutputClosed, quiet_end, say


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
    message = f"{type(error).__name__}: {error} (a bug in denoiser)"
    return DenoiserError(
        message, "DENOISER_DEBUG=1 before the command prints a traceback; please report it", SOME_FAILED
    )


def _explain(error: Exception) -> DenoiserError | None:
    """An error of Hydra or OmegaConf as two lines. They are imported here so that `denoiser --help` stays fast."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from denoiser.cli.hydra_errors import explain

    return explain(error) if isinstance(error, HydraException | OmegaConfBaseException) else None
