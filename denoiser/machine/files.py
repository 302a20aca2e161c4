"""Files that are complete or absent: written beside their target, flushed and renamed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from denoiser.errors import ENVIRONMENT, DenoiserError, nearest

if sys.platform != "win32":
    import fcntl

LFS_POINTER = re.compile(rb"version https://git-lfs")
"""The beginning of a Git LFS pointer, which a checkout without the file itself holds."""
_USUAL_LONGEST = 255
LONGEST = 100
"""Bytes of the longest names that temporary files repeat; file systems allow 143 at least, and mostly 255."""
WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!|html|head|\?xml)", re.IGNORECASE)
"""The beginning of a web page, which some servers send instead of a file."""


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that becomes `target` when the block ends without an exception.

    Args:
        target: the file to create or replace; its folder is created if it is missing.

    Yields:
        The open temporary file beside `target`.

    Raises:
        DenoiserError: the file cannot be written (exit code 3); `target` is unchanged.
    """
    part = target.with_name(f".{temporary_stem(target.name)}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            locked(file)  # while it is open; leftovers of killed processes have no lock
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise DenoiserError(
            f"cannot write {target.name}: {error.strerror or error} ({target.parent})",
            "choose a folder that can be written, or free some space on that disk",
            ENVIRONMENT,
        ) from error
    finally:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)


def temporary_stem(name: str) -> str:
    """What stands for a file's name in that of its temporary file: a hash for names beyond `LONGEST` bytes.

    A file system that allows the name then allows that of the temporary file too: it is shorter.
    """
    encoded = os.fsencode(name)
    return name if len(encoded) <= LONGEST else hashlib.sha256(encoded).hexdigest()[:16]


def longest_name(folder: Path) -> int:
    """Bytes of the longest name that a file can have in a folder, which need not exist yet."""
    folders = (folder.absolute(), *folder.absolute().parents)
    existing = next((each for each in folders if os.path.exists(each)), folders[-1])
    try:
        return os.pathconf(existing, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # there is no such function on Windows
        return _USUAL_LONGEST


def locked(file: IO[bytes]) -> bool:
    """Lock an open file until it is closed, at the latest by the end of the process.

    Returns:
        Whether it is locked now. False if another process holds the lock, or if there are no locks here; Windows needs
        none: a file that is open is not removed, see `remove_unless_open`.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def remove_unless_open(path: Path) -> bool:
    """Remove a file, unless a living process has it open and `locked`. Returns whether it is removed."""
    try:
        if sys.platform == "win32":  # which refuses to remove what is open
            path.unlink()
            return True
        with path.open("r+b") as file:
            if not locked(file):
                return False
            path.unlink()
    except OSError:  # removed meanwhile, or owned by another user
        return False
    return True


def write_text(target: Path, text: str) -> None:
    """Write a text in UTF-8, completely or not at all.

    Raises:
        DenoiserError: the file cannot be written (exit code 3).
    """
    with replacing(target) as file:
        file.write(text.encode())


def missing(kind: str, path: Path, names: Collection[str] = ()) -> DenoiserError:
    """The error for a path that does not exist, with the path or name that was most likely meant.

    Args:
        kind: what the path should be, such as `folder`.
        path: the path.
        names: names that are allowed instead of a path.
    """
    absolute = Path(os.path.abspath(path))
    parent = next(folder for folder in absolute.parents if folder.is_dir())
    name = absolute.relative_to(parent).parts[0]
    try:
        near = nearest(name, [*names, *(entry.name for entry in parent.iterdir())])
    except OSError:
        near = nearest(name, names)
    if near is None:
        return DenoiserError(f"no such {kind} ({path})", f"use a path that exists, see {parent}")
    return DenoiserError(f"no such {kind} ({path})", f"did you mean {near if near in names else parent / near}?")


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
