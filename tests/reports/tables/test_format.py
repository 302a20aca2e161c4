"""Figures as a reader sees them."""

import pytest

from denoiser.reports.tables.format import brackets, cell, head, speed
from denoiser.runs.columns import BY_KEY
from denoiser.runs.row import Row


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


def test_a_cell_has_an_interval_where_its_table_shows_one():
    row = Row(figures={"psnr": 29.2345, "ssim": 0.81234}, intervals={"psnr": (28.7, 29.8), "ssim": (0.8, 0.825)})
    psnr, ssim = BY_KEY["psnr"], BY_KEY["ssim"]
    assert cell(psnr, row, "text") == "29.23 [28.70, 29.80]" and cell(psnr, row, "run") == "29.23"
    assert cell(ssim, row, "text") == "0.8123" and cell(ssim, row, "latex") == "0.8123 [0.8000, 0.8250]"
    assert cell(ssim, row, "run") == "0.812" and cell(ssim, Row(), "text") == "-" == cell(psnr, Row(), "text")
    assert head(psnr, "text") == "PSNR (dB) [95 %]" and head(psnr, "run") == "PSNR (dB)"
    assert brackets([1]) == ""
