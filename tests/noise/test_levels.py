import pytest

from denoiser.noise.levels import check_sigma


@pytest.mark.parametrize(("sigma", "levels"), [(0, (0.0,)), (1, (1.0,)), (127.5, (127.5,)), ([15, 25], (15.0, 25.0))])
def test_levels_are_returned_as_numbers(sigma, levels):
    assert check_sigma(sigma, "test.sigma") == levels
    assert all(type(level) is float for level in check_sigma(sigma, "test.sigma"))
