"""How checkpoints reach the disk and come back: whole or not at all, and never by unpickling."""

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
"""What torch.save's zip begins with."""
WEIGHTS = "weights are dense tensors of floating-point numbers"
_IS_FOLDER = 0x10
"""A zip entry's attribute, as DOS had it."""
_LFS = b"version https://git-lfs.github.com/spec/"
_MARKUP = (b"<!", b"<html", b"<HTML", b"<?xml", b"<head")


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes beside the target, flushes and renames; reads with `weights_only=True`.

    Lightning's own stages in $TMPDIR, which may be another disk, and raises nothing where the folder cannot be written.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Save, whole or not at all.

        Raises:
            DenoiserError: the folder or disk does not take the file (exit code 3).
        """
        with replacing(Path(path)) as file:
            torch.save(checkpoint, file)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Load tensors and plain values and nothing else, whatever `weights_only` says.

        Raises:
            DenoiserError: the file is missing, damaged, or holds anything else.
        """
        return read(Path(path))


def read(path: Path) -> dict[str, Any]:
    """The checkpoint in a file, its tensors on the CPU.

    Args:
        path: a file that Lightning wrote.

    Raises:
        DenoiserError: the file is missing, empty, damaged, or holds more than tensors and plain values; exit code 3 if
            it may not be read.
    """
    fix = "give a run folder or a checkpoint of `denoiser run`"
    content = content_of(path, "checkpoint", fix)
    if not content.startswith(ZIP):
        what = "no file of torch.save, or an old pickle, which is not loaded since it could run anything"
        raise DenoiserError(f"the checkpoint is {what} ({path})", fix)
    if problem := damage(content):
        raise DenoiserError(f"the checkpoint is {problem} ({path})", fix)
    try:
        checkpoint = unpickled(content)
    except Exception as error:  # the unpickler raises whatever an odd file leads it to
        raise DenoiserError(f"the checkpoint holds more than tensors and plain values ({path})", fix) from error
    if not is_ours(checkpoint):
        raise DenoiserError(f"the checkpoint is not one of `denoiser run` ({path})", fix)
    return checkpoint  # type: ignore[no-any-return]


def unpickled(content: bytes) -> Any:
    """Tensors and plain values out of torch.save's bytes, on the CPU; raises whatever odd bytes lead torch to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd tensors and protocols, which are refused here or by `oddity`
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def content_of(path: Path, what: str, fix: str) -> bytes:
    """A file's content, unless it is plainly something else: nothing, a web page, or git-LFS's note of a file.

    Args:
        path: the file.
        what: what it should be, in words.
        fix: the advice if it cannot be read or is empty.

    Raises:
        DenoiserError: it is no such file; exit code 3 if it may not be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        code = ENVIRONMENT if isinstance(error, PermissionError) else NOT_POSSIBLE
        raise DenoiserError(f"cannot read the {what}: {error.strerror} ({path})", fix, code) from error
    if not content:
        raise DenoiserError(f"the {what} is empty ({path})", fix)
    if content.startswith(_LFS):
        told = f"the {what} is a git-LFS pointer, which stands for a file that was not fetched ({path})"
        raise DenoiserError(told, "git lfs pull, in the repository that it is from")
    if content[:512].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_MARKUP):
        told = f"the {what} is a web page that was saved in its place ({path})"
        raise DenoiserError(told, "download the file itself; pages about it have a link such as Raw or Download")
    return content


def damage(content: bytes) -> str | None:
    """What is wrong with a zip of torch.save, in words; torch itself does not notice a flipped byte."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Of an entry that is marked as a folder torch reads nothing and takes what is in memory for weights.
            odd = any(entry.external_attr & _IS_FOLDER for entry in archive.infolist())
            return "damaged" if odd or archive.testzip() else None
    except Exception:  # zipfile too raises whatever a flipped byte leads it to
        return "truncated or damaged"


def is_ours(checkpoint: Any) -> bool:
    """Whether something unpickled is a checkpoint of `denoiser run`."""
    if not isinstance(checkpoint, dict):
        return False
    weights, hyper_parameters = checkpoint.get("state_dict"), checkpoint.get("hyper_parameters")
    if not isinstance(weights, dict) or not isinstance(hyper_parameters, dict):
        return False
    return all(isinstance(value, torch.Tensor) for value in weights.values())


def oddity(weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor] | None = None) -> str | None:
    """The first tensor that a network would choke on or silently cast, in words, such as "conv.weight is sparse".

    Args:
        weights: tensors by name.
        own: the network's, where it is known; None passes whole numbers, which counters and indices are.
    """
    for name, tensor in weights.items():
        if (odd := _not_plain(tensor)) is not None:
            return f"{name} is {odd}"
        if own is not None and name in own and own[name].is_floating_point() and not tensor.is_floating_point():
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
    """What a checkpoint records of the pictures trained and selected on; None where it records nothing.

    Args:
        content: the checkpoint's, of `read`.
        path: its file, for the error.

    Returns:
        `data`, `split`, `pictures` and, where they are recorded, `sizes` (N, 2) and `thumbnails` (N, 8, 8).

    Raises:
        DenoiserError: it is no such record.
    """
    record = content.get("seen")
    if record is None:
        return None
    if not isinstance(record, Mapping) or not _is_record(record):
        told = "the checkpoint's record of the pictures trained on is none of `denoiser run`"
        raise DenoiserError(f"{told} (seen, {path})", "give the checkpoint as `denoiser run` wrote it")
    return record


def _is_record(record: Mapping[str, Any]) -> bool:
    count = record.get("pictures")
    plain = isinstance(record.get("data"), str) and isinstance(record.get("split"), str)
    plain = plain and type(count) is int and count >= 0
    sizes, thumbnails = record.get("sizes"), record.get("thumbnails")
    if sizes is None and thumbnails is None:
        return plain
    return plain and _is_whole(sizes, (count, 2)) and _is_whole(thumbnails, (count, 8, 8), (torch.uint8,))


def _is_whole(found: Any, shape: tuple[Any, ...], dtypes: tuple[torch.dtype, ...] = (torch.int32, torch.int64)) -> bool:
    tensor = isinstance(found, torch.Tensor) and _not_plain(found) is None
    return tensor and tuple(found.shape) == shape and found.dtype in dtypes
