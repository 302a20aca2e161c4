"""Decoded pictures in temporary files, for sets that do not fit in memory."""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import torch
from torch import Tensor

from denoiser.machine.files import locked, remove_unless_open

PREFIX = "denoiser-decoded-"
"""Beginning of the names of the folders."""
FREE = 0.1
"""Share of the disk that stays free."""


class DecodedOnce(Sequence[Tensor]):
    """Pictures that do not fit in memory: each is decoded once, into a temporary file that is mapped on every access.

    A crop then reads its own rows from disk (or from the system's cache of files) and decodes nothing. The files are
    in a folder of `$TMPDIR`, by default of /var/tmp, which is removed at the end of the process. A picture is decoded
    on every access instead if its file would leave less than a tenth of that disk free, or cannot be written. The
    processes of a DataLoader share the files.

    Args:
        decoded: the pictures, `(C, H, W)` each, decoded by each access.
        sizes: `(C, H, W)` of each picture.
        dtypes: the data type of each picture.
        folder: the folder for the files, see `new_folder`.
    """

    def __init__(
        self,
        decoded: Sequence[Tensor],
        sizes: Sequence[tuple[int, ...]],
        dtypes: Sequence[torch.dtype],
        folder: Path,
    ) -> None:
        self.decoded, self.sizes, self.dtypes, self.folder, self.writable = decoded, sizes, dtypes, folder, True

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.decoded)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, `(C, H, W)`."""
        path, size = self.folder / f"{index:06d}", self.sizes[index]
        if not path.is_file():
            picture = self.decoded[index]
            if not self._written(path, picture):
                return picture
        return torch.from_file(str(path), size=math.prod(size), dtype=self.dtypes[index]).view(size)

    def _written(self, path: Path, picture: Tensor) -> bool:
        part = path.with_name(f"{path.name}.{os.getpid()}")  # several processes may decode the same picture
        try:
            disk = shutil.disk_usage(self.folder)
            if not self.writable or disk.free - picture.nbytes < FREE * disk.total:
                return False
            picture.numpy().tofile(part)
            part.replace(path)
        except OSError:  # a quota, or the folder is gone: slower, but no reason to stop a training
            self.writable = False
            part.unlink(missing_ok=True)
            return False
        return True


def decoded_once(
    decoded: Sequence[Tensor], sizes: Sequence[tuple[int, ...]], dtypes: Sequence[torch.dtype]
) -> Sequence[Tensor]:
    """The pictures as `DecodedOnce`; unchanged where no temporary folder can be made."""
    try:
        folder, lock = new_folder()
    except OSError:
        return decoded
    pictures = DecodedOnce(decoded, sizes, dtypes, folder)
    weakref.finalize(pictures, _remove, folder, lock, os.getpid())
    return pictures


def new_folder() -> tuple[Path, IO[bytes]]:
    """A new temporary folder and its lock; folders of processes that were killed are removed.

    Returns:
        The folder, and an open file in it that is locked as long as the process lives.

    Raises:
        OSError: it cannot be written.
    """
    # /tmp is memory on many systems; /var/tmp is on disk by the Filesystem Hierarchy Standard.
    places = (os.environ.get("TMPDIR"), "/var/tmp", tempfile.gettempdir())
    parent = next(Path(place) for place in places if place and Path(place).is_dir())
    for leftover in parent.glob(f"{PREFIX}*"):
        if remove_unless_open(leftover / "lock"):
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = (folder / "new").open("wb")
    locked(lock)
    (folder / "new").rename(folder / "lock")  # only now: another process must not find it without its lock
    return folder, lock


def _remove(folder: Path, lock: IO[bytes], owner: int) -> None:
    if os.getpid() == owner:  # not in a worker that was forked
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
