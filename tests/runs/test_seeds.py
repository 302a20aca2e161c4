"""The mean and the standard deviation over seeds."""

import pytest

from denoiser.runs.row import Row
from denoiser.runs.seeds import over_seeds


def row(psnr, **figures):
    figures = {"psnr": psnr, "psnr_noisy": 20.0, **figures}
    return Row("unet", "bsd68", "gaussian", 25.0, 68, figures=figures, intervals={"psnr": (28.0, 33.0)})


def test_seeds_have_a_mean_a_sample_deviation_and_no_interval_over_images():
    result = over_seeds([row(30.0), row(31.0), row(29.0)], [(25, 25)] * 3, ("model.width=8",))
    assert result.row == Row("unet", "bsd68", "gaussian", 25.0, 68, figures={"psnr": 30.0, "psnr_noisy": 20.0})
    assert result.gain == 10.0 and result.seeds == 3
    assert result.sd == {"psnr": 1.0, "psnr_noisy": 0.0}  # sqrt((1 + 1) / (3 - 1))
    assert result.overrides == ("model.width=8",) and result.trained_levels == (25, 25)


def test_one_seed_is_its_own_row_without_a_deviation():
    result = over_seeds([row(30.0)], [None])
    assert result.row == row(30.0) and result.gain == 10.0
    assert result.sd == {} and result.seeds == 1 and result.overrides == ()


@pytest.mark.parametrize("absent", [None, float("inf")])
def test_a_seed_without_a_figure_is_left_out_of_that_figure_alone(absent):
    result = over_seeds([row(30.0), row(absent, ssim=0.8), row(32.0)], [(25, 25), (0, 50), (25, 25)])
    assert result.row.figures == {"psnr": 31.0, "psnr_noisy": 20.0, "ssim": 0.8}
    assert result.seeds == 2 and result.gain == 11.0 and result.sd["psnr"] == pytest.approx(2**0.5)
    assert "ssim" not in result.sd and result.trained_levels is None


def test_without_any_finite_figure_there_is_no_mean():
    result = over_seeds([row(None), row(None)], [None, None])
    assert result.row.figures["psnr"] is result.gain is None and result.seeds == 0 and "psnr" not in result.sd
