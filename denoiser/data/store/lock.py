"""Where downloads are written: one process at a time, and in the user's terms when the disk refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.files import locked


@contextmanager
def on_disk(target: Path) -> Iterator[None]:
    """Tell what the disk refuses in the user's terms."""
    try:
        yield
    except OSError as error:
        what = f"cannot store {target.name}: {error.strerror or error} ({error.filename or target.parent})"
        fix = "set data.root to a folder that can be written, or free some space on that disk"
        raise DenoiserError(what, fix, ENVIRONMENT) from error


@contextmanager
def own_part(target: Path) -> Iterator[Path]:
    """A file beside `target` that no other process writes to.

    A lock that the system frees when its holder dies: the first of many jobs downloads, the others wait and find it
    done, and a killed download can be gone on with. Where there are no locks, a name of one's own, and no resuming.
    """
    with on_disk(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.with_name(f".{target.name}.lock").open("ab") as lock:
            if locked(lock, f"waiting for another process that downloads ({lock.name})"):
                yield target.with_name(f"{target.name}.part")
                return
        with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            yield Path(folder, "part")
