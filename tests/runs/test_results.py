"""From figures per image to rows: means, intervals, infinite PSNR, paired differences, the CSV."""

import csv
import io
import math

import pytest
import torch

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.noise.camera.camera import Camera
from denoiser.noise.gaussian import Gaussian
from denoiser.runs.results import compare, per_image, summarise

COLUMNS = {"data": "photos", "noise": "gaussian"}


def pairs(count=3, levels=(15, 50), keys=None, noise=None):
    images = [torch.zeros(1, 12, 12, dtype=torch.uint8)] * count
    return FrozenPairs(Pictures(keys or [f"p{i}" for i in range(count)], images), noise or Gaussian(), 0, levels)


def scores(psnrs, **further):
    one = {"ssim": 0.5, "psnr_noisy": 20.0, "ssim_noisy": 0.25, **further}
    return {item: {"psnr": psnr, **one} for item, psnr in enumerate(psnrs)}


def summarised(*arguments):
    """Rows as results.json holds them."""
    return [row.to_json() for row in summarise(*arguments)]


def compared(*arguments):
    """Differences as results.json holds them."""
    return [row.to_json() for row in compare(*arguments)]


def test_rows_have_the_keys_of_the_file_in_their_order():
    (row,) = summarised(COLUMNS, pairs(levels=(15,)), {"a": scores([30, 31, 32], psnr_y=30, lpips=0.5)})
    assert list(row) == [
        *("method", "data", "noise", "sigma", "n_images", "psnr", "ssim", "psnr_noisy", "ssim_noisy", "psnr_y"),
        *("lpips", "n_identical", "n_infinite", "psnr_interval", "ssim_interval", "channels", "place", "values"),
    ]
    (row,) = compared(COLUMNS, pairs(levels=(15,)), {"a": scores([30, 31, 32]), "b": scores([30, 31, 33])})
    assert list(row) == ["a", "b", "data", "noise", "sigma", "n_images", "psnr", "interval"]


def test_a_row_per_method_and_level_with_the_mean_over_images():
    rows = summarised(COLUMNS, pairs(), {"a": scores([30, 31, 32, 20, 21, 25]), "b": scores([1.0] * 6)})
    assert [(row["method"], row["sigma"], row["psnr"]) for row in rows[:2]] == [("a", 15, 31), ("a", 50, 22)]
    assert all(row["n_images"] == 3 and row["psnr_noisy"] == 20 and row["data"] == "photos" for row in rows)
    low, high = rows[0]["psnr_interval"]
    assert 30 <= low < 31 < high <= 32 and rows[2]["psnr_interval"] == [1, 1] and rows[0]["ssim_interval"] == [0.5, 0.5]


def test_rows_and_differences_name_the_data_and_its_noise():
    both = {"a": scores([30, 31, 32]), "b": scores([30, 31, 33])}
    for row in [*summarised(COLUMNS, pairs(levels=(15,)), both), *compared(COLUMNS, pairs(levels=(15,)), both)]:
        assert (row["data"], row["noise"]) == ("photos", "gaussian")


def test_the_level_of_a_camera_is_its_shot_noise():
    made, both = pairs(levels=(0.004,), noise=Camera()), {"a": scores([30, 31, 32]), "b": scores([30, 31, 33])}
    for row in [*summarised(COLUMNS, made, both), *compared(COLUMNS, made, both)]:
        assert row["shot"] == 0.004 and row.get("sigma") is None


def test_infinite_psnr_is_counted_and_never_averaged():
    (row,) = summarised(COLUMNS, pairs(levels=(15,)), {"a": scores([math.inf, 30, 32])})
    assert row["psnr"] == 31 and row["n_identical"] == 1 and row["n_images"] == 3 and row["psnr_interval"][1] <= 32
    (row,) = summarised(COLUMNS, pairs(levels=(15,)), {"a": scores([math.inf] * 3)})
    assert row["psnr"] is None and row["n_identical"] == 3 and row["psnr_interval"] is None


