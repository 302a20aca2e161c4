"""`denoiser denoise`: denoise photos with any model, at their own depth and with their metadata."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.data.images import reading
from denoiser.errors import DenoiserError
from denoiser.inference.axes import AXES
from denoiser.machine.signals import sigterm_interrupts
from denoiser.photos.batch.command import denoise_pictures
from denoiser.photos.batch.plan import FORMATS
from denoiser.trust import without_overrides

EXAMPLES = """examples:
  denoiser denoise photo.jpg -o clean.jpg
  denoiser denoise holiday -o cleaned --compare
  denoiser denoise 'scans/**/*.tif' -o cleaned --checkpoint outputs/2026-01-31/12-00-00
  torchrun --nproc-per-node=4 -m denoiser.denoise archive -o cleaned      (SLURM: srun denoiser denoise ...)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code: 1 if some pictures could not be denoised and the others were."""
    with sigterm_interrupts(), without_overrides("denoise"):
        return failures.guarded(lambda: denoise_pictures(parse(arguments)))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse options and paths, in any order; arguments after `--` are paths.

    Raises:
        DenoiserError: an argument is unknown, missing or not allowed.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    end = words.index("--") if "--" in words else len(words)
    parser = command_parser()
    options = parser.parse_intermixed_args(words[:end])
    options.paths += words[end + 1 :]
    if not options.paths:
        parser.error("no picture or folder is given: PATH")
    if options.verbose and not options.dry_run:
        raise DenoiserError("the noise of each picture is only listed by a dry run (-v)", "--dry-run -v")
    return options


def command_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser(
        "denoiser denoise",
        description="Denoise pictures at their own depth; EXIF, colour profile and transparency are kept.\n"
        "Pictures whose output exists are skipped, so that the same command resumes after an interruption.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="a picture, a folder with its subfolders, or a pattern"
    )
    parser.add_argument("-o", "--out", required=True, type=_path, help="output folder; or a file, for one picture")
    _add_model(parser.add_argument_group("model (default: camera; for white noise photo, or grey for grey pictures)"))
    _add_denoising(parser.add_argument_group("denoising"))
    _add_files(parser.add_argument_group("files"))
    return parser


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--model", metavar="NAME", help="weights that ship with the package: photo, grey, camera")
    group.add_argument("--checkpoint", metavar="RUN_OR_FILE", help="a run folder, .ckpt or .safetensors")
    group.add_argument("--weights", metavar="FILE", help="published weights of DnCNN, DRUNet, SwinIR, ...")


def _add_denoising(group: argparse._ArgumentGroup) -> None:
    sigma = "noise level in grey levels of 255, for models that take one; auto: estimated from each picture (auto)"
    strength = "how much noise is removed: 0 is the input, 1 the model's output; above 1 takes 3 times as long (1)"
    chroma = "the strength for colour noise, apart from that for brightness (as --strength)"
    texture = "share of the fine detail among what was removed that is returned, such as hair or cloth (0)"
    only = "denoise the colours, with the strength that is given, and keep the brightness"
    device = "where the model runs; cuda:1 is the second GPU (auto)"
    bits = "float32 or bfloat16 (auto)"
    tile = "a tile has at most N x N pixels, in any shape; auto: as large as memory allows (auto)"
    group.add_argument("--sigma", metavar="auto|N", type=_auto_or(float), help=sigma)
    group.add_argument("--strength", metavar="0..2", type=float, default=1.0, help=strength)
    group.add_argument("--chroma-strength", metavar="0..2", type=float, help=chroma)
    group.add_argument("--chroma-only", action="store_true", help=only)
    group.add_argument("--texture", metavar="0..1", type=float, default=0.0, help=texture)
    group.add_argument("--device", metavar="auto|cpu|cuda|mps", default="auto", help=device)
    group.add_argument("--precision", metavar="auto|32|bf16", default="auto", help=bits)
    group.add_argument("--tile", metavar="auto|N", type=_auto_or(_positive), help=tile)


def _add_files(group: argparse._ArgumentGroup) -> None:
    bits = "bits per channel of the outputs (as each picture)"
    pages = "which pages of a file of several are denoised and written; N counts from 1 (all)"
    axes = "axes of arrays in .npy files: N pictures, H rows, W columns, C channels (where the shape leaves no doubt)"
    group.add_argument("--format", choices=FORMATS, help="format of the outputs (as each picture)")
    group.add_argument("--bits", type=int, choices=(8, 16), help=bits)
    group.add_argument("--pages", metavar="all|first|N", type=_page, help=pages)
    group.add_argument("--axes", type=str.upper, choices=AXES, help=axes)
    group.add_argument("--compare", action="store_true", help="write a before/after page into OUT/compare")
    group.add_argument("--overwrite", action="store_true", help="replace files in OUT, but never an input")
    times = "give outputs the modification times of their pictures (for folders and patterns)"
    group.add_argument("--keep-times", action=argparse.BooleanOptionalAction, help=times)
    group.add_argument("--dry-run", action="store_true", help="print what would be done, with which model")
    verbose = "with --dry-run, also measure and print the noise of each picture"
    group.add_argument("-v", "--verbose", action="store_true", help=verbose)
    limit = f"refuse larger pictures ({reading.MAX_PIXELS})"
    group.add_argument("--max-pixels", metavar="N", type=_positive, default=reading.MAX_PIXELS, help=limit)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _auto_or(number: Callable[[str], float]) -> Callable[[str], float | None]:
    """The type of an option that is a number, or `auto`, which becomes None."""

    def convert(text: str) -> float | None:
        try:
            return None if text == "auto" else number(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"neither auto nor a number: {text}") from error

    return convert


def _page(text: str) -> int | None:
    """The number of the only page; None for all."""
    try:
        return {"all": None, "first": 1}[text] if text in ("all", "first") else _positive(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"neither all nor first nor the number of a page, from 1: {text}") from error


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a whole number: {text}") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"not above 0: {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
