"""Checkpoint files: written completely or not at all, and read without running code from them."""

from __future__ import annotations

import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from denoiser.errors import ENVIRONMENT, NOT_POSSIBLE, DenoiserError
from denoiser.machine.files import LFS_POINTER, WEB_PAGE, replacing

ZIP = b"PK"
"""First bytes of a file of torch.save."""
_IS_FOLDER = 0x10
"""Attribute of a zip entry that is a folder."""


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes beside the target, flushes and renames; reads with `weights_only=True`.

    Lightning's own writes to $TMPDIR first, which may be another disk, and raises nothing if the folder is read-only.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Save, whole or not at all.

        Raises:
            DenoiserError: the file cannot be written (exit code 3).
        """
        with replacing(Path(path)) as file:
            torch.save(checkpoint, file)

    def remove_checkpoint(self, path: str | Path) -> None:
        """Remove a checkpoint, and nothing else: Lightning's own removes whatever a checkpoint names, folders too."""
        if Path(path).suffix == ".ckpt" and Path(path).is_file():
            Path(path).unlink()

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Load tensors and plain values and nothing else, whatever `weights_only` is.

        Raises:
            DenoiserError: the file is missing, damaged, or holds anything else.
        """
        return read(Path(path))


def read(path: Path) -> dict[str, Any]:
    """The checkpoint in a file, its tensors on the CPU.

    Args:
        path: a file that Lightning has written.

    Raises:
        DenoiserError: the file is missing, empty, damaged, or holds more than tensors and plain values; exit code 3 if
            reading it is not permitted.
    """
    fix = "give a run folder or a checkpoint of `denoiser run`"
    content = content_of(path, "checkpoint", fix)
    if not content.startswith(ZIP):
        what = "not a file of torch.save, or an old pickle, which is not loaded because it could run any code"
        raise DenoiserError(f"the checkpoint is {what} ({path})", fix)
    if problem := damage(content):
        raise DenoiserError(f"the checkpoint is {problem} ({path})", fix)
    try:
        checkpoint = unpickled(content)
    except Exception as error:  # the unpickler raises any error for a malformed file
        raise DenoiserError(f"the checkpoint holds more than tensors and plain values ({path})", fix) from error
    if not is_ours(checkpoint):
        raise DenoiserError(f"the checkpoint is not one of `denoiser run` ({path})", fix)
    return checkpoint  # type: ignore[no-any-return]


def unpickled(content: bytes) -> Any:
    """The tensors and plain values in the bytes of torch.save, on the CPU; any error for malformed ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about tensors and protocols that are refused here or by `weights.tensors`
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def content_of(path: Path, kind: str, fix: str) -> bytes:
    """A file's content, unless it is empty, a web page or a git-LFS pointer.

    Args:
        path: the file.
        kind: what it should be, in words.
        fix: the advice if it cannot be read or is empty.

    Raises:
        DenoiserError: it is not such a file; exit code 3 if reading it is not permitted.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        code = ENVIRONMENT if isinstance(error, PermissionError) else NOT_POSSIBLE
        raise DenoiserError(f"cannot read the {kind}: {error.strerror} ({path})", fix, code) from error
    if not content:
        raise DenoiserError(f"the {kind} is empty ({path})", fix)
    if LFS_POINTER.match(content):
        what = f"the {kind} is a git-LFS pointer to a file that was not downloaded ({path})"
        raise DenoiserError(what, "git lfs pull, in its repository")
    if WEB_PAGE.match(content):
        what = f"the {kind} is a web page that was saved instead of it ({path})"
        raise DenoiserError(what, "download the file itself; pages about it have a link such as Raw or Download")
    return content


def damage(content: bytes) -> str | None:
    """The damage of a zip of torch.save, in words, or None; torch itself does not notice a flipped byte."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Torch reads nothing of an entry marked as a folder, and takes random memory for its weights.
            has_folders = any(entry.external_attr & _IS_FOLDER for entry in archive.infolist())
            return "damaged" if has_folders or archive.testzip() else None
    except Exception:  # zipfile too raises any error for a flipped byte
        return "truncated or damaged"


def is_ours(checkpoint: Any) -> bool:
    """Whether something unpickled is a checkpoint of `denoiser run`."""
    if not isinstance(checkpoint, dict):
        return False
    weights, hyper_parameters = checkpoint.get("state_dict"), checkpoint.get("hyper_parameters")
    if not isinstance(weights, dict) or not isinstance(hyper_parameters, dict):
        return False
    return all(isinstance(value, torch.Tensor) for value in weights.values())
