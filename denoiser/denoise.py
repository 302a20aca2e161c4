"""`denoiser denoise`: photos in, photos out, with any model, at their own depth and with all that they hold."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.data.images import reading
from denoiser.machine.signals import sigterm_interrupts
from denoiser.photos.batch.command import denoise_pictures
from denoiser.photos.batch.plan import FORMATS

EXAMPLES = """examples:
  denoiser denoise photo.jpg -o clean.jpg
  denoiser denoise holiday -o cleaned --compare
  denoiser denoise 'scans/**/*.tif' -o cleaned --checkpoint outputs/2026-01-31/12-00-00
  torchrun --nproc-per-node=4 -m denoiser.denoise archive -o cleaned      (SLURM: srun denoiser denoise ...)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 1 if some pictures could not be denoised and the others were."""
    with sigterm_interrupts():
        return failures.guarded(lambda: denoise_pictures(parse(arguments)))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command's arguments, options and paths in any order; what follows `--` are paths.

    Raises:
        DenoiserError: they cannot be meant.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    end = given.index("--") if "--" in given else len(given)
    made = _parser()
    options = made.parse_intermixed_args(given[:end])
    options.paths += given[end + 1 :]
    if not options.paths:
        made.error("no picture or folder is given: PATH")
    return options


def _parser() -> argparse.ArgumentParser:
    made = Parser(
        "denoiser denoise",
        description="Denoise pictures at their own depth; EXIF, colour profile and transparency are kept. What is "
        "there already is not done again, so that the same command goes on after an interruption.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="a picture, a folder with all below it, or a pattern")
    made.add_argument("-o", "--out", required=True, type=Path, help="a folder; or a file, for one picture")
    _add_model(made.add_argument_group("model (by default photo for colour and grey for grey pictures)"))
    _add_way(made.add_argument_group("denoising"))
    _add_files(made.add_argument_group("files"))
    return made


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--model", metavar="NAME", help="weights that come with the project: photo, grey")
    group.add_argument("--checkpoint", metavar="RUN_OR_FILE", help="a run folder, .ckpt or .safetensors")
    group.add_argument("--weights", metavar="FILE", help="published weights of DnCNN, DRUNet, SwinIR, ...")


def _add_way(group: argparse._ArgumentGroup) -> None:
    sigma = "noise level in grey levels of 255, for models that are told it; auto estimates that of each picture"
    group.add_argument("--sigma", metavar="auto|N", type=_auto_or(float), help=sigma)
    group.add_argument(
        "--strength", metavar="0..1", type=float, default=1.0, help="of the denoising: 0.5 is half way (1)"
    )
    group.add_argument("--chroma-only", action="store_true", help="denoise the colours and keep the brightness")
    group.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (auto)")
    group.add_argument("--precision", default="auto", help="auto, 32 or bf16 (auto)")
    group.add_argument(
        "--tile",
        metavar="auto|N",
        type=_auto_or(_positive),
        help="tiles of at most N x N pixels, in the shape that computes least twice (auto: by the memory)",
    )


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--format", choices=FORMATS, help="of the results (that of each picture)")
    group.add_argument("--bits", type=int, choices=(8, 16), help="a channel of the results (those of each picture)")
    group.add_argument("--compare", action="store_true", help="a page with before and after, in OUT/compare")
    group.add_argument("--overwrite", action="store_true", help="replace files in OUT; never the pictures themselves")
    group.add_argument("--dry-run", action="store_true", help="say what would be done")
    group.add_argument(
        "--max-pixels", metavar="N", type=_positive, default=reading.MAX_PIXELS, help="larger pictures are refused"
    )


def _auto_or(number: Callable[[str], float]) -> Callable[[str], float | None]:
    """An option that is a number, or `auto`, which is None."""

    def parse(text: str) -> float | None:
        try:
            return None if text == "auto" else number(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"neither auto nor a number: {text}") from error

    return parse


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"no whole number: {text}") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"not above 0: {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
