"""Failures of commands: two lines on stderr and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from denoiser.cli.hydra_errors import explain
from denoiser.errors import ENVIRONMENT, INTERRUPTED, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.machine.signals import interrupted, noticing


def guarded(command: Callable[[], int]) -> int:
    """Run a command; its failures become two lines on stderr and an exit code, a traceback with DENOISER_DEBUG=1."""
    with noticing():
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
    if interrupted():  # and a library made this of it
        return DenoiserError("interrupted (Ctrl-C)", "repeat the command", INTERRUPTED)
    if isinstance(error, HydraException | OmegaConfBaseException):
        return explain(error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return DenoiserError(
            f"{error.strerror or error}{where}", "check the path, its permissions and the disk", ENVIRONMENT
        )
    what = f"{type(error).__name__}: {error} (a fault of denoiser's own)"
    return DenoiserError(what, "DENOISER_DEBUG=1 before the command shows where; please report it", SOME_FAILED)
