"""`denoiser export`: a model to ONNX and safetensors, compared with the original, with a model card."""

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
from denoiser.machine.terminal import say
from denoiser.trust import without_overrides
from denoiser.weights import shipped

if TYPE_CHECKING:
    from denoiser.inference.picture_model import PictureModel

FORMATS = {"both": (".safetensors", ".onnx"), "safetensors": (".safetensors",), "onnx": (".onnx",)}


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
    """Write a model as ONNX and as safetensors, with the description NAME.json and the model card NAME.md.

    Everything is made and compared with the model before the first file is written.

    Args:
        model: as for `denoiser.load`.
        out: a folder if it exists as one, ends with a slash, or `name` is given; else folder and name of the files.
        form: `onnx`, `safetensors` or `both`; None for both, or for ONNX alone if the weights are published ones.
        name: name of the files; None for the model's own.
        half: round the weights to float16.
        opset: version of ONNX's operators; None for the exporter's own.
        results: folders of evaluations of this same `.safetensors`, whose figures the card shows.
        overwrite: replace files of this name.

    Returns:
        The paths of the files, and the content of NAME.json.

    Raises:
        DenoiserError: the model is missing or cannot be exported, a file already exists, an evaluation is of other
            weights, or the output of what would be written differs from the model's (exit code 1).
    """
    from denoiser.weights.export import card, origin
    from denoiser.weights.export.bundle import bundle
    from denoiser.weights.load import opened

    source = opened(model)
    suffixes, stem = _suffixes(source.model, form, half), _stem(out, name, source.name)
    targets = {suffix: stem.with_name(stem.name + suffix) for suffix in (*suffixes, ".json", ".md")}
    _check_free(targets.values(), overwrite)
    packed = bundle(source, stem.name, suffixes, half, opset)
    description, contents = packed.description, packed.contents
    if results:
        description["results"] = [row for folder in results for row in origin.measured(folder, description["sha256"])]
    contents[".json"] = f"{json.dumps(description, indent=1, ensure_ascii=False)}\n".encode()
    contents[".md"] = card.markdown(description, stem.parent.resolve() == shipped.FOLDER.resolve()).encode()
    for suffix, target in targets.items():
        with replacing(target) as file:
            file.write(contents[suffix])
    return list(targets.values()), description


def _suffixes(model: PictureModel, form: str | None, half: bool) -> Sequence[str]:
    """The suffixes of the files of weights to write."""
    from denoiser.weights.published import Published

    if not isinstance(model, Published):
        return FORMATS[form or "both"]
    if half:
        raise DenoiserError("published weights are exported as they are (--half)", "leave out --half")
    if form in ("safetensors", "both"):
        raise DenoiserError(f"published weights are only exported to ONNX (--format {form})", "--format onnx")
    return FORMATS["onnx"]


def _stem(out: str | os.PathLike[str], name: str | None, model_name: str) -> Path:
    """Folder and name of the files, without suffix."""
    path = Path(out).expanduser()
    if name is not None or path.is_dir() or os.fspath(out).endswith((os.sep, "/")):
        file_name = model_name if name is None else name  # a model's name is from a file that anyone may have written
        if not file_name or Path(file_name).name != file_name or file_name.startswith("."):
            raise DenoiserError(f"no name for files ({file_name})", "--name NAME, and the folder after -o")
        return path / file_name
    if path.suffix.lower() in PICTURES:
        raise DenoiserError(f"this is the name of a picture (-o {out})", f"-o {path.with_suffix('')}")
    return path.with_suffix("") if path.suffix in FORMATS["both"] else path


def _check_free(targets: Iterable[Path], overwrite: bool) -> None:
    for target in targets:
        if target.exists() and not overwrite:
            raise DenoiserError(f"the file already exists ({target})", "--overwrite, or another --name")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code, 1 if an export differs from the model; then nothing is written."""
    with without_overrides("export"):
        return failures.guarded(lambda: _command(command_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    from denoiser.weights.export import parity

    paths, description = export(**vars(options))
    say(*parity.table(description["parity"]), "", *paths, sep="\n")
    return 0


def command_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser(
        "denoiser export",
        description="Write a model as ONNX and as safetensors, with its description, a parity report and a model card.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    model = "a run folder, a checkpoint, the name of shipped weights, an exported file or published weights"
    add("model", metavar="MODEL", help=model)
    add("-o", "--out", required=True, metavar="OUT", help="a folder, or folder and name of the files without suffix")
    add("--name", help="name of the files, in the folder OUT; default: the name of the model")
    add("--format", dest="form", choices=FORMATS, help="default: both; for published weights: onnx")
    add("--half", action="store_true", help="float16 weights: half the size; the report shows the difference")
    add("--opset", type=int, help="version of ONNX's operators; default: the exporter's own")
    results = "folder of an evaluation of the exported .safetensors, whose figures the card shows; can be repeated"
    add("--results", action="append", default=[], type=Path, metavar="FOLDER", help=results)
    add("--overwrite", action="store_true", help="replace files of this name")
    return parser


if __name__ == "__main__":
    sys.exit(main())
