"""Checkpoint files: written whole or not at all, and read without running code from them."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from denoiser.errors import ENVIRONMENT, NOT_POSSIBLE, DenoiserError
from denoiser.machine.files import replacing

ZIP = b"PK"
"""First bytes of a file of torch.save."""
WEIGHTS = "weights are dense tensors of floating-point numbers"
_IS_FOLDER = 0x10
"""Attribute of a zip entry that is a folder."""
_LFS = b"version https://git-lfs.github.com/spec/"
_MARKUP = (b"<!", b"<html", b"<HTML", b"<?xml", b"<head")


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
    except Exception as error:  # the unpickler raises any error for an odd file
        raise DenoiserError(f"the checkpoint holds more than tensors and plain values ({path})", fix) from error
    if not is_ours(checkpoint):
        raise DenoiserError(f"the checkpoint is not one of `denoiser run` ({path})", fix)
    return checkpoint  # type: ignore[no-any-return]


def unpickled(content: bytes) -> Any:
    """The tensors and plain values in the bytes of torch.save, on the CPU; torch raises any error for odd bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd tensors and protocols, which are refused here or by `oddity`
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
    if content.startswith(_LFS):
        what = f"the {kind} is a git-LFS pointer to a file that was not downloaded ({path})"
        raise DenoiserError(what, "git lfs pull, in its repository")
    if content[:512].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_MARKUP):
        what = f"the {kind} is a web page that was saved instead of it ({path})"
        raise DenoiserError(what, "download the file itself; pages about it have a link such as Raw or Download")
    return content


def damage(content: bytes) -> str | None:
    """The damage of a zip of torch.save, in words, or None; torch itself does not notice a flipped byte."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Torch reads nothing of an entry marked as a folder, and takes random memory for its weights.
            odd = any(entry.external_attr & _IS_FOLDER for entry in archive.infolist())
            return "damaged" if odd or archive.testzip() else None
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


def oddity(weights: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor] | None = None) -> str | None:
    """The first tensor that a network cannot load or would silently cast, in words, such as "conv.weight is sparse".

    Args:
        weights: tensors by name.
        expected: the network's tensors, where they are known; else whole numbers pass, as counters and indices do.
    """
    for name, tensor in weights.items():
        if (odd := _not_plain(tensor)) is not None:
            return f"{name} is {odd}"
        integer = not tensor.is_floating_point()
        if integer and expected is not None and name in expected and expected[name].is_floating_point():
            return f"{name} is {str(tensor.dtype).removeprefix('torch.')}"
    return None


def _not_plain(tensor: torch.Tensor) -> str | None:
    if tensor.is_meta:
        return "without content"
    if tensor.layout is not torch.strided:
        return "sparse"
    if tensor.is_quantized:
        return "quantized"
    return "complex" if tensor.is_complex() else None


def seen(content: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """A checkpoint's record of the pictures trained and selected on; None where there is none.

    Args:
        content: a checkpoint, see `read`.
        path: its file, for the error message.

    Returns:
        `data`, `split`, `pictures` and, where they are recorded, `sizes` (N, 2) and `thumbnails` (N, 8, 8).

    Raises:
        DenoiserError: the record is damaged.
    """
    record = content.get("seen")
    if record is None:
        return None
    if not isinstance(record, Mapping) or not _is_record(record):
        what = f"the checkpoint's record of its training pictures is damaged (seen, {path})"
        raise DenoiserError(what, "give the checkpoint as `denoiser run` wrote it")
    return record


def _is_record(record: Mapping[str, Any]) -> bool:
    count = record.get("pictures")
    plain = isinstance(record.get("data"), str) and isinstance(record.get("split"), str)
    plain = plain and type(count) is int and count >= 0
    sizes, thumbnails = record.get("sizes"), record.get("thumbnails")
    if sizes is None and thumbnails is None:
        return plain
    whole = _is_tensor(sizes, (count, 2), torch.int32, torch.int64)
    return plain and whole and _is_tensor(thumbnails, (count, 8, 8), torch.uint8)


def _is_tensor(value: Any, shape: tuple[Any, ...], *dtypes: torch.dtype) -> bool:
    tensor = isinstance(value, torch.Tensor) and _not_plain(value) is None
    return tensor and tuple(value.shape) == shape and value.dtype in dtypes
