"""Tensors from files of torch.save and safetensors, without executing anything that the files hold."""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.runs import checkpoint
from denoiser.weights import formats

FIX = "give a file of published weights: .pth, .pt, .ckpt or .safetensors"
AGAIN = "download the file again"


def unpack(content: bytes, path: Path) -> Any:
    """Read a zip or an old pickle of torch.save, or a safetensors file.

    Args:
        content: content of the file.
        path: the file, for errors.

    Returns:
        What was saved, which is tensors and plain values only, on the CPU.

    Raises:
        DenoiserError: the content is of another format, damaged, or holds more than tensors and plain values.
    """
    if content.startswith(checkpoint.ZIP):
        return _from_zip(content, path)
    if content.startswith(formats.PICKLE):
        return _from_pickle(content, path)
    if formats.is_safetensors(content):
        return _from_safetensors(content, path)
    raise DenoiserError(f"no file of weights, by its first bytes ({path})", FIX)


def _from_zip(content: bytes, path: Path) -> Any:
    if problem := checkpoint.damage(content):
        raise DenoiserError(f"the file of weights is {problem} ({path})", AGAIN)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [name.rpartition("/")[2] for name in archive.namelist()]
    if "constants.pkl" in entries:
        raise DenoiserError(f"a TorchScript program, which could run anything ({path})", FIX)
    if "data.pkl" not in entries:
        raise DenoiserError(f"a zip that torch.save did not write ({path})", FIX)
    return _from_pickle(content, path)


def _from_pickle(content: bytes, path: Path) -> Any:
    try:
        return checkpoint.unpickled(content)
    except Exception as error:  # the unpickler raises many kinds of errors for a malformed file
        if re.search("[Uu]nsupported (global|class)|GLOBAL", str(error)) or _names_code(content):
            what = "holds more than tensors and plain values, which could run anything"
            raise DenoiserError(f"the file of weights {what} ({path})", FIX) from error
        if "operand 149" in str(error):  # frames, which came with protocol 4
            what = "is of a pickle protocol that is not loaded safely"
            raise DenoiserError(f"the file of weights {what} ({path})", "torch.save without pickle_protocol") from error
        raise DenoiserError(f"the file of weights is truncated or damaged ({path})", AGAIN) from error


def _from_safetensors(content: bytes, path: Path) -> Any:
    from safetensors.torch import load

    try:
        return load(content)
    except Exception as error:  # safetensors raises its own type of error, and others for malformed headers
        raise DenoiserError(f"the file of weights is truncated or damaged: {error} ({path})", AGAIN) from error


def _names_code(content: bytes) -> bool:
    """Whether a pickle names classes or functions; the plain values before torch.save's old pickles name none."""
    try:
        return any([opcode.name in ("GLOBAL", "STACK_GLOBAL", "INST") for opcode, *_ in pickletools.genops(content)])
    except Exception:  # it is no pickle, or not whole
        return False
