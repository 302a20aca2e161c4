"""What lies in the folders of a command and is not denoised, grouped by the reason and counted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from enum import Enum

from denoiser.data.images import reading
from denoiser.data.images.formats.foreign import BY_SUFFIX, Kind
from denoiser.data.images.formats.suffixes import READ, listed

NAMED = 3
"""Largest number of paths in a message."""


class Left(Enum):
    """Reasons other than that files are of a kind that is not read."""

    LINK = "linked folder"
    UNNAMED = "picture whose name does not end as a picture's"


LeftOut = dict[str, Kind | Left]
"""The reason for each path."""
_RENAME = "add .jpg, .png or .tif to their names, or give them as PATHs with --format"


def reason(path: str) -> Kind | Left | None:
    """Why a file in a folder is not denoised, by its suffix or, if that is unknown, its content.

    Returns:
        None for pictures that are denoised, and for files that are neither pictures nor of a kind that becomes some.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in READ:
        return None
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    found = reading.kind(path)
    return Left.UNNAMED if found is True else found


def counted(left_out: Mapping[str, Kind | Left]) -> str:
    """For example "3 raw files of cameras, 1 linked folder"."""
    return ", ".join(_count(key, paths) for key, paths in _groups(left_out))


def fix(left_out: Mapping[str, Kind | Left]) -> str:
    """What helps where there is nothing else to denoise."""
    fixes = {_fix(key) for key, _ in _groups(left_out)} - {""}
    return fixes.pop() if len(fixes) == 1 else f"put pictures there: {listed(READ)}"


def messages(left_out: Mapping[str, Kind | Left]) -> Iterator[str]:
    """A line for each reason: "left out: 312 raw files of cameras (.nef); dcraw_emu ... makes a 16-bit TIFF of it"."""
    for key, paths in _groups(left_out):
        if isinstance(key, Kind) and len(paths) > 1:
            where = listed(frozenset(os.path.splitext(path)[1].lower() for path in paths) - {""})
        else:
            where = ", ".join(paths[:NAMED]) + (", ..." if len(paths) > NAMED else "")
        action = _fix(key)
        yield f"left out: {_count(key, paths)}{f' ({where})' if where else ''}{f'; {action}' if action else ''}"


def _groups(left_out: Mapping[str, Kind | Left]) -> list[tuple[Kind | Left, list[str]]]:
    groups: dict[Kind | Left, list[str]] = {}
    for path in sorted(left_out):
        groups.setdefault(left_out[path], []).append(path)
    return list(groups.items())


def _count(key: Kind | Left, paths: list[str]) -> str:
    if isinstance(key, Kind):
        return key.one if len(paths) == 1 else f"{len(paths)} {key.many}"
    if len(paths) == 1:
        return f"1 {key.value}"
    plural = {Left.LINK: "linked folders", Left.UNNAMED: "pictures whose names do not end as a picture's"}
    return f"{len(paths)} {plural[key]}"


def _fix(key: Kind | Left) -> str:
    if isinstance(key, Kind):
        return key.fix
    return _RENAME if key is Left.UNNAMED else ""
