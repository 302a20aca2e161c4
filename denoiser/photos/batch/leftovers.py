"""Half-written files of killed commands, as opposed to those that another command is writing at the moment."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from denoiser.machine.files import LONGEST, remove_unless_open, temporary_stem

_PART = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part", re.DOTALL)
"""The temporary names that `files.replacing` uses."""


class Leftover(NamedTuple):
    """A half-written file as it was when the work began: path, size in bytes, and time of the last change."""

    path: str
    size: int
    changed: int


def leftovers(folders: Iterable[str], targets: Collection[str]) -> Iterator[Leftover]:
    """The temporary files in some folders that were to become one of `targets`."""
    hashed = {_stem(target) for target in targets if len(os.fsencode(os.path.basename(target))) > LONGEST}
    for folder in folders:
        if not os.path.isdir(folder or os.curdir):
            continue
        for name in os.listdir(folder or os.curdir):
            part = _PART.fullmatch(name)
            path = os.path.join(folder, part[1]) if part else ""
            if path in targets or path in hashed:
                yield from _current(os.path.join(folder, name))


def _stem(target: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, temporary_stem(name))


def remove(files: Iterable[Leftover]) -> None:
    """Remove those that have not changed since and that no process has open."""
    for leftover in files:
        if leftover in _current(leftover.path):
            remove_unless_open(Path(leftover.path))


def _current(path: str) -> Iterator[Leftover]:
    """The file as it is now; nothing if it does not exist."""
    try:
        status = os.stat(path)
    except OSError:
        return
    yield Leftover(path, status.st_size, status.st_mtime_ns)
