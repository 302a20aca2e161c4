"""Half-written files of writers that were killed, told from those of writers that are at work."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from denoiser.machine.files import locked

_PART = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part", re.DOTALL)
"""The temporary name that `files.replacing` gives."""


class Leftover(NamedTuple):
    """A half-written file as it was when the work began: its path, its bytes, and when it was last written to."""

    path: str
    size: int
    changed: int


def leftovers(folders: Iterable[str], targets: Container[str]) -> Iterator[Leftover]:
    """The temporary files in some folders of what is to become one of `targets`."""
    for folder in folders:
        if not os.path.isdir(folder or os.curdir):
            continue
        for name in os.listdir(folder or os.curdir):
            part = _PART.fullmatch(name)
            if part and os.path.join(folder, part[1]) in targets:
                yield from _as_it_is(os.path.join(folder, name))


def remove(found: Iterable[Leftover]) -> None:
    """Remove those that nobody has gone on writing since, and that nobody has open (`files.locked`)."""
    for leftover in found:
        if leftover in _as_it_is(leftover.path):
            try:
                with open(leftover.path, "rb") as file:
                    if locked(file):
                        os.unlink(leftover.path)
            except OSError:  # it is gone after all, or somebody else's
                continue


def _as_it_is(path: str) -> Iterator[Leftover]:
    try:
        status = os.stat(path)
    except OSError:
        return
    yield Leftover(path, status.st_size, status.st_mtime_ns)
