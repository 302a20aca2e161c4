"""Rows and differences: to results.json and back, and the columns that tables of them have."""

import pytest

from denoiser.noise.levels import SHOT, SIGMA
from denoiser.runs.columns import BY_KEY
from denoiser.runs.row import Difference, Row, columns

FIGURES = {"psnr": 30.5, "ssim": 0.8, "psnr_noisy": 20.25, "lpips": 0.125}
NUMBERS = {"n_images": 68, "n_identical": 1, "channels": 3, "values": 4096}


def row(level=25.0, kind=SIGMA, figures=FIGURES, **further):
    return Row("unet", "bsd68", "gaussian", level, figures=figures, level_kind=kind, **further)


def difference(level=25.0, kind=SIGMA):
    return Difference("unet", "dncnn", "bsd68", "gaussian", level, 68, 0.25, (0.125, 0.5), kind)


@pytest.mark.parametrize(("level", "kind"), [(25.0, SIGMA), (0.004, SHOT), (None, SIGMA)])
def test_what_is_written_is_read_back(level, kind):
    ends = {"psnr": (30.25, 30.75), "ssim": None}
    written = row(level, kind, intervals=ends, n_infinite={"psnr": 1}, folder="runs/a", **NUMBERS)
    assert Row.from_json(written.to_json()) == written
    assert Difference.from_json(difference(level, kind).to_json()) == difference(level, kind)


def test_what_is_missing_or_damaged_in_a_file_is_shown_as_missing():
    read = Row.from_json({"psnr": "much", "n_images": "many", "n_infinite": [1], "channels": 2, "psnr_interval": [1]})
    assert (read.method, read.data, read.noise) == ("-", "-", "-")
    assert read.level is read.n_images is read.psnr is read.channels is read.folder is read.intervals["psnr"] is None
    assert read.figures == {} and read.n_infinite == {} and read.level_kind is SIGMA
    read = Difference.from_json({"psnr": None, "interval": "wide"})
    assert (read.a, read.b, read.data, read.noise) == ("-", "-", "-", "-")
    assert read.level is read.n_images is read.psnr is read.interval is None


def test_a_value_is_a_figure_or_a_fact_of_the_row():
    keys = ("method", "sigma", "shot", "n_images", "psnr", "gain", "params")
    assert [row(**NUMBERS).value(BY_KEY[key]) for key in keys] == ["unet", 25.0, None, 68, 30.5, 10.25, None]
    assert [row(0.004, SHOT).value(BY_KEY[key]) for key in ("sigma", "shot")] == [None, 0.004]


def test_a_table_has_the_levels_of_its_rows_and_the_figures_of_any():
    def heads(*rows):
        return [column.key for column in columns(rows, "markdown")]

    always = ["method", "data", "noise", "sigma", "n_images", "psnr", "ssim"]
    assert heads() == heads(row(figures={})) == always
    assert heads(row(0.004, SHOT, figures={})) == [key if key != "sigma" else "shot" for key in always]
    assert heads(row(figures={}), row(figures={"lpips": 0.5, "psnr_y": 31.0})) == [*always, "psnr_y", "lpips"]
    assert [key for key in heads(row(None), row(0.004, SHOT)) if key in ("sigma", "shot")] == ["sigma", "shot"]