def test_infinite_figures_of_any_metric_are_counted():
    figures = scores([30, 31, math.inf], psnr_y=40.0)
    figures[1]["psnr_y"] = figures[0]["psnr_y"] = math.inf
    (row,) = summarised(COLUMNS, pairs(levels=(15,)), {"a": figures})
    assert row["psnr_y"] == 40 and row["n_infinite"] == {"psnr": 1, "psnr_y": 2}


def test_of_one_image_there_is_no_interval():
    (row,) = summarised(COLUMNS, pairs(1, (15,)), {"a": scores([30])})
    assert row["psnr"] == 30 and row["psnr_interval"] is None
    (row,) = compared(COLUMNS, pairs(1, (15,)), {"a": scores([30]), "b": scores([28])})
    assert row["psnr"] == 2 and row["interval"] is None


def test_the_first_picture_warms_up_and_does_not_count_for_speed():
    timed = {item: {**scores([1])[0], "seconds_per_megapixel": s} for item, s in enumerate([9, 1, 2])}
    (row,) = summarised(COLUMNS, pairs(levels=(15,)), {"a": timed})
    assert row["seconds_per_megapixel"] == 1.5


def test_levels_and_pictures_that_were_left_out_make_no_row():
    (row,) = summarised(COLUMNS, pairs(), {"a": {1: scores([30])[0]}})
    assert row["sigma"] == 15 and row["n_images"] == 1


def test_differences_are_paired_over_images():
    base = [30.0, 20.0, 40.0, 25.0, 27.0, 35.0]
    better = [30.2, 20.3, 40.1, 25.4, 27.5, 35.6]
    differences = compared(COLUMNS, pairs(), {"a": scores(better), "b": scores(base), "c": scores(base)})
    assert [(row["a"], row["b"], row["sigma"]) for row in differences] == [
        (*two, sigma) for two in (("a", "b"), ("a", "c"), ("b", "c")) for sigma in (15, 50)
    ]
    assert differences[0]["psnr"] == pytest.approx(0.2) and differences[1]["psnr"] == pytest.approx(0.5)
    low, high = differences[0]["interval"]  # narrow, whatever the pictures themselves are like
    assert 0.1 <= low + 1e-9 and high - 1e-9 <= 0.3
    assert differences[-1]["psnr"] == 0 and differences[-1]["interval"] == [0, 0] and differences[0]["n_images"] == 3


def test_identical_images_are_left_out_of_a_difference():
    first, second = scores([math.inf, 30.5, 31.5]), scores([29.0, 30.0, 31.0])
    (row,) = compared(COLUMNS, pairs(levels=(15,)), {"a": first, "b": second})
    assert row["psnr"] == 0.5 and row["n_images"] == 2
    (row,) = compared(COLUMNS, pairs(levels=(15,)), {"a": scores([math.inf] * 3), "b": second})
    assert row["psnr"] is None and row["interval"] is None and row["n_images"] == 0


def test_the_csv_has_a_row_per_image_method_and_level():
    text = per_image(COLUMNS, pairs(), {"a": scores(range(6), psnr_y=1.5), "b": scores([math.inf] * 6, psnr_y=2)})
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        *("method", "data", "noise", "sigma", "image", "psnr", "ssim", "psnr_noisy", "ssim_noisy", "psnr_y")
    ]
    assert [(row["method"], row["sigma"], row["image"], row["psnr"]) for row in rows[3:7]] == [
        *(("a", "50", "p0", "3"), ("a", "50", "p1", "4"), ("a", "50", "p2", "5"), ("b", "15", "p0", "inf"))
    ]


def test_any_file_name_and_a_noise_without_levels_have_a_place_in_the_csv():
    made = pairs(2, (None,), ("x, y", "\udcff"))
    text = per_image(COLUMNS, made, {"a": scores([1.23456789, 2])})
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["sigma"], row["image"], row["psnr"]) for row in rows] == [
        ("", "x, y", "1.23457"),
        ("", "\\udcff", "2"),
    ]
    assert "\r" not in text  # lines end as everywhere else
