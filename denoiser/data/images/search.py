"""The pictures below a folder, found in the same way for training as for denoising."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from denoiser.data.images.formats.suffixes import READ
from denoiser.data.images.skipped import Left, Skipped, reason
from denoiser.errors import ENVIRONMENT, DenoiserError

OnUnread = Callable[[str, OSError], None]
"""Called with a folder or file that cannot be read; the search continues unless it raises."""


def find(folder: Path, skipped: Skipped) -> list[Path]:
    """Every picture below a folder, sorted by path, see `pictures_below`.

    Args:
        folder: where they are.
        skipped: gets what is left out.

    Raises:
        DenoiserError: the folder is missing, holds no picture, or it or a folder in it cannot be read.
    """
    if not folder.is_dir():
        raise DenoiserError(f"no such folder ({folder})", "give the path of a folder of pictures")
    paths = sorted(Path(entry.path) for entry in pictures_below(str(folder), skipped, _refuse))
    if not paths:
        raise nothing("in the folder", str(folder), skipped)
    return paths


def find_all(*folders: Path) -> list[list[Path]]:
    """The pictures below each of several folders; warns once of each kind of files that are left out.

    Raises:
        DenoiserError: see `find`.
    """
    skipped = Skipped()
    found = {folder: find(folder, skipped) for folder in dict.fromkeys(folders)}
    for message in skipped.messages():
        warnings.warn(message, stacklevel=2)
    return [found[folder] for folder in folders]


def nothing(where: str, path: str, skipped: Skipped) -> DenoiserError:
    """The error for a path without pictures; `where` is, for example, "in the folder"."""
    but = f", but {skipped.counted()}" if skipped else ""
    return DenoiserError(f"no picture {where}{but} ({path})", skipped.fix())


def unread(path: str, reason: str) -> DenoiserError:
    """The error for a folder or file that could not be read."""
    return DenoiserError(f"cannot be read: {reason} ({path})", "change its permissions, or leave it out", ENVIRONMENT)


def pictures_below(
    folder: str, skipped: Skipped, on_unread: OnUnread, enters: Callable[[str], bool] = lambda path: True
) -> Iterator[os.DirEntry[str]]:
    """Every picture below a folder by suffix, the files of a folder before those of its subfolders, sorted by name.

    Hidden files and folders are left out, and linked folders, which could lead back up.

    Args:
        folder: where they are.
        skipped: gets what else is left out, and why.
        on_unread: see `OnUnread`.
        enters: whether a subfolder is searched, by its path.
    """
    waiting = [folder]
    while waiting:
        here, subfolders = waiting.pop(), []
        for entry in _entries(here, on_unread):
            if entry.is_dir(follow_symlinks=False):
                subfolders += [entry.path] if enters(entry.path) else []
            elif entry.is_dir():
                skipped.add(entry.path + os.sep, Left.LINK)
            elif entry.is_file() and is_picture(entry.path, skipped):
                yield entry
        waiting += reversed(subfolders)


def is_picture(path: str, skipped: Skipped) -> bool:
    """Whether a file has the suffix of a picture that is read; else it is `skipped` if there is a reason to name."""
    why = reason(path)
    if why is not None:
        skipped.add(path, why)
    return os.path.splitext(path)[1].lower() in READ


def _entries(folder: str, on_unread: OnUnread) -> list[os.DirEntry[str]]:
    """What lies in a folder, hidden names left out, sorted by name."""
    try:
        with os.scandir(folder) as listing:
            return sorted((e for e in listing if not e.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        on_unread(folder, error)
        return []


def _refuse(path: str, error: OSError) -> None:
    raise unread(path, str(error.strerror)) from error
