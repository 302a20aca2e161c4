"""The test pictures that a run shows, the most informative ones first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from denoiser.data.pairs import FrozenPairs
from denoiser.runs.results import Score

LEVELS = 3
"""Number of noise levels that get pictures: of more, the lowest, the middle and the highest."""
SPREAD = 11
"""Number of pictures at the middle level, evenly spaced from the worst to the best; with the median at most 12."""
MANY = 24
"""Largest number of pictures in all."""


class ShownPicture(NamedTuple):
    """A picture to show.

    Attributes:
        item: index in the pairs.
        rank: its rank by PSNR in words: worst, best, median, ...
        by: the method whose PSNR it is.
    """

    item: int
    rank: str
    by: str


def choose(pairs: FrozenPairs, scores: Mapping[str, Mapping[int, Score]]) -> list[ShownPicture]:
    """Up to 24 pictures of the first draw, none twice.

    In this order: the worst, best and median of the first method at the middle noise level; its worst and best at the
    lowest and the highest; the worst of every other method at the highest, which shows a method that collapses; the
    medians; then more of the middle level, evenly spaced over the ranking.

    Args:
        pairs: the test pictures.
        scores: of each method, the score of each item that was tested; the first one ranks the pictures.
    """
    first, *others = scores
    tested = {level: _ranked(pairs, level, scores[first]) for level in _levels(pairs.levels)}
    ranked = [(level, items) for level, items in tested.items() if items]
    if not ranked:
        return []
    half, (highest, _) = len(ranked) // 2, ranked[-1]
    (_, middle), outer = ranked[half], [items for i, (_, items) in enumerate(ranked) if i != half]
    pictures = _at(middle, first, (0, -1, _median(middle)))
    pictures += [picture for items in outer for picture in _at(items, first, (0, -1))]
    for name in others:
        worst = _ranked(pairs, highest, scores[name])[:1]
        pictures += [ShownPicture(item, f"worst of {name}", name) for item in worst]
    pictures += [picture for items in outer for picture in _at(items, first, (_median(items),))]
    pictures += _at(middle, first, _spread(len(middle)))
    unique: dict[int, ShownPicture] = {}
    for picture in pictures:
        unique.setdefault(picture.item, picture)
    return list(unique.values())[:MANY]


def in_order(pairs: FrozenPairs, scores: Mapping[int, Score], pictures: Iterable[ShownPicture]) -> list[ShownPicture]:
    """The pictures by noise level, at each the worst PSNR first."""
    return sorted(pictures, key=lambda one: (pairs.describe(one.item)[1] or 0.0, order(scores[one.item].psnr)))


def order(psnr: float) -> float:
    """A PSNR to sort by: NaN, which compares with nothing, is below all."""
    return -math.inf if math.isnan(psnr) else psnr


def _levels(levels: Sequence[float | None]) -> list[int]:
    """The levels that get pictures, from the lowest to the highest."""
    ascending = sorted(range(len(levels)), key=lambda i: levels[i] or 0.0)
    return ascending if len(ascending) <= LEVELS else [ascending[0], ascending[len(ascending) // 2], ascending[-1]]


def _ranked(pairs: FrozenPairs, level: int, scores: Mapping[int, Score]) -> list[int]:
    """The items of a level that were tested, the worst first."""
    start = level * len(pairs.pictures)  # of the first draw
    items = [item for item in range(start, start + len(pairs.pictures)) if item in scores]
    return sorted(items, key=lambda item: order(scores[item].psnr))


def _median(ranked: Sequence[int]) -> int:
    return len(ranked) - 1 - len(ranked) // 2


def _spread(count: int) -> list[int]:
    """Evenly spaced indices, every third first, so that any first part of them covers the range."""
    indices = sorted({round(i * (count - 1) / (SPREAD - 1)) for i in range(SPREAD)})
    return [index for start in range(3) for index in indices[start::3]]


def _at(ranked: Sequence[int], by: str, indices: Iterable[int]) -> list[ShownPicture]:
    """The pictures at these indices of a ranking, each with its rank; the best has rank 1."""
    count = len(ranked)
    names = {_median(ranked): "median"} if count > 2 else {}
    names |= {0: "worst", count - 1: "best"}
    from_start = (index % count for index in indices)
    return [ShownPicture(ranked[i], names.get(i, f"rank {count - i} of {count}"), by) for i in from_start]
