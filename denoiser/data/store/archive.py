"""Archives are not trusted: what is wanted of them is copied out, whole or not at all."""

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

from denoiser.data.store.lock import on_disk
from denoiser.errors import ENVIRONMENT, DenoiserError

GIB = 1 << 30


class _Refused(Exception):
    """Why an archive did not give what was asked for, in a few words."""


DAMAGED = (
    _Refused,
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    RuntimeError,
)


def unpack(archive: Path, folder: Path, wanted: Callable[[str], str | None], *, max_bytes: int = GIB) -> None:
    """Unpack some members of a .zip or .tar.gz into a new folder, which appears only when it is whole.

    Args:
        archive: told apart by content, not by suffix.
        folder: to be made; its parent must be there.
        wanted: maps a member's name to its path in `folder`, or to None to leave it out.
        max_bytes: refuse more than this in all, whatever the archive says of itself.

    Raises:
        DenoiserError: the archive is damaged, holds nothing wanted, is too large when unpacked, or a wanted member is
            no plain file or leads out of the folder; or the disk did not take it (exit code 3).
    """
    with on_disk(folder), TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as staging:
        whole = Path(staging, folder.name)
        try:
            _extract(archive, whole, wanted, max_bytes)
        except DAMAGED as error:
            what = f"cannot unpack {archive.name}: {error} ({archive.parent})"
            raise DenoiserError(what, f"rm {archive}, then repeat the command: it downloads", ENVIRONMENT) from error
        whole.rename(folder)


def _extract(archive: Path, folder: Path, wanted: Callable[[str], str | None], max_bytes: int) -> None:
    folder.mkdir()
    for name, plain, opened in _members(archive):
        path = wanted(name)
        if path is None:
            continue
        if not plain or _leads_out(name) or _leads_out(path) or (folder / path).exists():
            raise _Refused(f"'{name}' is a link, a device, a second copy or leads out of the folder")
        with opened() as source:
            max_bytes -= _copy(source, folder / path, max_bytes)
    if not any(folder.iterdir()):
        raise _Refused("it holds nothing of what was looked for")


def _members(archive: Path) -> Iterator[tuple[str, bool, Callable[[], IO[bytes]]]]:
    """Name, whether it is a plain file, and how to open it, of each member."""
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
        raise _Refused(f"'{member.name}' has no content")
    return content


def _leads_out(name: str) -> bool:
    path = PureWindowsPath(name)  # takes both slashes and drive letters for what they may become
    return bool(path.anchor) or ".." in path.parts


def _copy(source: IO[bytes], target: Path, max_bytes: int) -> int:
    """Count what really comes: an archive's own figures may be wrong."""
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        while chunk := source.read(1 << 18):
            size += file.write(chunk)
            if size > max_bytes:
                raise _Refused(f"'{target.name}' makes it larger than allowed when unpacked")
    return size
