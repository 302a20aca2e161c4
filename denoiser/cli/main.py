"""The `denoiser` script: verbs, the two error lines, and Hydra within them."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys

from denoiser.cli.failures import print_error
from denoiser.errors import NOT_POSSIBLE, DenoiserError, nearest

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
        return print_error(
            DenoiserError(f"no {kind} '{verb}' (denoiser)", f"denoiser {nearest(verb, known) or '--help'}")
        )
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


if __name__ == "__main__":
    sys.exit(main())
