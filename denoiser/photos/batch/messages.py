"""Messages about many pictures: failures, outputs that are kept, and notes, each kind of which is printed once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from denoiser.data.images.formats.photo import Header
from denoiser.errors import ENVIRONMENT, SOME_FAILED, DenoiserError
from denoiser.machine.terminal import say

KINDS = {1: "grey", 3: "colour"}
_NUMBER = re.compile(r"\d+(\.\d+)?")


class Failure(NamedTuple):
    """A picture that could not be denoised, or a folder that could not be read, and why."""

    source: str
    error: DenoiserError


@dataclass
class _Kind:
    """Notes that differ only in their numbers: the first of them, and how many pictures have one."""

    first: str
    pictures: int = 0
    differs: bool = False


class NoteSummary:
    """Notes of pictures by kind: those that differ only in their numbers are one kind."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def add(self, notes: Iterable[str]) -> None:
        """Count the notes of a picture."""
        for note in notes:
            kind = self._kinds.setdefault(_NUMBER.sub("0", note), _Kind(note))
            kind.pictures += 1
            kind.differs |= note != kind.first

    def __iter__(self) -> Iterator[str]:
        """Each kind with its number of pictures: "estimated noise level: 12.3 (40 pictures, whose values differ)"."""
        for kind in self._kinds.values():
            differs = ", whose values differ" if kind.differs else ""
            count = f" ({kind.pictures} pictures{differs})" if kind.pictures > 1 else ""
            yield f"{kind.first}{count}"


def one_of_each_kind(notes: Iterable[str]) -> tuple[str, ...]:
    """The first of each kind of notes, see `NoteSummary`: those on the pages of one file."""
    first: dict[str, str] = {}
    for note in notes:
        first.setdefault(_NUMBER.sub("0", note), note)
    return tuple(first.values())


def described(headers: Sequence[Header]) -> str:
    """The pictures of a file by their headers.

    >>> described([Header(480, 640, 1, 16, "TIFF")] * 12)
    '12 pages, 640x480, grey, 16 bits'
    """
    sizes, kinds, depths = (
        list(dict.fromkeys(values))
        for values in (
            [f"{header.width}x{header.height}" for header in headers],
            [KINDS[header.channels] for header in headers],
            [header.stored or f"{header.bits} bits" for header in headers],
        )
    )
    words = [f"{len(headers)} pages"] if len(headers) > 1 else []
    words.append(sizes[0] if len(sizes) == 1 else f"{sizes[0]} and other sizes")
    return ", ".join([*words, " and ".join(kinds), " and ".join(depths)])


def kept(count: int, older: int) -> str:
    """The message about outputs of earlier commands, some of which are older than their pictures."""
    if count == 1:
        age = ", though older than its picture" if older else ""
        return f"1 output exists already and is kept, whatever its options were{age}; --overwrite replaces it"
    age = f", though {older} are older than their pictures" if older else ""
    return f"{count} outputs exist already and are kept, whatever their options were{age}; --overwrite replaces them"


def summary(failures: Sequence[Failure], count: int, named: bool = False) -> DenoiserError:
    """The error for the failures among `count` pictures; if there are several, each is printed on stderr.

    Args:
        failures: at least one.
        count: how many pictures were to be denoised.
        named: whether the command names one picture and nothing else, so that none of many has failed.
    """
    environment = len(failures) == count and all(failure.error.code == ENVIRONMENT for failure in failures)
    error, code = failures[0].error, ENVIRONMENT if environment else SOME_FAILED
    if named:
        return error
    if len(failures) == 1:
        return DenoiserError(error.what, error.fix, code)
    for failure in failures:
        line = f"failed: {failure.error.what}; {failure.error.fix}"
        say(" ".join(line.split()), error=True)
    names = ", ".join(failure.source for failure in failures[:3]) + (", ..." if len(failures) > 3 else "")
    same_fix = len({failure.error.fix for failure in failures}) == 1
    fix = error.fix if same_fix else "see the lines above; the same command tries them again"
    return DenoiserError(f"{len(failures)} of {count} pictures could not be denoised ({names})", fix, code)
