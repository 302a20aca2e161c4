"""Tensors out of pickles without executing anything in them."""

from __future__ import annotations

import io
import pickletools
import re
import zipfile
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.runs import checkpoint

FIX = "give a file of published weights: .pth, .pt, .ckpt or .safetensors"


AGAIN = "download the file again"


def unpacked(content: bytes, path: Path) -> Any:
    """Whatever the file holds, which is tensors and plain values only."""
    if content.startswith(checkpoint.ZIP):
        return _from_zip(content, path)
    if content.startswith(b"\x80"):
        return _from_pickle(content, path)
    if content[8:9] == b"{":
        from safetensors.torch import load

        try:
            return load(content)
        except Exception as error:  # its own type of error, and others for odd headers
            raise DenoiserError(f"the file of weights is truncated or damaged: {error} ({path})", AGAIN) from error
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
    except Exception as error:  # the unpickler raises whatever an odd file leads it to
        if re.search("[Uu]nsupported (global|class)|GLOBAL", str(error)) or _names_code(content):
            told = "holds more than tensors and plain values, which could run anything"
            raise DenoiserError(f"the file of weights {told} ({path})", FIX) from error
        if "operand 149" in str(error):  # protocol 4's frames
            told = "is of a pickle protocol that is not loaded safely"
            raise DenoiserError(f"the file of weights {told} ({path})", "torch.save without pickle_protocol") from error
        raise DenoiserError(f"the file of weights is truncated or damaged ({path})", AGAIN) from error


def _names_code(content: bytes) -> bool:
    """Whether a whole pickle names classes or functions, which the first one of torch.save's old files does not."""
    try:
        return any([opcode.name in ("GLOBAL", "STACK_GLOBAL", "INST") for opcode, *_ in pickletools.genops(content)])
    except Exception:  # it is none, or not whole
        return False
