"""Which picture becomes which file, and whether it may: all that can be known before a model is loaded.

A plan of a million pictures is a list of a million small tuples; what is looked at on disk is each folder and each file
once.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from denoiser.data.images import eight_bit, writing
from denoiser.data.images.formats.suffixes import NOT_READ, written
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.photos.batch.inputs import Identity, Source, find, identity
from denoiser.photos.batch.leftovers import Leftover, leftovers

FORMATS = {
    **{option: written(option.upper()) for option in ("png", "tiff", "jpeg", "webp")},
    "ppm": (".ppm", ".pnm"),  # not .pgm, which holds no colour
}
"""The choices of `--format` and their suffixes; a file name with none of them gets the first."""
_ANOTHER = "give another -o"


class Job(NamedTuple):
    """One picture: the file to read, the file to write, and how many bytes there are to read."""

    source: str
    target: str
    size: int


@dataclass
class Plan:
    """What is to be done.

    Attributes:
        jobs: the pictures to denoise.
        kept: the pictures that have their results already.
        older: how many of those results are older than their pictures.
        unread: folders that could not be listed, and why.
        others: pictures of kinds that are not read, and folders that are links.
        leftovers: of writers that were killed, or are writing still.
    """

    jobs: list[Job] = field(default_factory=list)
    kept: list[Job] = field(default_factory=list)
    older: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    leftovers: list[Leftover] = field(default_factory=list)

    def shares(self, world: int) -> list[Plan]:
        """The plan for each of so many processes; what is no picture to denoise is for the first."""
        first = replace(self, jobs=self.jobs[::world])
        return [first, *(Plan(self.jobs[rank::world]) for rank in range(1, world))]


def plan(paths: Sequence[str], out: Path, overwrite: bool = False, suffixes: Sequence[str] = ()) -> Plan:
    """What becomes what; refuses what would lose a picture, and places that cannot be written.

    Args:
        paths: see `sources.find`.
        out: a folder, or the file to write if `paths` is one picture and `out` has the suffix of an image.
        overwrite: whether files other than the pictures themselves may be replaced; else they count as done.
        suffixes: of the format to write; none is the source's own.

    Raises:
        DenoiserError: a path is not there or holds no picture, `out` is a file of a format that is not written, two
            pictures would become one file, a result would replace a picture that is to be read, or the place cannot be
            written (exit code 3).
    """
    made = Plan()
    targets: dict[str, Job] = {}
    identities: set[Identity] = set()
    for source, target in _pairs(paths, out, suffixes, made):
        if _is_new(Job(source.path, target, source.size), targets):
            identities.add(source.identity)
    for job in targets.values():
        if _is_done(job, targets, identities, overwrite):
            made.kept.append(job)
            made.older += os.stat(job.source).st_mtime_ns > os.stat(job.target).st_mtime_ns
        else:
            made.jobs.append(job)
    folders = {os.path.dirname(job.target) for job in made.jobs}
    _check_writable(folders)
    made.leftovers = list(leftovers(folders, targets))
    return made


def _pairs(paths: Sequence[str], out: Path, suffixes: Sequence[str], made: Plan) -> Iterator[tuple[Source, str]]:
    alone = len(paths) == 1 and os.path.isfile(paths[0])
    as_file = alone and (eight_bit.is_image_name(out) or out.suffix.lower() in NOT_READ) and not out.is_dir()
    if as_file and suffixes and out.suffix.lower() not in suffixes:
        raise DenoiserError(f"two formats are asked for (-o {out} --format)", "leave out --format")
    if as_file:
        writing.check_suffix(out)
    for path in paths:
        for source in find(path, out, partial(_cannot_be_read, made), made.others):
            yield source, str(out) if as_file else os.path.join(out, _renamed(source.name, suffixes))


def _cannot_be_read(made: Plan, folder: str, error: OSError) -> None:
    made.unread.append((folder, str(error.strerror)))


def _renamed(name: str, suffixes: Sequence[str]) -> str:
    stem, suffix = os.path.splitext(name)
    return name if not suffixes or suffix.lower() in suffixes else stem + suffixes[0]


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
    """Whether the result is there and is to be kept.

    Raises:
        DenoiserError: what is there is a picture to be read, a folder, or a link that leads nowhere.
    """
    try:
        there = os.lstat(job.target)
        if stat.S_ISLNK(there.st_mode):
            there = os.stat(job.target)
    except OSError:  # writing will tell of any other reason than that it is not there
        if os.path.islink(job.target) and not overwrite:
            raise DenoiserError(f"a link that leads nowhere is there ({job.target})", "--overwrite") from None
        return False
    if identity(there) in identities:
        own = (one.source for one in targets.values() if identity(os.stat(one.source)) == identity(there))
        raise DenoiserError(f"{job.target} would replace the picture itself ({next(own, job.source)})", _ANOTHER)
    if stat.S_ISDIR(there.st_mode):
        raise DenoiserError(f"a folder stands where the picture would go ({job.target})", _ANOTHER)
    return not overwrite


def _check_writable(folders: Iterable[str]) -> None:
    """Try it in each folder, or in the nearest one above it that is there, so that nothing is left behind."""
    tried: set[str] = set()
    for folder in folders:
        there = os.path.abspath(folder)
        while not os.path.lexists(there):
            there = os.path.dirname(there)
        if there not in tried:
            tried.add(there)
            _try_to_write(there)


def _try_to_write(there: str) -> None:
    if not os.path.isdir(there):
        raise DenoiserError(f"a file stands where a folder is needed ({there})", _ANOTHER)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        what = f"cannot write there: {error.strerror or error} ({there})"
        raise DenoiserError(what, "give a folder that can be written as -o", ENVIRONMENT) from error
