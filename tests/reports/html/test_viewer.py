"""Strips cut into panels and blocks, and kept to a budget."""

import base64
import io
import json

import numpy as np
import pytest
from helpers.pages import add_strip, noise
from PIL import Image

from denoiser.reports.html.viewer import PICTURE_BYTES, SHOWN, cut_strip, pictures
from denoiser.runs.strip_layout import GAP, worst_block

OLDER = ["noisy", "denoised", "clean", "error"]
SCORES = {"psnr": 30.4, "ssim": 0.9, "psnr_noisy": 20.1, "ssim_noisy": 0.4}


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def strip_of(path, width, height=5, panels=4, channels=3):
    noise(panels * width + (panels - 1) * GAP, height, channels).save(path)
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("names", [OLDER, ["noisy", "unet", "nlm", "bm3d", "clean"]])
def test_a_strip_is_cut_without_its_gaps(tmp_path, channels, names):
    path = strip_of(tmp_path / "a.png", 7, panels=len(names), channels=channels)
    cut, whole = cut_strip(path, {} if names is OLDER else {"panels": names}, 10**6), np.asarray(Image.open(path))
    assert (cut.width, cut.height, cut.exact) == (7, 5, True)
    assert [panel.name for panel in cut.panels] == names
    top, left, side = cut.worst
    for i, panel in enumerate(cut.panels):
        pixels = whole[:, i * (7 + GAP) :][:, :7]
        assert np.array_equal(np.asarray(opened(panel.picture)), pixels)
        assert np.array_equal(np.asarray(opened(panel.block)), pixels[top : top + side, left : left + side])


def test_figures_stand_with_their_panels(tmp_path):
    path = strip_of(tmp_path / "a.png", 7)
    older = cut_strip(path, SCORES, 10**6)
    assert [(panel.psnr, panel.ssim) for panel in older.panels] == [(20.1, 0.4), (30.4, 0.9), (None,) * 2, (None,) * 2]
    entry = SCORES | {"panels": ["noisy", "unet", "nlm", "clean"], "scores": {"unet": {"psnr": 30.4}, "nlm": 3}}
    assert [panel.psnr for panel in cut_strip(path, entry, 10**6).panels] == [20.1, 30.4, None, None]


def test_the_block_is_the_one_named_or_that_with_the_largest_error(tmp_path):
    black, path = np.zeros((40, 4 * 30 + 3 * GAP), dtype=np.uint8), tmp_path / "a.png"
    black[25:29, 30 + GAP + 3 : 30 + GAP + 6] = 90  # in the second panel alone
    Image.fromarray(black).save(path)
    assert cut_strip(path, {"worst": [3, 4, 20]}, 10**6).worst == (3, 4, 20)
    for damaged in (None, [3, 4], [3, 4, 0], [-1, 4, 8], [3, 23, 8], ["3", 4, 8], "abc"):
        top, left, side = cut_strip(path, {"worst": damaged}, 10**6).worst
        assert side == 15 and top <= 25 < 29 <= top + side and left <= 3 < 6 <= left + side


@pytest.mark.parametrize(
    ("shape", "side"), [((500, 321), 64), ((28, 28), 14), ((3, 9), 1), ((1, 1), 1), ((130, 100), 50)]
)
def test_a_block_has_the_largest_sum_of_all(shape, side):
    error = np.random.default_rng(0).random(shape) ** 8
    error[0, 0] = np.nan
    top, left, found = worst_block(error)
    blocks = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(error), (side, side))
    assert found == side and error[top : top + side, left : left + side].shape == (side, side)
    assert blocks[top, left].sum() == pytest.approx(blocks.sum(axis=(2, 3)).max())


def test_other_widths_stay_whole_and_what_is_no_picture_is_none(tmp_path):
    noise(33, 5).save(tmp_path / "a.png")
    cut = cut_strip(tmp_path / "a.png", {}, 10**6)
    assert cut.panels == () and opened(cut.whole).size == (33, 5)
    (tmp_path / "b.png").write_text("no picture")
    assert cut_strip(tmp_path / "b.png", {}, 10**6) is None and cut_strip(tmp_path / "c.png", {}, 10**6) is None


@pytest.mark.parametrize("budget", [30_000, 6_000])
def test_a_strip_is_reduced_to_its_budget_but_its_block_is_not(tmp_path, budget):
    path = strip_of(tmp_path / "a.png", 100, 100)
    cut, whole = cut_strip(path, {"worst": [10, 20, 8]}, budget), np.asarray(Image.open(path))
    assert not cut.exact and cut.width == 100 and cut.size <= budget
    assert {opened(panel.picture).format for panel in cut.panels} == {"JPEG"}
    assert np.array_equal(np.asarray(opened(cut.panels[0].block)), whole[10:18, 20:28])


def test_small_strips_leave_room_to_large_ones_and_few_are_shown(tmp_path):
    (tmp_path / "images").mkdir()
    side = int((PICTURE_BYTES / 4 / 3 * 0.6) ** 0.5)
    noise(4 * side + 3 * GAP, side).save(tmp_path / "images/large.png")
    strip_of(tmp_path / "images/small.png", 9)
    files = ["large.png", "small.png"] * SHOWN
    (tmp_path / "images/index.json").write_text(json.dumps([{"file": file} for file in files[:2]]))
    entries, in_all = pictures(tmp_path)
    assert in_all == 2 and all(entry.strip.exact for entry in entries)
    add_strip(tmp_path)
    (tmp_path / "images/index.json").write_text(json.dumps([{"file": "small.png"}] * (SHOWN + 5)))
    entries, in_all = pictures(tmp_path)
    assert (len(entries), in_all) == (SHOWN, SHOWN + 5)
