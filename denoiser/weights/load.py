"""A run folder, a file, a shipped name or published weights -> a network; torch is imported by `load`, not by this."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import missing
from denoiser.weights import shipped

if TYPE_CHECKING:
    from denoiser.training.module import Denoiser
    from denoiser.weights.published import Published

CHECKPOINTS = ("best.ckpt", "last.ckpt")
"""What is looked for in a run folder's `checkpoints`, in this order."""
PUBLISHED = (".pth", ".pt", ".safetensors")
"""How files of published weights are called."""
LARGEST = 1 << 26
"""Bytes of a checkpoint besides its tensors, which are believable."""
EXPORTED = b'{"__metadata__":{"denoiser":'
"""What the header of a `.safetensors` of `denoiser export` begins with."""


def load(name_or_path: str | os.PathLike[str]) -> Denoiser | Published:
    """A trained model, on the CPU, in float32 and evaluation mode; `model.requires_grad_()` to train it further.

    Call it as `model(image)`; `model.channels` says whether it takes colour (3) or grey (1), `model.takes_sigma`
    whether it is told the noise level. Nothing that the file holds is executed.

    Args:
        name_or_path: the name of weights that ship (`shipped.NAMES`), a run folder (its best checkpoint, else its
            last), a checkpoint, a `.safetensors` of `denoiser export` with its `.json` beside, or published weights of
            an architecture that spandrel knows. A string that is a shipped name means that one, whatever the working
            directory holds: write `./photo`, or give a `Path`, for a folder of that name.

    Raises:
        DenoiserError: the path or a checkpoint in it is missing, the file is damaged or holds more than tensors and
            plain values, its weights do not fit the network that it describes, or that network does not run.
    """
    file = file_of(name_or_path)
    if is_published(file):
        from denoiser.weights import published

        return published.read(file)
    from denoiser.weights import rebuild

    return rebuild.fitted(content(file), file).requires_grad_(False)


def file_of(name_or_path: str | os.PathLike[str]) -> Path:
    """The file to load: of a shipped name, of a run folder the best, else the last checkpoint, or the file itself.

    Raises:
        DenoiserError: there is no such path, it is empty, or it is a folder without a checkpoint.
    """
    if name_or_path == "":
        raise DenoiserError("no model is named: its name or path is empty ('')", "give a run folder or a file")
    if name_or_path in shipped.NAMES:
        return shipped.path(str(name_or_path))
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise _absent(name_or_path, path)
    if not path.is_dir():
        return path
    for name in CHECKPOINTS:
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    # The folder of a sweep, or of a day.
    runs = sorted({file.parent.parent for file in path.glob("*/checkpoints/*.ckpt")})
    fix = f"give one of its runs: {runs[-1]}" if runs else "give a run folder or a checkpoint of `denoiser run`"
    raise DenoiserError(f"no checkpoint in the folder ({path})", fix)


def is_published(file: Path) -> bool:
    """Whether a file holds published weights, rather than a checkpoint or an exported network of this project.

    Of a zip its pickle tells, whatever it is called; of anything else its name.
    """
    if file.suffix.lower() == ".safetensors":
        return not is_exported(file)
    own = _is_run(file)
    return file.suffix.lower() in PUBLISHED if own is None else not own


def is_own(file: Path) -> bool:
    """Whether a file holds a checkpoint of `denoiser run` or a network of `denoiser export`, by its content."""
    return is_exported(file) or bool(_is_run(file))


def _is_run(file: Path) -> bool | None:
    """Whether a zip of torch.save is a checkpoint of `denoiser run`; None where the file is no such zip."""
    try:
        with zipfile.ZipFile(file) as archive:
            (entry,) = (entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl"))
            pickled = archive.read(entry) if entry.file_size < LARGEST else b""
    except Exception:  # zipfile raises whatever a damaged file leads it to
        return None
    return b"hyper_parameters" in pickled and b"objective" in pickled


def is_exported(file: Path) -> bool:
    """Whether a file is a `.safetensors` of `denoiser export`, by its header."""
    try:
        with file.open("rb") as opened:
            return opened.read(8 + len(EXPORTED))[8:] == EXPORTED
    except OSError:
        return False


def content(file: Path) -> dict[str, Any]:
    """`hyper_parameters`, `state_dict` and, where it is recorded, `seen` of a checkpoint or an exported network.

    Raises:
        DenoiserError: the file is neither, or damaged.
    """
    from denoiser.runs import checkpoint
    from denoiser.weights import exported

    return exported.read(file) if is_exported(file) else checkpoint.read(file)


def _absent(asked: str | os.PathLike[str], path: Path) -> DenoiserError:
    """The error for what is neither a path nor a name; of published weights that are known it says from where."""
    if path.suffix.lower() in PUBLISHED:
        from denoiser.weights import known_files

        return known_files.absent(path)
    return missing("checkpoint", path, shipped.NAMES if path.name == asked else ())
