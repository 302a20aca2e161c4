"""Which picture becomes which file, and whether it may: all that can be known before a model is loaded."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from denoiser import imageio
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.load import missing


class Job(NamedTuple):
    """One picture: the file to read and the file to write."""

    source: Path
    target: Path


def plan(paths: Sequence[Path], out: Path) -> list[Job]:
    """What becomes what, from names alone.

    Args:
        paths: pictures, and folders of pictures whose tree is kept.
        out: a folder, or the file to write if `paths` is one picture and `out` has the suffix of an image.

    Raises:
        DenoiserError: a path is not there, a folder holds no picture, a format is not written, or two pictures would
            become one file.
    """
    for path in paths:
        if not path.exists():
            raise missing("picture or folder", path)
    alone = len(paths) == 1 and not paths[0].is_dir()
    if alone and imageio.is_image_name(out) and not out.is_dir():
        jobs = [Job(paths[0], out)]
    else:
        jobs = [Job(source, out / name) for path in paths for source, name in _pictures(path, out)]
    by_target: dict[str, Job] = {}
    for job in jobs:
        imageio.check_suffix(job.target)
        other = by_target.setdefault(os.path.abspath(job.target), job)
        if not other.source.samefile(job.source):
            raise DenoiserError(
                f"two pictures would become one file: {other.source} and {job.source} ({job.target})",
                "denoise them one at a time, with another -o",
            )
    return list(by_target.values())


def _pictures(path: Path, out: Path) -> Iterator[tuple[Path, Path]]:
    """A file, or a folder's pictures with their names below it; what was written into `out` before is left out."""
    if not path.is_dir():
        yield path, Path(path.name)
        return
    folder, results = path.resolve(), out.resolve()
    for source in imageio.find(path):
        if folder not in results.parents or results not in source.resolve().parents:
            yield source, source.relative_to(path)


def check(jobs: Sequence[Job], overwrite: bool) -> None:
    """Refuse what would lose a picture, and places that cannot be written, before any work is done.

    Args:
        jobs: see `plan`.
        overwrite: whether files other than the pictures themselves may be replaced.

    Raises:
        DenoiserError: a target is a picture to be read, is there already, or cannot be written (exit code 3).
    """
    sources = {_identity(job.source): job.source for job in jobs}
    for job in jobs:
        if not os.path.lexists(job.target):
            continue
        if job.target.exists() and _identity(job.target) in sources:
            source = sources[_identity(job.target)]
            raise DenoiserError(f"{job.target} would replace the picture itself ({source})", "give another -o")
        if job.target.is_dir():
            raise DenoiserError(f"a folder stands where the picture would go ({job.target})", "give another -o")
        if not overwrite:
            raise DenoiserError(f"the file exists ({job.target})", "give another -o, or --overwrite")
    for folder in {job.target.parent for job in jobs}:
        _check_writable(folder)


def _identity(path: Path) -> tuple[int, int]:
    """Equal for all names of one file, hard and symbolic links included."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _check_writable(folder: Path) -> None:
    """Try it in the folder, or in the nearest one above it that is there, so that nothing is left behind."""
    absolute = Path(os.path.abspath(folder))
    there = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
    if not there.is_dir():
        raise DenoiserError(f"a file stands where a folder is needed ({there})", "give another -o")
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise DenoiserError(
            f"cannot write there: {error.strerror or error} ({there})",
            "give a folder that can be written as -o",
            ENVIRONMENT,
        ) from error
