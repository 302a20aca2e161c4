"""The sets of pictures that results are of."""

import math

import pytest
from helpers.pages import make_run

from denoiser.reports.comparison.pictures import PictureScore, classes, picture_scores

MINE = {"p": PictureScore(30.0, 20.1234, 0.4), "q": PictureScore(29.0, math.inf, 1.0)}


@pytest.mark.parametrize(
    ("noise", "its", "same"),
    [
        (
            0,
            {"p": PictureScore(28.0, 20.1235, 0.4), "q": PictureScore(1.0, math.inf, 1.0)},
            True,
        ),  # the last of six digits
        (0, {"p": PictureScore(30.0, 20.1234, 0.41), "q": MINE["q"]}, False),
        (0, {"p": PictureScore(30.0, 20.1244, 0.4), "q": MINE["q"]}, False),
        (1, {"p": PictureScore(30.0, 20.5, 0.41), "q": MINE["q"]}, True),  # other noise
        (1, {"p": MINE["p"], "r": MINE["q"]}, False),
        (0, {"p": MINE["p"]}, False),
        (0, {}, True),  # no results.csv
    ],
)
def test_the_same_pictures_have_the_same_names_and_noisy_scores(noise, its, same):
    assert classes([(0, MINE), (noise, its), (0, MINE)]) == ([0, 0, 0] if same else [0, 1, 0])


def test_scores_are_by_method_data_noise_and_level(tmp_path):
    run = make_run(tmp_path / "run")
    head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"
    (run / "results.csv").write_text(
        f"{head}unet,photos,gaussian,25,p,30,0.8,20,0.4\nunet,photos,real,,p,31,0.8,,0.5\n"
    )
    by_setting = picture_scores(run)
    assert by_setting["unet", "photos", "gaussian", "25"] == {"p": PictureScore(30, 20, 0.4)}
    assert by_setting["unet", "photos", "real", "-"] == {"p": PictureScore(31, None, 0.5)}
