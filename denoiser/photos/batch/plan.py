"""Which picture becomes which file, and whether that is allowed, before a model is loaded.

A plan of a million pictures is a list of a million small tuples; each folder and each file is looked up on disk once.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from denoiser.data.images.formats.foreign import BY_SUFFIX
from denoiser.data.images.formats.suffixes import WRITTEN, instead, not_written, written
from denoiser.data.images.skipped import Skipped
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.photos.batch.inputs import Identity, Source, check, find, identity
from denoiser.photos.batch.leftovers import Leftover, leftovers

FORMATS = {
    **{option: written(option.upper()) for option in ("png", "tiff", "jpeg", "webp", "npy")},
    "ppm": (".ppm", ".pnm"),  # not .pgm, which holds no colour
}
"""The choices of `--format` and their suffixes; a file name with none of them gets the first."""
_OTHER_OUTPUT = "give another -o"
_LIKE_A_FILE = re.compile(r"\.[A-Za-z]{3,5}")
"""The suffixes of files of any kind; a folder's name can have one too, but then it exists before."""


class Job(NamedTuple):
    """One picture: the file to read, the file to write, and the number of bytes to read."""

    source: str
    target: str
    size: int


@dataclass
class Plan:
    """What is to be done.

    Attributes:
        jobs: the pictures to denoise.
        kept: the pictures whose outputs exist already.
        older: how many of those outputs are older than their pictures.
        unread: folders that could not be listed, and why.
        skipped: files that are left out, and linked folders, each with the reason.
        leftovers: half-written files of commands that were killed or are still running.
    """

    jobs: list[Job] = field(default_factory=list)
    kept: list[Job] = field(default_factory=list)
    older: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    skipped: Skipped = field(default_factory=Skipped)
    leftovers: list[Leftover] = field(default_factory=list)

    def shares(self, world_size: int) -> list[Plan]:
        """The plan of each of several processes; everything except the jobs goes to the first."""
        first = replace(self, jobs=self.jobs[::world_size])
        return [first, *(Plan(self.jobs[rank::world_size]) for rank in range(1, world_size))]


def plan(
    paths: Sequence[str],
    out: Path,
    overwrite: bool = False,
    suffixes: Sequence[str] = (),
    page: int | None = None,
) -> Plan:
    """Plan which picture becomes which file; refuse what would lose a picture, and folders that cannot be written.

    Args:
        paths: see `inputs.find`.
        out: a folder, or the file to write if `paths` is one picture and `out` has the suffix of an image.
        overwrite: replace existing files, except the inputs; otherwise pictures whose files exist count as done.
        suffixes: of the format to write; empty for the input's own format.
        page: number of the only page to denoise; results in a folder get it in their names.

    Raises:
        DenoiserError: a path does not exist or holds no picture; `out` has the suffix of a file that is not written, or
            several pictures, or two of them, would become one file; an output would replace an input; `out`
            exists and may be another page; or a folder cannot be written (exit code 3).
    """
    result = Plan()
    targets: dict[str, Job] = {}
    identities: set[Identity] = set()
    for source, target in _pairs(paths, out, suffixes, page, result):
        if _is_new(Job(source.path, target, source.size), targets):
            identities.add(source.identity)
    for job in targets.values():
        if _is_done(job, targets, identities, overwrite):
            if page and job.target == str(out):
                what = f"the file exists, and it may be another page than {page} (-o {out} --pages {page})"
                raise DenoiserError(what, "give another -o, or --overwrite")
            result.kept.append(job)
            result.older += os.stat(job.source).st_mtime_ns > os.stat(job.target).st_mtime_ns
        else:
            result.jobs.append(job)
    folders = {os.path.dirname(job.target) for job in result.jobs}
    _check_writable(folders)
    result.leftovers = list(leftovers(folders, targets))
    return result


