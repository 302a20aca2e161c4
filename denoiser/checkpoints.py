"""How checkpoints reach the disk and come back: whole or not at all, and never by unpickling."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from denoiser.errors import ENVIRONMENT, NOT_POSSIBLE, DenoiserError
from denoiser.files import replacing

_IS_FOLDER = 0x10
"""A zip entry's attribute, as DOS had it."""


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
    try:
        content = path.read_bytes()
    except OSError as error:
        code = ENVIRONMENT if isinstance(error, PermissionError) else NOT_POSSIBLE
        raise DenoiserError(f"cannot read the checkpoint: {error.strerror} ({path})", fix, code) from error
    problem = _damage(content)
    if problem:
        raise DenoiserError(f"the checkpoint is {problem} ({path})", fix)
    try:
        checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever an odd file leads it to
        raise DenoiserError(f"the checkpoint holds more than tensors and plain values ({path})", fix) from error
    if not _is_ours(checkpoint):
        raise DenoiserError(f"the checkpoint is not one of `denoiser run` ({path})", fix)
    return checkpoint  # type: ignore[no-any-return]


def _is_ours(checkpoint: Any) -> bool:
    if not isinstance(checkpoint, dict):
        return False
    weights, hyper_parameters = checkpoint.get("state_dict"), checkpoint.get("hyper_parameters")
    if not isinstance(weights, dict) or not isinstance(hyper_parameters, dict):
        return False
    return all(isinstance(value, torch.Tensor) for value in weights.values())


def _damage(content: bytes) -> str | None:
    """What is wrong with a file that should be torch's zip; torch itself does not notice a flipped byte."""
    if not content:
        return "empty"
    if not content.startswith(b"PK"):
        return "no file of torch.save, or an old pickle, which is not loaded since it could run anything"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # Of an entry that is marked as a folder torch reads nothing and takes what is in memory for weights.
            odd = any(entry.external_attr & _IS_FOLDER for entry in archive.infolist())
            return "damaged" if odd or archive.testzip() else None
    except Exception:  # zipfile too raises whatever a flipped byte leads it to
        return "truncated or damaged"
