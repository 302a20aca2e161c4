"""A checkpoint's record of the pictures that its model was trained and selected on, checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from denoiser.errors import DenoiserError
from denoiser.weights.tensors import unsupported_kind


def seen(content: Mapping[str, Any], path: Path) -> Mapping[str, Any] | None:
    """A checkpoint's record of the pictures trained and selected on; None where there is none.

    Args:
        content: a checkpoint, see `runs.checkpoint.read`.
        path: its file, for the error message.

    Returns:
        `data`, `split`, `pictures` and, where they are recorded, `sizes` (N, 2) and `thumbnails` (N, 8, 8); of a
        training that started from weights also their records as `earlier`, a list.

    Raises:
        DenoiserError: the record is damaged.
    """
    record = content.get("seen")
    if record is None:
        return None
    if not isinstance(record, Mapping) or not _is_record(record) or not _are_records(record.get("earlier", [])):
        what = f"the checkpoint's record of its training pictures is damaged (seen, {path})"
        raise DenoiserError(what, "give the checkpoint as `denoiser run` wrote it")
    return record


def _are_records(earlier: Any) -> bool:
    return isinstance(earlier, list) and all(isinstance(one, Mapping) and _is_record(one) for one in earlier)


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
    tensor = isinstance(value, torch.Tensor) and unsupported_kind(value) is None
    return tensor and tuple(value.shape) == shape and value.dtype in dtypes
