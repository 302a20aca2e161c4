import math

import pytest

from denoiser.errors import DenoiserError, nearest, number, require


@pytest.mark.parametrize("value", [0, -1, 2.5, 1e300])
def test_finite_numbers(value):
    assert number(value)


@pytest.mark.parametrize("value", [True, False, None, "25", [25], math.nan, math.inf, -math.inf])
def test_other_values_are_not_numbers(value):
    assert not number(value)


def test_a_condition_that_is_not_fulfilled_is_an_error_with_an_example():
    require(True, "data.size", 64, "below 8 pixels", "256")
    with pytest.raises(DenoiserError) as caught:
        require(False, "data.size", 4, "below 8 pixels", "256")
    assert str(caught.value) == "error: data.size=4 is below 8 pixels (data.size)\nfix: data.size=256"
    assert caught.value.code == 2


def test_an_error_has_two_lines_whatever_its_texts_hold():
    error = DenoiserError("no\nroom (disk)", "free\n\n some space", 3)
    assert str(error) == "error: no room (disk)\nfix: free some space" and error.code == 3


def test_no_name_is_near_to_an_unrelated_one():
    assert nearest("unett", ["unet", "dncnn"]) == "unet" and nearest("xqzt", ["unet", "dncnn"]) is None
