"""Files that are whole or absent: written beside their target, flushed and renamed; and those that were not found."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from denoiser.errors import ENVIRONMENT, DenoiserError, nearest

if sys.platform != "win32":
    import fcntl


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a binary file that becomes `target` only when the block ends well.

    Args:
        target: the file to make or replace; its folder is made if it is missing.

    Yields:
        The open temporary file beside `target`.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3); what was at `target` is untouched.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            locked(file)  # as long as it is open, which tells it from what a killed process left
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


def locked(file: IO[bytes], waiting: str | None = None) -> bool:
    """Lock an open file until it is closed, by the end of the process at the latest.

    Args:
        file: that is locked.
        waiting: said on stderr while another process holds it, until that lets go of it; None does not wait.

    Returns:
        Whether it is ours: False where another one holds it, or where there are no locks.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if waiting is None:
            return False
        print(waiting, file=sys.stderr)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def write_text(target: Path, text: str) -> None:
    """Write `text` to `target` in UTF-8, whole or not at all.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    with replacing(target) as file:
        file.write(text.encode())


def missing(what: str, path: Path, names: Iterable[str] = ()) -> DenoiserError:
    """The error for a path that is not there; it names the path, or the one of `names`, that was most likely meant."""
    absolute = Path(os.path.abspath(path))
    there = next(parent for parent in absolute.parents if parent.is_dir())
    asked = absolute.relative_to(there).parts[0]
    names = list(names)
    try:
        near = nearest(asked, [*names, *(entry.name for entry in there.iterdir())])
    except OSError:
        near = nearest(asked, names)
    meant = near if near in names else there / str(near)
    return DenoiserError(
        f"no such {what} ({path})", f"did you mean {meant}?" if near else f"give a path that exists, see {there}"
    )


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
