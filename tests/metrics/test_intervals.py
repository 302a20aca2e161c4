import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from denoiser.metrics import intervals
from denoiser.metrics.intervals import interval, paired

RNG = np.random.default_rng(0)
PSNR = RNG.normal(29, 2.5, 68)


@pytest.mark.parametrize("values", [PSNR, RNG.exponential(1, 12), RNG.normal(0, 1, 400), np.array([1.0, 2.0])])
def test_the_interval_is_scipy_s(values):
    reference = bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=1).confidence_interval
    mean, low, high = interval(values)
    assert mean == pytest.approx(values.mean(), abs=1e-12)
    slack = 0.05 * (reference.high - reference.low)
    assert (low, high) == pytest.approx((reference.low, reference.high), abs=slack)


def test_it_covers_the_truth_as_often_as_it_says(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 2000)
    rng = np.random.default_rng(1)
    sampled = [interval(rng.gamma(4, 1, 60)) for _ in range(300)]
    covered = np.mean([low <= 4 <= high for _, low, high in sampled])
    # A coverage of 0.94, which the percentile bootstrap has here, would leave these bounds once in 2000 times.
    assert 0.89 < covered < 0.985


@pytest.mark.parametrize("values", [PSNR, RNG.exponential(1, 300)])
def test_it_holds_95_percent_of_the_resampled_means_and_as_many_lie_below_as_above(values):
    _, low, high = interval(values)
    means = intervals._resampled_means(np.sort(values))
    assert np.mean(means < low) == pytest.approx(0.025, abs=2e-4)
    assert np.mean(means > high) == pytest.approx(0.025, abs=2e-4)


def test_the_pairs_are_resampled_together():
    better = PSNR + 0.2 + RNG.normal(0, 0.05, len(PSNR))
    mean, low, high = paired(better, PSNR)
    assert mean == pytest.approx((better - PSNR).mean(), abs=1e-12)
    assert 0.15 < low < mean < high < 0.25
    assert high - low < (interval(PSNR).high - interval(PSNR).low) / 20
    assert paired(PSNR, better) == pytest.approx((-mean, -high, -low), abs=2e-3)


def test_the_order_of_the_images_changes_nothing_and_no_call_another():
    shuffled = np.random.default_rng(2).permutation(PSNR)
    assert interval(PSNR) == interval(shuffled) == interval(list(PSNR))


def test_many_images_take_little_memory_at_once(monkeypatch):
    whole = interval(PSNR)
    monkeypatch.setattr(intervals, "DRAWS_PER_PASS", 1000)
    assert interval(PSNR) == whole


def test_infinite_scores_are_left_out():
    assert interval([*PSNR, math.inf, -math.inf]) == interval(PSNR)
    a, b = [31.0, math.inf, 32.0, 30.5, math.inf], [30.0, 40.0, 31.5, math.inf, math.inf]
    assert paired(a, b) == interval([1.0, 0.5])


def test_one_image_none_and_a_broken_one():
    mean, low, high = interval([28.5])
    assert mean == 28.5
    assert math.isnan(low) and math.isnan(high)
    for values in ([], [math.inf], [28.0, math.nan, 30.0]):
        assert all(map(math.isnan, interval(values)))
    assert all(map(math.isnan, paired([math.inf], [math.inf])))


def test_images_without_a_partner():
    with pytest.raises(ValueError, match="same images, got 3 and 2"):
        paired([1, 2, 3], [1, 2])


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.lists(st.floats(-60, 60), min_size=2, max_size=40), st.floats(-50, 50))
def test_it_lies_among_the_values_and_moves_with_them(values, shift):
    mean, low, high = interval(values)
    slack = 1e-9
    assert min(values) - slack <= low <= mean + slack
    assert mean - slack <= high <= max(values) + slack
    assert interval(np.array(values) + shift) == pytest.approx((mean + shift, low + shift, high + shift), abs=1e-6)
