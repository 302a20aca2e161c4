"""What is said of many pictures, said once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
