"""What is said of many pictures, said once."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from denoiser.errors import ENVIRONMENT, SOME_FAILED, DenoiserError
from denoiser.reports.tables.format import printable

if TYPE_CHECKING:
    from denoiser.photos.batch.reader import Failure

_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass
class _Remark:
    first: str
    pictures: int = 0
    differs: bool = False


class Remarks:
    """Notes of pictures by their kind: those that differ in their numbers alone are one."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Remark] = {}

    def add(self, notes: Iterable[str]) -> None:
        """Count the notes of a picture."""
        for note in notes:
            kind = self._kinds.setdefault(_NUMBER.sub("0", note), _Remark(note))
            kind.pictures += 1
            kind.differs |= note != kind.first

    def __iter__(self) -> Iterator[str]:
        """Each kind with how many pictures it is of, as "sigma estimated: 12.3 and others (40 pictures)"."""
        for kind in self._kinds.values():
            others = " and others" if kind.differs else ""
            count = f" ({kind.pictures} pictures)" if kind.pictures > 1 else ""
            yield f"{kind.first}{others}{count}"


def kept(count: int, older: int) -> str:
    """What is said of results that were there before, some of which are older than their pictures."""
    counted = "1 result is there already and kept" if count == 1 else f"{count} results are there already and kept"
    them = "it" if count == 1 else "them"
    if older:
        counted += ", older than its picture" if count == 1 else f", {older} of them older than their pictures"
    return f"{counted} (whatever made {them}); --overwrite does {them} anew"


def unread(path: str, reason: str) -> DenoiserError:
    """Why a folder or file could not be looked at."""
    return DenoiserError(f"cannot be looked at: {reason} ({path})", "change its permissions, or leave it out")


def summary(failures: Sequence[Failure], count: int) -> DenoiserError:
    """Tell every failure on standard error; gives back what they come to, of so many pictures."""
    for_lack = len(failures) == count and all(failure.error.code == ENVIRONMENT for failure in failures)
    error, code = failures[0].error, ENVIRONMENT if for_lack else SOME_FAILED
    if len(failures) == 1:
        return DenoiserError(error.what, error.fix, code)
    for failure in failures:
        told = f"failed: {failure.error.what}; {failure.error.fix}"
        print(printable(" ".join(told.split())), file=sys.stderr)
    names = ", ".join(failure.source for failure in failures[:3]) + (", ..." if len(failures) > 3 else "")
    alike = len({failure.error.fix for failure in failures}) == 1
    fix = error.fix if alike else "see the lines above; the same command tries them again"
    return DenoiserError(f"{len(failures)} of {count} pictures could not be denoised ({names})", fix, code)
