"""Which pictures are meant by the paths of a command: files, folders with all that is below them, patterns."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from denoiser.data.images.formats.suffixes import NOT_READ, READ, listed
from denoiser.errors import DenoiserError
from denoiser.machine.files import missing
from denoiser.photos.comparison_folder import COMPARED

Identity = tuple[int, int]
"""Device and inode: equal for all names of one file, hard and symbolic links included."""


class Source(NamedTuple):
    """A picture to read.

    Attributes:
        path: the file.
        name: its path below what was asked for, which its result gets below the folder of results.
        size: in bytes.
        identity: tells whether two paths are one file.
    """

    path: str
    name: str
    size: int
    identity: Identity


Unread = Callable[[str, OSError], None]
"""Is told of a folder or file that cannot be looked at; the search goes on."""


def identity(status: os.stat_result) -> Identity:
    """Of a file that `os.stat` describes."""
    return status.st_dev, status.st_ino


def find(path: str, results: Path, unread: Unread, others: set[str] | None = None) -> Iterator[Source]:
    """The pictures that one path of a command means.

    What is there by that very name is meant, brackets and stars included; else the name is a pattern. A file that is
    named is taken whatever its suffix; in folders and by patterns those of `suffixes.READ` are found, hidden ones
    and those of pages of before and after not.

    Args:
        path: a file, a folder, or a pattern with `*`, `?`, `[...]` or `**`.
        results: a folder in which pictures are results and no sources.
        unread: see `Unread`.
        others: gets the paths of pictures of kinds that are not read, and of folders that are links, which end in `/`.

    Yields:
        Each picture, in the order of names, a folder's own files before those below it.

    Raises:
        DenoiserError: nothing is there, or no picture.
    """
    others = set() if others is None else others
    if not path:
        raise DenoiserError("a path is empty (PATH)", "give pictures and folders of pictures")
    if not os.path.lexists(path) and glob.has_magic(path):
        found = _matching(path, results, unread, others)
    elif os.path.isdir(path):
        found = _below(path, path, _identity_of(results), unread, others)
    else:
        yield _named(path)
        return
    first = next(found, None)
    if first is None:
        what = "in the folder" if os.path.isdir(path) else "matches"
        but = f", but {left_out(others)}" if others else ""
        raise DenoiserError(f"no picture {what}{but} ({path})", f"put pictures there: {listed(READ)}")
    yield first
    yield from found


def left_out(others: set[str]) -> str:
    """As "3 files of kinds that are not read are left out (.heic, .nef)", and so of folders that are links."""
    links = sorted(path for path in others if path.endswith(os.sep))
    count, kinds = len(others) - len(links), ", ".join(sorted(set(map(_suffix, others)) - {""}))
    told = [f"1 file of a kind that is not read is left out ({kinds})"] if count == 1 else []
    told += [f"{count} files of kinds that are not read are left out ({kinds})"] if count > 1 else []
    told += [f"folders that are links are left out ({', '.join(links)})"] if links else []
    return "; ".join(told)


def _named(path: str) -> Source:
    try:
        status = os.stat(path)
    except OSError as error:
        raise missing("picture or folder", Path(path)) from error
    if not stat.S_ISREG(status.st_mode):
        raise DenoiserError(f"neither a file nor a folder ({path})", "give pictures and folders of pictures")
    return Source(path, os.path.basename(path), status.st_size, identity(status))


def _below(folder: str, top: str, results: Identity | None, unread: Unread, others: set[str]) -> Iterator[Source]:
    """Every picture below a folder, named from `top`, without those in the folder of results."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            unread(here, error)
            continue
        if here != folder and any(entry.name == COMPARED for entry in entries):
            continue
        below = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):  # a link may lead back up
                if results is None or identity(entry.stat()) != results:
                    below.append(entry.path)
            elif entry.is_dir():
                others.add(entry.path + os.sep)
            elif _is_picture(entry.path, others) and entry.is_file():
                yield from _entry(entry, top, unread)
        waiting += reversed(below)


def _entry(entry: os.DirEntry[str], top: str, unread: Unread) -> Iterator[Source]:
    try:
        status = entry.stat()
    except FileNotFoundError:  # it went while the folder was being read
        return
    except OSError as error:
        unread(entry.path, error)
        return
    yield Source(entry.path, os.path.relpath(entry.path, top), status.st_size, identity(status))


def _matching(pattern: str, results: Path, unread: Unread, others: set[str]) -> Iterator[Source]:
    """What a pattern matches, its tree kept from the first folder on that the pattern leaves open.

    Of what a `..` behind that leads out of it the name alone is kept, so that nothing is written beside the results.
    """
    above, inside = _fixed(pattern), os.path.realpath(results) + os.sep
    for path in sorted(glob.glob(pattern, recursive=True)):
        out = os.path.relpath(path, above).split(os.sep)[0] == os.pardir
        top = os.path.dirname(path) if out else above
        if (os.path.realpath(path) + os.sep).startswith(inside) or _is_compared(path, top):
            continue
        if os.path.isdir(path):
            yield from _below(path, top, _identity_of(results), unread, others)
        elif _is_picture(path, others) and os.path.isfile(path):
            yield _named(path)._replace(name=os.path.relpath(path, top))


def _fixed(pattern: str) -> str:
    """The folder above the first part of a path that is a pattern."""
    parts = Path(pattern).parts
    first = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return os.path.join("", *parts[:first]) or os.curdir


def _is_picture(path: str, others: set[str]) -> bool:
    if _suffix(path) in NOT_READ:
        others.add(os.path.abspath(path))
    return _suffix(path) in READ


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _is_compared(path: str, top: str) -> bool:
    """Whether a folder between a path and `top`, or the path itself, is one of pictures before and after."""
    inside = Path(os.path.relpath(path, top))
    return any(os.path.exists(os.path.join(top, one, COMPARED)) for one in (inside, *inside.parents) if one.parts)


def _identity_of(path: Path) -> Identity | None:
    try:
        return identity(os.stat(path))
    except OSError:
        return None