def _pairs(
    paths: Sequence[str], out: Path, suffixes: Sequence[str], page: int | None, result: Plan
) -> Iterator[tuple[Source, str]]:
    """Each input with its output path; what is skipped or cannot be read goes into the plan."""
    check(paths)
    as_file = _is_file_to_write(out, single=len(paths) == 1 and os.path.isfile(paths[0]))
    if as_file and suffixes and out.suffix.lower() not in suffixes:
        raise DenoiserError(f"two formats are given (-o {out} --format)", "leave out --format")
    for path in paths:
        for source in find(path, out, partial(_add_unread, result), result.skipped):
            yield source, str(out) if as_file else os.path.join(out, _renamed(source.name, suffixes, page))


def _is_file_to_write(out: Path, single: bool) -> bool:
    """Whether `out` is the file for the one input; else it is a folder.

    Raises:
        DenoiserError: it has the suffix of a file, and no such file is written, or there are several inputs.
    """
    if out.is_dir() or not (_LIKE_A_FILE.fullmatch(out.suffix) or out.suffix.lower() in WRITTEN | BY_SUFFIX.keys()):
        return False
    as_folder = f"mkdir '{out}' first if it is to be a folder"
    if single and out.suffix.lower() not in WRITTEN:
        raise DenoiserError(f"{not_written(out.suffix.lower())} (-o {out})", f"{instead('png')}; or {as_folder}")
    if not single and out.suffix.lower() in WRITTEN | BY_SUFFIX.keys():
        raise DenoiserError(f"several pictures cannot become one file (-o {out})", f"a folder as -o; {as_folder}")
    return single


def _add_unread(result: Plan, folder: str, error: OSError) -> None:
    result.unread.append((folder, str(error.strerror)))


def _renamed(name: str, suffixes: Sequence[str], page: int | None) -> str:
    stem, suffix = os.path.splitext(name)
    kept = not suffixes or suffix.lower() in suffixes
    return f"{stem}{f'-page{page}' if page else ''}{suffix if kept else suffixes[0]}"


def _is_new(job: Job, targets: dict[str, Job]) -> bool:
    """Keep a job by its target, once for each picture.

    Raises:
        DenoiserError: another picture has that target.
    """
    other = targets.setdefault(job.target, job)
    if other is not job and not os.path.samefile(other.source, job.source):
        raise DenoiserError(
            f"two pictures would become one file: {other.source} and {job.source} ({job.target})",
            "denoise them one at a time, with another -o",
        )
    return other is job


def _is_done(job: Job, targets: dict[str, Job], identities: set[Identity], overwrite: bool) -> bool:
    """Whether the output exists and is to be kept.

    Raises:
        DenoiserError: the target is one of the inputs, a folder, or a broken link.
    """
    try:
        status = os.lstat(job.target)
        if stat.S_ISLNK(status.st_mode):
            status = os.stat(job.target)
    except OSError:  # any reason other than a missing file shows when it is written
        if os.path.islink(job.target) and not overwrite:
            raise DenoiserError(f"the output path is a broken link ({job.target})", "--overwrite") from None
        return False
    if identity(status) in identities:
        same = (other.source for other in targets.values() if identity(os.stat(other.source)) == identity(status))
        what = f"{job.target} would replace the picture itself ({next(same, job.source)})"
        raise DenoiserError(what, _OTHER_OUTPUT)
    if stat.S_ISDIR(status.st_mode):
        raise DenoiserError(f"the output path is an existing folder ({job.target})", _OTHER_OUTPUT)
    return not overwrite


def _check_writable(folders: Iterable[str]) -> None:
    """Try to write in each folder, or in its nearest parent that exists, so that nothing is left behind."""
    tried: set[str] = set()
    for folder in folders:
        existing = os.path.abspath(folder)
        while not os.path.lexists(existing):
            existing = os.path.dirname(existing)
        if existing not in tried:
            tried.add(existing)
            _try_to_write(existing)


def _try_to_write(folder: str) -> None:
    if not os.path.isdir(folder):
        raise DenoiserError(f"the output folder is an existing file ({folder})", _OTHER_OUTPUT)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        what = f"cannot write in the folder: {error.strerror or error} ({folder})"
        raise DenoiserError(what, "give a writable folder as -o", ENVIRONMENT) from error
