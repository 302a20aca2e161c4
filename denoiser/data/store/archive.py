"""Unpacking archives that are not trusted: the wanted members, all of them or none."""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PureWindowsPath
from tempfile import TemporaryDirectory
from typing import IO

from denoiser.data.store.catalogue import DOWNLOAD_AGAIN
from denoiser.data.store.lock import disk_errors
from denoiser.errors import ENVIRONMENT, DenoiserError

GIB = 1 << 30
"""Bytes in a gibibyte."""


class _BadArchive(Exception):
    """The reason why an archive cannot be unpacked, in a few words."""


DAMAGED = (
    _BadArchive,
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
)
"""Errors that a damaged archive raises while it is read."""


def unpack(archive: Path, folder: Path, wanted: Callable[[str], str | None], *, max_bytes: int = GIB) -> None:
    """Unpack some members of a .zip or .tar.gz into a new folder, which appears only when it is complete.

    Args:
        archive: the archive; its type is detected by its content.
        folder: the folder to create, in an existing folder.
        wanted: maps the name of a member to its path in `folder`, or to None to skip it.
        max_bytes: largest total size of the unpacked files, counted while unpacking.

    Raises:
        DenoiserError: the archive is damaged, has no wanted member or is too large when unpacked; a wanted member is
            not a plain file or is outside the folder; or the disk cannot be written (exit code 3).
    """
    with disk_errors(folder), TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as staging:
        unpacked = Path(staging, folder.name)
        try:
            _extract(archive, unpacked, wanted, max_bytes)
        except DAMAGED as error:
            problem = f"cannot unpack {archive.name}: {error} ({archive.parent})"
            raise DenoiserError(problem, f"rm {archive}, then {DOWNLOAD_AGAIN}", ENVIRONMENT) from error
        unpacked.rename(folder)


def _extract(archive: Path, folder: Path, wanted: Callable[[str], str | None], max_bytes: int) -> None:
    folder.mkdir()
    for name, plain, opened in _members(archive):
        path = wanted(name)
        if path is None:
            continue
        if not plain or _is_outside(name) or _is_outside(path) or (folder / path).exists():
            raise _BadArchive(f"'{name}' is a link, a device, a duplicate or outside the folder")
        with opened() as source:
            max_bytes -= _copy(source, folder / path, max_bytes)
    if not any(folder.iterdir()):
        raise _BadArchive("it contains none of the expected files")


def _members(archive: Path) -> Iterator[tuple[str, bool, Callable[[], IO[bytes]]]]:
    """For each member its name, whether it is a plain file, and a function that opens it."""
    with archive.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if zipped:
        with zipfile.ZipFile(archive) as bundle:
            for info in bundle.infolist():
                plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG) and not info.is_dir()
                yield info.filename, plain, partial(bundle.open, info)
    else:
        with tarfile.open(archive, "r:gz") as tarball:
            for member in tarball:
                yield member.name, member.isreg(), partial(_content, tarball, member)


def _content(tarball: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tarball.extractfile(member)
    if content is None:
        raise _BadArchive(f"'{member.name}' has no content")
    return content


def _is_outside(name: str) -> bool:
    path = PureWindowsPath(name)  # understands both kinds of slashes and drive letters
    return bool(path.anchor) or ".." in path.parts


def _copy(source: IO[bytes], target: Path, max_bytes: int) -> int:
    """Copy and count the bytes: the sizes that an archive states can be wrong."""
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while chunk := source.read(1 << 18):
            size += file.write(chunk)
            if size > max_bytes:
                raise _BadArchive(f"'{target.name}' exceeds the allowed total size")
    return size
