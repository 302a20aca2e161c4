"""Paired differences between lines."""

from pathlib import Path

import pytest

from denoiser.reports.comparison.differences import ALL_PAIRS, differences
from denoiser.reports.comparison.merge import Result
from denoiser.reports.comparison.models import Model
from denoiser.reports.comparison.pictures import PictureScore
from denoiser.reports.tables.grid import Condition
from denoiser.runs.reading import MethodFacts, Run
from denoiser.runs.row import Row


def one(line, psnr=30.0, sigma=25.0, seed=0):
    """A result on two pictures, the second of them 2 dB above the first."""
    run = Run(Path("run"), "run", "ok", protocol="published", seed=str(seed))
    scores = {name: PictureScore(psnr + more, 20.0, 0.4) for name, more in (("p", 0), ("q", 2))}
    condition = Condition("set12", "gaussian", sigma)
    return Result(run, Row(line), MethodFacts(line), Model(line), condition, scores, line)


def pairs(*results):
    return [(row.a, row.b, row.level, round(row.psnr, 6)) for _, row in differences(results)]


def test_pairs_have_one_order_in_all_columns():
    results = [one("a", 30, 15), one("b", 29, 15), one("b", 28, 50), one("a", 25, 50)]
    assert pairs(*results) == [("a", "b", 15, 1), ("a", "b", 50, -3)]


def test_of_many_lines_the_best_over_all_columns_is_compared_with_the_others():
    names = "abcdefgh"[: ALL_PAIRS + 1]
    first = [one(name, 30 + i, 15) for i, name in enumerate(names)]  # g is best, then f
    second = [one(name, 30 + (name == "f"), 50) for name in names[:-1]]
    assert {row.a for _, row in differences([*first, *second])} == {"f"}


def test_models_on_the_same_noise_are_averaged_before_they_are_paired():
    assert pairs(one("a", 30), one("a", 32), one("b", 30)) == [("a", "b", 25, 1)]
    assert pairs(one("a", 30), one("b", 30, seed=1)) == []


def test_nothing_is_paired_with_the_noisy_input():
    assert pairs(one("noisy"), one("a")) == []


@pytest.mark.parametrize("missing", [None, float("inf")])
def test_a_picture_without_a_finite_score_is_left_out(missing):
    odd = one("a")
    odd.pictures["q"] = PictureScore(missing, 20.0, 0.4)
    assert [row.n_images for _, row in differences([odd, one("b")])] == ([1] if missing else [])
