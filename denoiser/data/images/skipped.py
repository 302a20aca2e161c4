"""What lies in folders of pictures and is not read, grouped by the reason and counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
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


_PLURAL = {Left.LINK: "linked folders", Left.UNNAMED: "pictures whose names do not end as a picture's"}
_RENAME = "add .jpg, .png or .tif to their names"


def reason(path: str) -> Kind | Left | None:
    """Why a file in a folder is not read, by its suffix or, if that is unknown, its content.

    Returns:
        None for pictures that are read, and for files that are neither pictures nor of a kind that becomes some.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in READ:
        return None
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix]
    found = reading.kind(path)
    return Left.UNNAMED if found is True else found


class Skipped:
    """Files and linked folders that are left out, each once however often it is found, with the reason."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Kind | Left]] = {}

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._found)

    def add(self, path: str, why: Kind | Left) -> None:
        """Leave out a path; messages print it as it is given here."""
        self._found.setdefault(os.path.abspath(path), (path, why))

    def counted(self) -> str:
        """For example "3 raw files of cameras, 1 linked folder"."""
        return ", ".join(_count(key, paths) for key, paths in self._groups())

    def fix(self) -> str:
        """What helps where there is nothing else."""
        fixes = {_fix(key) for key, _ in self._groups()} - {""}
        return fixes.pop() if len(fixes) == 1 else f"put pictures there: {listed(READ)}"

    def messages(self) -> Iterator[str]:
        """A line for each reason: "left out: 312 raw files of cameras (.nef); dcraw_emu ... makes a 16-bit TIFF"."""
        for key, paths in self._groups():
            if isinstance(key, Kind) and len(paths) > 1:
                where = listed(frozenset(os.path.splitext(path)[1].lower() for path in paths) - {""})
            else:
                where = ", ".join(paths[:NAMED]) + (", ..." if len(paths) > NAMED else "")
            action = _fix(key)
            yield f"left out: {_count(key, paths)}{f' ({where})' if where else ''}{f'; {action}' if action else ''}"

    def _groups(self) -> list[tuple[Kind | Left, list[str]]]:
        groups: dict[Kind | Left, list[str]] = {}
        for path, why in sorted(self._found.values(), key=lambda found: found[0]):
            groups.setdefault(why, []).append(path)
        return list(groups.items())


def _count(key: Kind | Left, paths: list[str]) -> str:
    if isinstance(key, Kind):
        return key.one if len(paths) == 1 else f"{len(paths)} {key.many}"
    return f"1 {key.value}" if len(paths) == 1 else f"{len(paths)} {_PLURAL[key]}"


def _fix(key: Kind | Left) -> str:
    if isinstance(key, Kind):
        return key.fix
    return _RENAME if key is Left.UNNAMED else ""
