"""Which pictures are shown, in which order."""

import math

import pytest
import torch

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.noise.gaussian import Gaussian
from denoiser.runs.results import Score
from denoiser.runs.shown_pictures import choose, in_order

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def pairs(count, levels=(25,), draws=1):
    return FrozenPairs(Pictures(LETTERS[:count], torch.zeros(count, 1, 4, 4).byte()), Gaussian(), 0, levels, draws)


def scored(psnrs):
    return {item: Score(psnr, 0.9, 20.0, 0.5) for item, psnr in enumerate(psnrs)}


def described(frozen, scores):
    """Picture, noise level and rank of each choice, as they are drawn."""
    return [(*frozen.describe(choice.item), choice.rank) for choice in choose(frozen, scores)]


def test_at_the_middle_level_pictures_over_the_whole_ranking():
    shown = described(frozen := pairs(26), {"unet": scored(range(26))})
    assert [rank for *_, rank in shown[:3]] == ["worst", "best", "median"]
    assert sorted(key for key, *_ in shown) == sorted("acfikmpsuwz")  # a is the worst, z the best, m the median
    ordered = in_order(frozen, scored(range(26)), choose(frozen, {"unet": scored(range(26))}))
    assert [choice.item for choice in ordered] == sorted(choice.item for choice in ordered)
    assert ordered[1].rank == "rank 24 of 26"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 11, 12])
def test_of_few_pictures_all(count):
    shown = described(pairs(count), {"unet": scored(range(count))})
    assert sorted(key for key, *_ in shown) == list(LETTERS[:count])
    assert [rank for *_, rank in shown[:3]] == (["best"] if count == 1 else ["worst", "best", "median"][:count])


def test_the_first_eight_show_each_level_and_each_collapse():
    frozen, good = pairs(20, (50, 15, 25)), scored(range(60))
    bad = good | {7: Score(3.0, 0.1, 14.0, 0.1)} | {item: Score(30.0, 0.9, 20.0, 0.5) for item in range(7)}
    shown = choose(frozen, {"unet": good, "dncnn": bad})
    assert [(frozen.describe(one.item)[1], one.rank) for one in shown[:8]] == [
        *((25, rank) for rank in ("worst", "best", "median")),
        *((level, rank) for level in (15, 50) for rank in ("worst", "best")),
        (50, "worst of dncnn"),
    ]
    assert shown[7].item == 7 and shown[7].by == "dncnn" and shown[0].by == "unet"
    assert [frozen.describe(one.item)[1] for one in shown].count(25) == 12 and len(shown) == 19


def test_no_picture_twice_and_no_more_than_24():
    frozen, good = pairs(20, (15, 25, 50)), scored(range(60))
    same = {name: good for name in ("unet", "dncnn", "nlm")}
    assert len(choose(frozen, same)) == 18  # all have the same worst picture
    many = {f"m{i}": good | {40 + i: Score(1.0, 0.1, 14.0, 0.1)} for i in range(19)}
    shown = choose(frozen, many)
    assert len(shown) == len({one.item for one in shown}) == 24


def test_of_many_levels_three_and_of_many_draws_the_first():
    shown = described(pairs(2, (50, 5, 25, 10, 75), 2), {"unet": scored([30, 20] * 10)})
    assert shown[:2] == [("b", 25, "worst"), ("a", 25, "best")] and {level for _, level, _ in shown} == {5, 25, 75}
    shown = described(pairs(2, (25,), 2), {"unet": scored([30, 20, 10, 40])})  # b is best in the second draw
    assert shown == [("b", 25, "worst"), ("a", 25, "best")]


def test_what_was_not_tested_is_not_chosen():
    assert choose(pairs(3), {"unet": {}}) == []
    assert described(pairs(2, (15, 25, 50)), {"unet": scored([30])}) == [("a", 15, "best")]


def test_what_is_not_a_number_is_the_worst_and_infinity_the_best():
    shown = described(pairs(3), {"unet": scored([31, math.inf, math.nan])})
    assert shown == [("c", 25, "worst"), ("b", 25, "best"), ("a", 25, "median")]
