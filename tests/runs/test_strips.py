"""What a strip looks like, which pictures get one, and under which names."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.noise.gaussian import Gaussian
from denoiser.runs import strips
from denoiser.runs.results import Score
from denoiser.runs.strip_layout import GAP
from denoiser.runs.strips import amplified, side_by_side, write_strips


def flat(grey):
    """A method whose every output is one grey."""
    return lambda batch: torch.full_like(batch.noisy, grey)


def pairs(keys, levels=(25,), draws=1):
    pictures = Pictures(keys, torch.full((len(keys), 3, 4, 6), 128, dtype=torch.uint8))
    return FrozenPairs(pictures, Gaussian(), 0, levels, draws)


def scored(psnrs):
    return {item: Score(psnr, 0.9, 20.0, 0.5) for item, psnr in enumerate(psnrs)}


def index_of(folder):
    """The entries of index.json, which must be JSON as everyone reads it."""

    def refused(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads((folder / "index.json").read_text(), parse_constant=refused)


def written(folder, keys, psnrs, levels=(25,), draws=1):
    """The index of a run of one method."""
    write_strips({"unet": flat(0.5)}, pairs(keys, levels, draws), {"unet": scored(psnrs)}, folder, error=True)
    return index_of(folder)


def test_panels_with_white_gaps():
    made = side_by_side([torch.full((3, 5, 7), grey) for grey in (-0.2, 0.4, 0.6)])
    assert made.shape == (3, 5, 3 * 7 + 2 * GAP) and made.dtype == torch.uint8
    assert made[0, 0].tolist() == [0] * 7 + [255] * GAP + [102] * 7 + [255] * GAP + [153] * 7
    assert (made == made[:1, :1]).all()


def test_the_error_is_mid_grey_where_equal_and_lighter_where_too_bright():
    clean = torch.rand(3, 4, 4) * 0.8
    assert (side_by_side([amplified(clean, clean)]) == 128).all()
    assert (side_by_side([amplified(clean + 0.11, clean)]) == 240).all()


def test_every_method_has_a_panel_in_one_strip(tmp_path):
    methods = {"white": flat(1.0), "black": flat(0.0)}
    scores = {"white": scored([30, 31, 32]), "black": scored([9, 8, math.inf])}
    write_strips(methods, pairs("abc"), scores, tmp_path)
    worst, _, best = index_of(tmp_path)
    assert (best["image"], worst["image"]) == ("c", "a")  # by the first method
    assert best["panels"] == ["noisy", "white", "black", "clean"]
    assert best["scores"] == {"white": {"psnr": 32, "ssim": 0.9}, "black": {"psnr": None, "ssim": 0.9}}
    assert (best["psnr"], best["psnr_noisy"]) == (32, 20)
    pixels = np.asarray(Image.open(tmp_path / worst["file"]))
    _, white, black, clean = (pixels[:, i * (6 + GAP) :][:, :6] for i in range(4))
    assert (white == 255).all() and (black == 0).all() and (clean == 128).all()


def test_the_noisy_picture_is_there_once_and_the_error_last(tmp_path):
    methods = {"noisy": lambda batch: batch.noisy, "black": flat(0.0)}
    scores = {"noisy": scored([20, 21]), "black": scored([9, 8])}
    write_strips(methods, pairs("ab"), scores, tmp_path, error=True)
    _, entry = index_of(tmp_path)
    assert (entry["image"], entry["psnr"]) == ("a", 9)  # by the first that is more than the input
    assert entry["panels"] == ["noisy", "black", "clean", "error"]
    assert np.asarray(Image.open(tmp_path / entry["file"])).shape == (4, 4 * 6 + 3 * GAP, 3)


def spotted(batch):
    """The clean picture with one bright block."""
    output = batch.clean.clone()
    output[..., 30:33, 44:50] += 0.5
    return output


def test_the_block_named_has_the_largest_error_of_the_first_method(tmp_path):
    images = torch.full((1, 3, 40, 60), 100, dtype=torch.uint8)

    frozen = FrozenPairs(Pictures("a", images), Gaussian(), 0, (25,))
    write_strips({"unet": spotted, "nlm": flat(0.0)}, frozen, dict.fromkeys(("unet", "nlm"), scored([30])), tmp_path)
    top, left, side = index_of(tmp_path)[0]["worst"]
    assert side == 20 and top <= 30 < 33 <= top + side and left <= 44 < 50 <= left + side


def test_a_picture_is_described_for_the_method_that_ranked_it(tmp_path):
    images = torch.full((20, 1, 40, 60), 100, dtype=torch.uint8)

    frozen = FrozenPairs(Pictures("abcdefghijklmnopqrst", images), Gaussian(), 0, (25,))
    scores = {"flat": scored(range(20)), "spotted": scored([30, 9] + [31] * 18)}
    write_strips({"flat": flat(0.0), "spotted": spotted}, frozen, scores, tmp_path)
    (entry,) = [entry for entry in index_of(tmp_path) if entry["by"] == "spotted"]
    assert (entry["image"], entry["rank"], entry["psnr"]) == ("b", "worst of spotted", 9)
    assert entry["file"] == "worst_of_spotted_25_b.png"
    top, left, side = entry["worst"]
    assert top <= 30 < 33 <= top + side and left <= 44 < 50 <= left + side


@pytest.mark.parametrize(("took", "count"), [(0.1, 12), (2.0, 8)])
def test_slow_methods_get_few_strips(tmp_path, monkeypatch, took, count):
    passed = []

    def slow(batch):
        passed.append(took)
        return batch.noisy

    monkeypatch.setattr(strips, "time", SimpleNamespace(monotonic=lambda: sum(passed)))
    write_strips({"unet": slow}, pairs("abcdefghijkl"), {"unet": scored(range(12))}, tmp_path)
    assert len(index_of(tmp_path)) == len(passed) == count


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
    assert {entry["rank"]: entry["image"] for entry in index if not entry["rank"].startswith("rank")} == chosen
    assert len(index) == len({entry["image"] for entry in index}) == len(psnrs)
    for entry in index:
        psnr = psnrs["abcde".index(entry["image"])]
        assert entry["psnr"] == (psnr if math.isfinite(psnr) else None)


def test_each_level_has_its_own_and_an_untested_picture_has_none(tmp_path):
    index = written(tmp_path, ["a", "b"], [30, 31, 28, 27], levels=(15, 25.5))
    files = ["worst_15_a.png", "best_15_b.png", "worst_25.5_b.png", "best_25.5_a.png"]
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
    assert [entry["image"] for entry in index] == keys  # the whole key is in the index
    files = [Path(entry["file"]) for entry in index]
    assert len(set(files)) == 3 and all(len(str(file).encode()) < 120 for file in files)
    assert [file.stem[-1] for file in files] == ["0", "1", "2"]
    for file in files:
        assert np.asarray(Image.open(tmp_path / file)).shape == (4, 4 * 6 + 3 * GAP, 3)
