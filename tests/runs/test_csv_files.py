"""CSV files: what is written is read back, whatever characters a file name has."""

import csv

import pytest
import torch

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.noise.gaussian import Gaussian
from denoiser.runs.csv_files import csv_rows, csv_text
from denoiser.runs.results import per_image

NAMES = ("a\rb", "a\nb", "a\r\nb", '"', "a,b", " a", "", "é", "\x85", "\u2028", "\\r", "'=1+1")


@pytest.mark.parametrize("name", NAMES)
def test_any_value_is_read_back(name, tmp_path):
    (tmp_path / "a.csv").write_bytes(csv_text([["image", "psnr"], [name, 30.5], ["next", None]]).encode())
    assert csv_rows(tmp_path / "a.csv") == [{"image": name, "psnr": "30.5"}, {"image": "next", "psnr": ""}]
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 3


def test_plain_rows_end_in_one_character():
    assert csv_text([["a", "b"], [1, 2.5]]) == "a,b\n1,2.5\n"


def test_a_carriage_return_in_a_file_name_stays_in_its_row_of_results(tmp_path):
    pairs = FrozenPairs(Pictures(["a\rb"], [torch.zeros(1, 12, 12, dtype=torch.uint8)]), Gaussian(), 0, (25,))
    figures = {"psnr": 30.0, "ssim": 0.5, "psnr_noisy": 20.0, "ssim_noisy": 0.25}
    text = per_image({"data": "folder", "noise": "gaussian"}, pairs, {"unet": {0: figures}})
    (tmp_path / "results.csv").write_bytes(text.encode())
    (row,) = csv_rows(tmp_path / "results.csv")
    assert row["image"] == "a\rb" and row["psnr"] == "30"
