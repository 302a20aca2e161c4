"""Tolerant parsing of files that may be older, damaged or edited by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]

T = TypeVar("T", list[Any], dict[str, Any], str)
Range = tuple[float, float]
"""The low and the high end of an interval."""


def number(value: object) -> float | None:
    """`value` as a float, infinite ones included; None for anything else and for NaN."""
    try:
        parsed = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        return None
    return None if math.isnan(parsed) else parsed


def finite(*values: object) -> list[float]:
    """Those of `values` that are numbers and not infinite."""
    return [parsed for parsed in map(number, values) if parsed is not None and math.isfinite(parsed)]


def whole(value: object) -> int | None:
    """`value` as a whole number; None for what is not a finite number."""
    return round(finite(value)[0]) if finite(value) else None


def pair(value: object) -> Range | None:
    """Two finite numbers, such as the ends of an interval; None for anything else."""
    ends = finite(*value) if isinstance(value, (list, tuple)) else []
    return (ends[0], ends[1]) if len(ends) == 2 else None


def text(value: object) -> str | None:
    """`value` as text; None where there is none."""
    return None if value is None else str(value)


def dicts(value: object) -> list[dict[str, Any]]:
    """Those entries of a list that are dictionaries; none where `value` is not a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def load(path: Path, parser: Callable[[str], object], empty: T) -> T:
    """A file's content; `empty` where the file is missing, unreadable or holds another type than `empty`.

    Args:
        path: the file.
        parser: parses its text.
        empty: what is returned instead.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:  # line ends in values stay as they are
            content = parser(file.read())
    except (OSError, ValueError, RecursionError, yaml.YAMLError, csv.Error):
        return empty
    return content if isinstance(content, type(empty)) else empty
