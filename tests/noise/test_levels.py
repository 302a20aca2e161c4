import pytest
from helpers.noises import check_refused

from denoiser.noise.levels import SHOT, SIGMA, check_shot, check_sigma


@pytest.mark.parametrize(("sigma", "levels"), [(0, (0.0,)), (1, (1.0,)), (127.5, (127.5,)), ([15, 25], (15.0, 25.0))])
def test_levels_are_returned_as_numbers(sigma, levels):
    assert check_sigma(sigma, "test.sigma") == levels
    assert all(type(level) is float for level in check_sigma(sigma, "test.sigma"))


@pytest.mark.parametrize(
    ("shot", "levels"),
    [(0.004, (0.004,)), (1, (1.0,)), ("low", (0.001,)), (["high", 0.5, "medium"], (0.012, 0.5, 0.004))],
)
def test_levels_of_shot_noise_have_names_or_are_variances(shot, levels):
    assert check_shot(shot, "test.shot") == levels
    assert all(type(level) is float for level in check_shot(shot, "test.shot"))


@pytest.mark.parametrize(
    ("shot", "lines"),
    [
        ([], ["no level of shot noise", "test.shot=[low,medium,high]"]),
        ("hihg", ["test.shot=hihg is not a level of shot noise", "test.shot=high"]),
        ("xqzt", ["test.shot=xqzt", "test.shot=medium"]),
        (0, ["test.shot=0 is not", "test.shot=0.004"]),
        (1.5, ["test.shot=1.5", "test.shot=0.004"]),
        (["low", None], ["test.shot=None", "test.shot=0.004"]),
    ],
)
def test_other_levels_of_shot_noise_are_refused(shot, lines):
    check_refused(lambda: check_shot(shot, "test.shot"), lines)


def test_levels_in_words_and_in_results():
    assert [SIGMA.span([0, 55]), SIGMA.span([25, 25]), SHOT.span([0.001, 0.012])] == [
        *("sigma 0 to 55", "sigma 25", "shot noise 0.001 to 0.012")
    ]
    assert (SIGMA.text(12.5), SHOT.text(0.004)) == ("sigma 12.5", "shot noise 0.004")
    assert (SIGMA.entries(25.0), SHOT.entries(0.004)) == ({"sigma": 25.0}, {"sigma": None, "shot": 0.004})
