"""The `denoiser` script: `denoiser VERB ...` is `python -m denoiser.VERB ...`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from denoiser.cli.arguments import version
from denoiser.cli.failures import guarded, print_error
from denoiser.errors import NOT_POSSIBLE, DenoiserError, nearest
from denoiser.machine.terminal import say

OPTIONS = ("--help", "--version")
VERBS = {
    "run": "train a denoiser, test it and write a report",
    "evaluate": "score checkpoints, published weights and classical baselines on the same noise",
    "report": "make tables and pages from run folders",
    "denoise": "remove the noise from photos",
    "export": "write a trained network as ONNX and safetensors, with a model card",
    "data": "list, download and verify the datasets",
    "completion": "print the script that completes commands in bash, zsh or fish",
    "bench": "measure the speed of training, evaluation and denoising",
}


def main() -> int:
    """Run the command that the first argument names. Returns the exit code."""
    return guarded(lambda: _command(sys.argv[1:]))


def _command(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        say("usage: denoiser VERB ...\n")
        say(*(f"  {verb:10}  {summary}" for verb, summary in VERBS.items()), sep="\n")
        say("\n`denoiser VERB --help` shows the help of a verb, `denoiser --version` the version.")
        return 0 if arguments else NOT_POSSIBLE
    verb = arguments[0]
    if verb == "--version":
        say(version())
        return 0
    if verb not in VERBS:
        kind, candidates = ("option", OPTIONS) if verb.startswith("-") else ("verb", tuple(VERBS))
        fix = f"denoiser {nearest(verb, candidates) or '--help'}"
        return print_error(DenoiserError(f"no {kind} '{verb}' (denoiser)", fix))
    module = importlib.import_module(f"denoiser.{verb}")
    if hasattr(module, "__path__"):  # a package, as for `python -m`
        module = importlib.import_module(f"denoiser.{verb}.__main__")
    code: int = module.main(list(arguments[1:]))
    return code


if __name__ == "__main__":
    sys.exit(main())
