"""Figures as a reader sees them."""

import pytest

from denoiser.reports.tables.format import brackets, interval, speed


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "-"),
        ("x", "-"),
        (0, "0"),
        (123.4, "120"),
        (23.4, "23"),
        (7.75, "7.8"),
        (9.96, "10"),
        (1, "1.0"),
        (0.00108, "0.0011"),
        (1e-7, "0.00000010"),
        (10117, "10000"),
    ],
)
def test_seconds_per_megapixel_have_two_digits_and_no_exponent(value, said):
    assert speed(value) == said


def test_an_interval_stands_in_brackets_where_there_is_one():
    assert (
        interval(29.2345, [28.7, 29.8]) == "29.23 [28.70, 29.80]" and brackets([0.1, 0.25], ".4f") == "[0.1000, 0.2500]"
    )
    assert interval(29.2345, None) == "29.23" and brackets([1]) == ""
