"""Which test pictures a run shows, the most telling ones first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from denoiser.data.pairs import FrozenPairs
from denoiser.runs.results import Score

LEVELS = 3
"""Noise levels that get pictures: of more, the lowest, the middle and the highest."""
SPREAD = 11
"""Pictures at the middle level, evenly spaced from the worst to the best; with the median they are at most 12."""
MANY = 24
"""Pictures in all."""


class Choice(NamedTuple):
    """A picture to show.

    Attributes:
        item: of the pairs.
        rank: why, in words.
        by: the method whose PSNR chose it.
    """

    item: int
    rank: str
    by: str


def choose(pairs: FrozenPairs, scores: Mapping[str, Mapping[int, Score]]) -> list[Choice]:
    """Up to 24 pictures of the first draw, none twice.

    In this order: the worst, best and median of the first method at the middle noise level; its worst and best at the
    lowest and the highest; the worst of every other method at the highest, where a method that collapses is seen; the
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
    found = _of(middle, first, (0, -1, _median(middle)))
    found += [choice for one in outer for choice in _of(one, first, (0, -1))]
    for name in others:
        found += [Choice(item, f"worst of {name}", name) for item in _ranked(pairs, highest, scores[name])[:1]]
    found += [choice for one in outer for choice in _of(one, first, (_median(one),))]
    found += _of(middle, first, _spread(len(middle)))
    unique: dict[int, Choice] = {}
    for choice in found:
        unique.setdefault(choice.item, choice)
    return list(unique.values())[:MANY]


def in_order(pairs: FrozenPairs, scores: Mapping[int, Score], chosen: Iterable[Choice]) -> list[Choice]:
    """As a reader wants them: by noise level, at each the worst PSNR first."""
    return sorted(chosen, key=lambda one: (pairs.describe(one.item)[1] or 0.0, order(scores[one.item].psnr)))


def order(psnr: float) -> float:
    """What a PSNR is sorted by: NaN, which compares with nothing, is below all."""
    return -math.inf if math.isnan(psnr) else psnr


def _levels(levels: Sequence[float | None]) -> list[int]:
    """Which of the levels get pictures, from the lowest to the highest."""
    rising = sorted(range(len(levels)), key=lambda i: levels[i] or 0.0)
    return rising if len(rising) <= LEVELS else [rising[0], rising[len(rising) // 2], rising[-1]]


def _ranked(pairs: FrozenPairs, level: int, scores: Mapping[int, Score]) -> list[int]:
    """The items of a level that were tested, the worst first."""
    start = level * len(pairs.pictures)  # of the first draw
    items = [item for item in range(start, start + len(pairs.pictures)) if item in scores]
    return sorted(items, key=lambda item: order(scores[item].psnr))


def _median(ranked: Sequence[int]) -> int:
    return len(ranked) - 1 - len(ranked) // 2


def _spread(count: int) -> list[int]:
    """Evenly spaced places, every third first, so that those which are left out are missed least."""
    places = sorted({round(i * (count - 1) / (SPREAD - 1)) for i in range(SPREAD)})
    return [place for start in range(3) for place in places[start::3]]


def _of(ranked: Sequence[int], by: str, places: Iterable[int]) -> list[Choice]:
    """The pictures at those places, each with its rank; the best is rank 1."""
    count = len(ranked)
    names = {_median(ranked): "median"} if count > 2 else {}
    names |= {0: "worst", count - 1: "best"}
    found = (place % count for place in places)
    return [Choice(ranked[i], names.get(i, f"rank {count - i} of {count}"), by) for i in found]
