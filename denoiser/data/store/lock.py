"""Downloads are written by one process at a time, and failures of the disk are errors in two lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import BaseFileLock, FileLock, Timeout

from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.terminal import say


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn an `OSError` into a `DenoiserError` that says that `target` cannot be stored."""
    try:
        yield
    except OSError as error:
        problem = f"cannot store {target.name}: {error.strerror or error} ({error.filename or target.parent})"
        fix = "set data.root to a folder that can be written, or free some space on that disk"
        raise DenoiserError(problem, fix, ENVIRONMENT) from error


@contextmanager
def locked_part(target: Path) -> Iterator[Path]:
    """The path of a partial download beside `target` that no other process writes to.

    The first of several processes downloads and the others wait. The system releases the lock when a process dies, so
    that another one can resume its download. On a file system without locks the path is unique, and not resumed.
    """
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        path = target.with_name(f".{target.name}.lock")
        path.touch()  # fails where nothing can be stored; what fails below are locks
        lock = FileLock(path)
        try:
            if not _acquired(lock, f"waiting for another process that downloads ({path})"):
                with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
                    yield Path(folder, "part")
                return
            yield target.with_name(f"{target.name}.part")
        finally:
            lock.release()


def _acquired(lock: BaseFileLock, waiting: str) -> bool:
    """Wait for a lock, with a line on stderr where another process holds it. Returns whether there are locks here."""
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(waiting, error=True)
            lock.acquire()
    except (OSError, NotImplementedError):
        return False
    return True
