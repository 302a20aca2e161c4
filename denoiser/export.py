"""`denoiser export`: a trained network to ONNX, and to safetensors with JSON; with a parity report and a model card."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.data.images.formats.suffixes import TRAINING as PICTURES
from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing
from denoiser.weights import shipped

if TYPE_CHECKING:
    from denoiser.inference.picture_model import TakesPictures

KINDS = {"both": (".safetensors", ".onnx"), "safetensors": (".safetensors",), "onnx": (".onnx",)}


def export(
    model: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    form: str | None = None,
    name: str | None = None,
    half: bool = False,
    opset: int | None = None,
    results: Sequence[Path] = (),
    overwrite: bool = False,
) -> tuple[list[Path], dict[str, Any]]:
    """Write a network as ONNX and as safetensors, with NAME.json and the card NAME.md.

    All is made and compared with the model before the first file is written.

    Args:
        model: what `denoiser.load` takes.
        out: a folder where it is one, ends with a slash, or a `name` is given; else folder and name of the files.
        form: `onnx`, `safetensors` or `both`; None for both, and for published weights ONNX.
        name: of the files; None for the model's own.
        half: round the weights to float16.
        opset: version of ONNX's operators; None for the exporter's own.
        results: folders of evaluations of this very `.safetensors`, for the card.
        overwrite: whether files of this name are replaced.

    Returns:
        The paths, and what NAME.json says.

    Raises:
        DenoiserError: the model is not there or cannot be exported, a file is there, an evaluation is of other weights,
            or what would be written differs from the model (exit code 1).
    """
    from denoiser.weights.export import card, origin
    from denoiser.weights.export.bundle import bundle

    found = origin.origin(model)
    kinds, stem = _kinds(found.model, form, half), _stem(out, name, found.name)
    targets = {suffix: stem.with_name(stem.name + suffix) for suffix in (*kinds, ".json", ".md")}
    _refuse_taken(targets.values(), overwrite)
    made = bundle(found, stem.name, kinds, half, opset)
    if results:
        made.told["results"] = [row for folder in results for row in origin.measured(folder, made.told["sha256"])]
    ships = stem.parent.resolve() == shipped.FOLDER.resolve()
    made.contents[".json"] = f"{json.dumps(made.told, indent=1, ensure_ascii=False)}\n".encode()
    made.contents[".md"] = card.text(made.told, ships).encode()
    for suffix, target in targets.items():
        with replacing(target) as file:
            file.write(made.contents[suffix])
    return list(targets.values()), made.told


def _kinds(model: TakesPictures, form: str | None, half: bool) -> Sequence[str]:
    """The suffixes to write."""
    from denoiser.weights.published import Published

    if not isinstance(model, Published):
        return KINDS[form or "both"]
    if half:
        raise DenoiserError("published weights are exported as they are (--half)", "leave out --half")
    if form in ("safetensors", "both"):
        raise DenoiserError(f"published weights are exported to ONNX alone (--format {form})", "--format onnx")
    return KINDS["onnx"]


def _stem(out: str | os.PathLike[str], name: str | None, own: str) -> Path:
    """Folder and name of the files."""
    path = Path(out).expanduser()
    if name is not None or path.is_dir() or os.fspath(out).endswith((os.sep, "/")):
        called = own if name is None else name  # which a checkpoint from elsewhere says
        if not called or Path(called).name != called or called.startswith("."):
            raise DenoiserError(f"no name for files ({called})", "--name NAME, and the folder after -o")
        return path / called
    if path.suffix.lower() in PICTURES:
        raise DenoiserError(f"that is the name of a picture (-o {out})", f"-o {path.with_suffix('')}")
    return path.with_suffix("") if path.suffix in KINDS["both"] else path


def _refuse_taken(targets: Iterable[Path], overwrite: bool) -> None:
    for target in targets:
        if target.exists() and not overwrite:
            raise DenoiserError(f"the file is there already ({target})", "--overwrite, or another --name")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 1 where an export differs from the model, and nothing is written."""
    return failures.guarded(lambda: _command(_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    from denoiser.weights.export import parity

    given = {key: value for key, value in vars(options).items() if key not in ("model", "out")}
    paths, told = export(options.model, options.out, **given)
    print(*parity.table(told["parity"]), "", *paths, sep="\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "denoiser export",
        description="A trained network to ONNX, and to safetensors with JSON; with a parity report and a model card.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    what = "a run folder, a checkpoint, a shipped name, an exported file or published weights"
    add("model", metavar="MODEL", help=what)
    add("-o", "--out", required=True, metavar="OUT", help="a folder, or folder and name of the files without suffix")
    add("--name", help="of the files, in the folder OUT; default: that of the model")
    add("--format", dest="form", choices=KINDS, help="default: both; for published weights onnx")
    add("--half", action="store_true", help="weights in float16: half the size; the report says what it changes")
    add("--opset", type=int, help="version of ONNX's operators; default: the exporter's own")
    results = "folder of an evaluation of the exported .safetensors, whose figures the card is to show; several: again"
    add("--results", action="append", default=[], type=Path, metavar="FOLDER", help=results)
    add("--overwrite", action="store_true", help="replace files of this name")
    return parser


if __name__ == "__main__":
    sys.exit(main())
