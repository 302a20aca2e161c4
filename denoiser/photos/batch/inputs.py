"""The pictures that the paths of a command mean: files, folders with everything below them, and patterns."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from denoiser.data.images.search import OnUnread, is_picture, nothing, pictures_below
from denoiser.data.images.skipped import Skipped
from denoiser.errors import DenoiserError
from denoiser.machine.files import missing
from denoiser.photos.comparison_folder import COMPARED

Identity = tuple[int, int]
"""Device and inode: equal for all names of one file, hard and symbolic links included."""

SETTING = re.compile(r"\+{0,2}([A-Za-z_][\w.]*)=")
"""The beginning of an override, as other verbs take them."""


class Source(NamedTuple):
    """A picture to read.

    Attributes:
        path: the file.
        name: its path relative to the folder or pattern; the output gets the same path below the output folder.
        size: in bytes.
        identity: equal for two paths of one file.
    """

    path: str
    name: str
    size: int
    identity: Identity


def identity(status: os.stat_result) -> Identity:
    """The identity of a file from its `os.stat`."""
    return status.st_dev, status.st_ino


def check(paths: Sequence[str]) -> None:
    """Refuse paths that mean nothing, before it matters how many pictures the others mean.

    Raises:
        DenoiserError: a path does not exist and is no pattern, or it is a key of `denoiser run`.
    """
    for path in paths:
        if os.path.lexists(path):
            continue
        if setting := SETTING.match(path):
            names = re.sub(r"[\[\]\s'\"]", "", path[setting.end() :])
            fix = f"DENOISER_TRUST={names} denoiser denoise ..." if setting[1] == "trust" else "denoiser denoise --help"
            raise DenoiserError(f"denoise takes pictures and options, and no KEY=VALUE ({path})", fix)
        if path and not glob.has_magic(path):
            _file(path)


def find(path: str, results: Path, on_unread: OnUnread, skipped: Skipped | None = None) -> Iterator[Source]:
    """The pictures that one path of a command means.

    A path that exists under that very name is taken literally, brackets and stars included; any other is a pattern. A
    file is taken whatever its suffix. In folders and by patterns, files with a suffix of `suffixes.READ` are taken,
    except hidden ones and those of before/after pages.

    Args:
        path: a file, a folder, or a pattern with `*`, `?`, `[...]` or `**`.
        results: the output folder: pictures in it are no inputs.
        on_unread: see `OnUnread`.
        skipped: gets files that are left out, and linked folders, with the reason.

    Yields:
        Each picture, sorted by name, the files of a folder before those of its subfolders.

    Raises:
        DenoiserError: the path does not exist, or there is no picture.
    """
    skipped = Skipped() if skipped is None else skipped
    if not path:
        raise DenoiserError("a path is empty (PATH)", "give pictures and folders of pictures")
    if not os.path.lexists(path) and glob.has_magic(path):
        sources = _matching(path, results, on_unread, skipped)
    elif os.path.isdir(path):
        sources = _below(path, path, _identity_of(results), on_unread, skipped)
    else:
        yield _file(path)
        return
    first = next(sources, None)
    if first is None:
        raise nothing("in the folder" if os.path.isdir(path) else "matches", path, skipped)
    yield first
    yield from sources


def _file(path: str) -> Source:
    try:
        status = os.stat(path)
    except OSError as error:
        raise missing("picture or folder", Path(path)) from error
    if not stat.S_ISREG(status.st_mode):
        raise DenoiserError(f"neither a file nor a folder ({path})", "give pictures and folders of pictures")
    return Source(path, os.path.basename(path), status.st_size, identity(status))


def _below(folder: str, top: str, results: Identity | None, on_unread: OnUnread, skipped: Skipped) -> Iterator[Source]:
    """Every picture below a folder, named relative to `top`, except those in the output folder and of comparisons."""

    def enters(path: str) -> bool:
        is_results = results is not None and _identity_of(Path(path)) == results
        return not is_results and not os.path.exists(os.path.join(path, COMPARED))

    for entry in pictures_below(folder, skipped, on_unread, enters):
        try:
            status = entry.stat()
        except FileNotFoundError:  # removed while the folder was being read
            continue
        except OSError as error:
            on_unread(entry.path, error)
            continue
        yield Source(entry.path, os.path.relpath(entry.path, top), status.st_size, identity(status))


def _matching(pattern: str, results: Path, on_unread: OnUnread, skipped: Skipped) -> Iterator[Source]:
    """The pictures that a pattern matches, named relative to its fixed part.

    A path that `..` leads out of the fixed part is named by its file name alone, so that nothing is written outside the
    output folder.
    """
    fixed, inside = _fixed_part(pattern), os.path.realpath(results) + os.sep
    for path in sorted(glob.glob(pattern, recursive=True)):
        leads_out = os.path.relpath(path, fixed).split(os.sep)[0] == os.pardir
        top = os.path.dirname(path) if leads_out else fixed
        if (os.path.realpath(path) + os.sep).startswith(inside) or _is_comparison(path, top):
            continue
        if os.path.isdir(path):
            yield from _below(path, top, _identity_of(results), on_unread, skipped)
        elif os.path.isfile(path) and is_picture(path, skipped):
            yield _file(path)._replace(name=os.path.relpath(path, top))


def _fixed_part(pattern: str) -> str:
    """The folder before the first part of a path that is a pattern."""
    parts = Path(pattern).parts
    first = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return os.path.join("", *parts[:first]) or os.curdir


def _is_comparison(path: str, top: str) -> bool:
    """Whether a folder between a path and `top`, or the path itself, holds a before/after page."""
    inside = Path(os.path.relpath(path, top))
    folders = (folder for folder in (inside, *inside.parents) if folder.parts)
    return any(os.path.exists(os.path.join(top, folder, COMPARED)) for folder in folders)


def _identity_of(path: Path) -> Identity | None:
    try:
        return identity(os.stat(path))
    except OSError:
        return None
