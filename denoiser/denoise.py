"""`denoiser denoise`: photos in, photos out, 8-bit, each as a whole."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser import cli, imageio
from denoiser.arguments import Parser
from denoiser.errors import ENVIRONMENT, SOME_FAILED, DenoiserError
from denoiser.load import load
from denoiser.plan import Job, check, plan

if TYPE_CHECKING:
    from torch import Tensor

    from denoiser.module import Denoiser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 1 if some pictures could not be denoised and the others were."""
    return cli.guarded(lambda: _command(_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    out: Path = options.out
    jobs = plan(options.paths, out)
    check(jobs, options.overwrite)
    model = load(options.checkpoint)
    failures = []
    for job in jobs:
        try:
            denoise_file(model, job)
        except DenoiserError as error:
            if error.code == ENVIRONMENT:
                raise
            failures.append((job, error))
            continue
        print(f"{job.source} -> {job.target}", flush=True)
    if len(failures) > 1:
        print(*(f"failed: {failure.what}" for _, failure in failures), sep="\n", file=sys.stderr)
    print(out)
    if failures:
        raise _summary(failures, len(jobs))
    return 0


def _summary(failures: Sequence[tuple[Job, DenoiserError]], count: int) -> DenoiserError:
    if len(failures) == 1:
        error = failures[0][1]
        return DenoiserError(error.what, error.fix, SOME_FAILED)
    names = ", ".join(str(job.source) for job, _ in failures[:3]) + (", ..." if len(failures) > 3 else "")
    what = f"{len(failures)} of {count} pictures could not be denoised ({names})"
    return DenoiserError(what, failures[0][1].fix, SOME_FAILED)


def denoise_file(model: Denoiser, job: Job) -> None:
    """Read a picture, denoise it and write it, whole or not at all.

    Raises:
        DenoiserError: the picture cannot be read, has other channels than the model or does not fit into memory, or
            the disk does not take the result (exit code 3).
    """
    wanted, found = model.hparams["channels"], imageio.channels_of(job.source)
    if wanted != found:
        raise DenoiserError(
            f"the picture has {_channels(found)} and the model takes {_channels(wanted)} ({job.source})",
            f"give a --checkpoint that was trained with data.channels={found}",
        )
    imageio.write(job.target, denoise(model, imageio.read(job.source, wanted), job.source))


def _channels(count: int) -> str:
    return {1: "1 channel (grey)", 3: "3 channels (colour)"}.get(count, f"{count} channels")


def denoise(model: Denoiser, image: Tensor, name: Path) -> Tensor:
    """Denoise one picture in float32, uint8 `(C, H, W)` to the same; `name` is for errors.

    Raises:
        DenoiserError: the picture does not fit into memory, or the model's output is not finite.
    """
    import torch

    try:
        with torch.inference_mode():
            denoised: Tensor = model(image[None].to(model.device, torch.float32) / 255)[0]
    except RuntimeError as error:  # torch's out-of-memory errors are no class of their own on CPUs
        if "memory" not in str(error):
            raise
        raise DenoiserError(f"too large for the memory ({name})", "denoise it in parts") from error
    if not torch.isfinite(denoised).all():
        raise DenoiserError(f"the model's output is not finite ({name})", "give another --checkpoint")
    return denoised.clamp(0, 1).mul(255).round().byte().cpu()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "denoiser denoise", description="Denoise pictures with a trained model, 8 bits a channel.", allow_abbrev=False
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, or a folder whose tree is kept")
    parser.add_argument("-o", "--out", required=True, type=Path, help="a folder; or a file, for one picture")
    parser.add_argument("--checkpoint", required=True, type=Path, help="a run folder or a .ckpt file")
    parser.add_argument("--overwrite", action="store_true", help="replace files in OUT; never the pictures themselves")
    return parser


if __name__ == "__main__":
    sys.exit(main())
