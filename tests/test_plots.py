"""Curves as SVG in the page's colours, and strips cut into panels."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from denoiser.plots import GAP, Line, against_sigma, curves, plot, strip


def row(sigma, psnr, **changes):
    same = {"method": "unet", "data": "photos", "noise": "gaussian", "own": (), "psnr_noisy": 20.0, "psnr_sd": None}
    return same | {"sigma": sigma, "psnr": psnr} | changes


def keys(figure):
    """The entries of a plot's key, without their signs."""
    return re.findall(r"</span> (.*?)</li>", figure)


def picture(path, width, height=5, mode="RGB"):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).convert(mode).save(path)
    return path


def opened(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_nothing_is_drawn_without_points():
    assert plot("loss", [Line("a", [])], "epoch", "loss") == ""
    assert curves({"train/loss": [], "val/loss": [], "val/psnr": []}) == ["", ""]


def test_a_plot_keeps_to_its_own_names_and_the_pages_colours():
    lines = [Line("<a> & b", [(0, 1, 0), (1, 2, 0.5)]), Line("reference", [(0, 1, 0)], dashed=True)]
    figure = plot("loss", lines, "epoch", "loss", "a caption")
    assert figure == plot("loss", lines, "epoch", "loss", "a caption")
    assert keys(figure) == ["&lt;a&gt; &amp; b", "reference"] and "a caption" in figure
    assert "var(--line-0)" in figure and "var(--line-6)" in figure and "#0a0" not in figure
    ids = re.findall(r'\bid="([^"]+)"', figure)
    assert ids and all(name.startswith("loss-") for name in ids)
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', figure)) <= set(ids)


def test_curves_name_the_lowest_loss():
    epochs = {"train/loss": [(1, 0.5), (2, 0.4)], "val/loss": [(1, 0.3), (2, 0.31)], "val/psnr": [(1, 20)]}
    loss, psnr = curves(epochs)
    assert "Lowest validation loss: 0.3, epoch 1." in loss
    assert keys(loss) == ["training loss", "validation loss"] and keys(psnr) == ["validation PSNR"]
    assert "No validation loss recorded." in curves({**epochs, "val/loss": []})[0]


def test_a_line_per_method_and_override_and_the_input_dashed():
    assert against_sigma([row(25, 30.0), row(25, 31.0, method="dncnn"), row(None, 20.0), row(50, None)]) == ""
    pool = [row(sigma, 40 - sigma / 5, own=(f"noise.sigma={sigma}", "model=unet")) for sigma in (15, 25)]
    assert keys(against_sigma(pool)) == ["unet", "noisy input"]
    several = [row(s, 30.0, own=(f"noise.sigma={trained}",)) for trained in (15, 25) for s in (15, 25)]
    assert keys(against_sigma(several)) == ["unet, noise.sigma=15", "unet, noise.sigma=25", "noisy input"]
    two = [*pool, *[{**one, "data": "bsd68"} for one in pool]]
    assert keys(against_sigma(two))[:2] == ["unet, photos", "unet, bsd68"]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_strip_is_cut_without_its_gaps(tmp_path, mode):
    path = picture(tmp_path / "a.png", 4 * 7 + 3 * GAP, mode=mode)
    made, whole = strip(path, 10**6), np.asarray(Image.open(path))
    assert made.width == 7 and made.exact and len(made.panels) == 4
    for i, panel in enumerate(map(opened, made.panels)):
        assert np.array_equal(np.asarray(panel), whole[:, i * (7 + GAP) :][:, :7])


def test_other_widths_stay_whole_and_what_is_no_picture_is_none(tmp_path):
    made = strip(picture(tmp_path / "a.png", 33), 10**6)
    assert len(made.panels) == 1 and made.width == 33 and opened(made.panels[0]).size == (33, 5)
    (tmp_path / "b.png").write_text("no picture")
    assert strip(tmp_path / "b.png", 10**6) is None and strip(tmp_path / "c.png", 10**6) is None


def test_a_strip_is_reduced_to_its_budget(tmp_path):
    made = strip(picture(tmp_path / "a.png", 4 * 100 + 3 * GAP, 100), 20_000)
    panels = [opened(uri) for uri in made.panels]
    assert not made.exact and made.width == 100 and {panel.format for panel in panels} == {"JPEG"}
    assert sum(len(base64.b64decode(uri.partition(",")[2])) for uri in made.panels) <= 20_000
