"""What a strip looks like, which pictures get one, and under which names."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser import plots
from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.module import Score
from denoiser.noise import Gaussian
from denoiser.strips import strip, write_strips


class Half(torch.nn.Module):
    """Stands in for a Denoiser: every output is mid-grey."""

    device = torch.device("cpu")

    def forward(self, noisy):
        return torch.full_like(noisy, 0.5)


def pairs(keys, levels=(25,)):
    return FrozenPairs(Pictures(keys, torch.full((len(keys), 3, 4, 6), 128, dtype=torch.uint8)), Gaussian(), 0, levels)


def scored(psnrs):
    return {item: Score(psnr, 0.9, 20.0, 0.5) for item, psnr in enumerate(psnrs)}


def written(folder, keys, psnrs, levels=(25,)):
    """The entries of index.json, which must be JSON as everyone reads it."""
    write_strips(Half(), pairs(keys, levels), scored(psnrs), folder)

    def refused(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads((folder / "index.json").read_text(), parse_constant=refused)


def test_four_panels_with_white_gaps():
    noisy, denoised, clean = torch.full((3, 5, 7), -0.2), torch.full((3, 5, 7), 0.4), torch.full((3, 5, 7), 0.6)
    made = strip(noisy, denoised, clean)
    assert made.shape == (3, 5, 4 * 7 + 3 * plots.GAP) and made.dtype == torch.uint8
    columns = made[0, 0].tolist()
    gap = [255] * plots.GAP
    assert columns == [0] * 7 + gap + [102] * 7 + gap + [153] * 7 + gap + [0] * 7  # 0.5 - 4 * 0.2 is below black
    assert (made == made[:1, :1]).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_error_is_mid_grey_where_equal_and_lighter_where_too_bright(channels):
    clean = torch.rand(channels, 4, 4) * 0.8
    assert (strip(clean, clean, clean)[..., -4:] == 128).all()
    assert (strip(clean, clean + 0.1, clean)[..., -4:] == 230).all()


def test_the_page_cuts_a_strip_into_the_panels_it_was_made_of(tmp_path):
    written(tmp_path, ["a"], [30])
    cut = plots.strip(tmp_path / "best_25_a.png", 10**6)
    assert len(cut.panels) == 4 and cut.width == 6 and cut.exact


@pytest.mark.parametrize(
    ("psnrs", "chosen"),
    [
        ([30], {"best": "a"}),
        ([29, 30], {"best": "b", "worst": "a"}),
        ([29, 31, 30], {"best": "b", "median": "c", "worst": "a"}),
        ([29, math.inf, 30], {"best": "b", "median": "c", "worst": "a"}),
        ([math.nan, 30, 31, 32, 33], {"best": "e", "median": "c", "worst": "a"}),
    ],
)
def test_best_median_and_worst_and_no_picture_twice(tmp_path, psnrs, chosen):
    index = written(tmp_path, "abcde"[: len(psnrs)], psnrs)
    assert {entry["rank"]: entry["image"] for entry in index} == chosen
    assert len(index) == len(chosen)
    for entry in index:
        psnr = psnrs["abcde".index(entry["image"])]
        assert entry["psnr"] == (psnr if math.isfinite(psnr) else None)


def test_each_level_has_its_own_and_an_untested_picture_has_none(tmp_path):
    index = written(tmp_path, ["a", "b"], [30, 31, 28, 27], levels=(15, 25.5))
    files = ["best_15_b.png", "worst_15_a.png", "best_25.5_a.png", "worst_25.5_b.png"]
    assert [entry["file"] for entry in index] == files
    assert [entry["sigma"] for entry in index] == [15, 15, 25.5, 25.5]
    assert {path.name for path in tmp_path.iterdir()} == {*files, "index.json"}
    assert written(tmp_path / "one", ["a", "b"], [30], levels=(15, 25))[0]["file"] == "best_15_a.png"
    assert len(json.loads((tmp_path / "one" / "index.json").read_text())) == 1
    assert written(tmp_path / "real", ["a"], [30], levels=(None,))[0]["file"] == "best_a.png"


@pytest.mark.parametrize("letter", ["x", "é", "長", "𠮷", "/", "\udcff", "="])
def test_a_key_of_any_length_and_letters_gets_a_file(tmp_path, letter):
    keys = [f"{letter * 300}{i}" for i in range(3)]
    index = written(tmp_path, keys, [30, 31, 32])
    assert [entry["image"] for entry in index] == keys[::-1]  # the whole key is in the index
    files = [Path(entry["file"]) for entry in index]
    assert len(set(files)) == 3 and all(len(str(file).encode()) < 120 for file in files)
    assert [file.stem[-1] for file in files] == ["2", "1", "0"]
    for file in files:
        assert np.asarray(Image.open(tmp_path / file)).shape == (4, 4 * 6 + 3 * plots.GAP, 3)
