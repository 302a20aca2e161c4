"""The `denoiser` script: verbs, the two error lines, and Hydra within them."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from denoiser.cli.hydra_errors import explain, sorted_arguments
from denoiser.cli.keys import check_types, checked_dotlist, keys
from denoiser.config import Application
from denoiser.errors import ENVIRONMENT, INTERRUPTED, NOT_POSSIBLE, SOME_FAILED, TERMINATED, DenoiserError, nearest
from denoiser.machine.signals import interrupted, noticing

__all__ = ["check_types", "checked_dotlist", "guarded", "hydra_arguments", "keys", "main", "tell", "told", "version"]

DISTRIBUTION = "denoiser-lightning"
FLAGS = ("--help", "--version")
VERBS = {
    "run": "train, test and report",
    "evaluate": "score checkpoints, published weights and classical baselines on one noise",
    "report": "run folders to tables and pages",
    "denoise": "photos in, photos out",
    "export": "a trained network to ONNX and safetensors, with a model card",
    "data": "which datasets there are; download and verify them",
    "bench": "speed of training, evaluating and denoising photos, against peers",
}


def main() -> int:
    """`denoiser VERB ...` is `python -m denoiser.VERB ...`. Returns the exit code."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: denoiser VERB ...\n")
        print(*(f"  {verb:8}  {what}" for verb, what in VERBS.items()), sep="\n")
        print("\n`denoiser VERB --help` says more, `denoiser --version` which version this is.")
        return 0 if arguments else NOT_POSSIBLE
    verb = arguments[0]
    if verb == "--version":
        print(version())
        return 0
    if verb not in VERBS:
        kind, known = ("option", FLAGS) if verb.startswith("-") else ("verb", tuple(VERBS))
        return tell(DenoiserError(f"no {kind} '{verb}' (denoiser)", f"denoiser {nearest(verb, known) or '--help'}"))
    module = importlib.import_module(f"denoiser.{verb}")
    if hasattr(module, "__path__"):  # a package, as for `python -m`
        module = importlib.import_module(f"denoiser.{verb}.__main__")
    code: int = module.main(arguments[1:])
    return code


def version() -> str:
    """The installed version, or `unknown` where the package is used without being installed."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


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


if __name__ == "__main__":
    sys.exit(main())
