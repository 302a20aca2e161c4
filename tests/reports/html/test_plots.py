"""Curves as SVG in the page's colours."""

import re
from dataclasses import replace

from denoiser.reports.html.plots import against_level, curves
from denoiser.runs.row import Row
from denoiser.runs.seeds import SeedMean


def mean(sigma, psnr, own=(), trained=None, sd=None, interval=None, psnr_noisy=20.0, method="unet", data="photos"):
    row = Row(method, data, "gaussian", sigma, 5, {"psnr": psnr, "psnr_noisy": psnr_noisy}, {"psnr": interval})
    return SeedMean(row, sd={} if sd is None else {"psnr": sd}, overrides=own, trained_levels=trained)


def keys(figure):
    """The entries of a plot's key, without their signs."""
    return re.findall(r"</span> (.*?)</li>", figure)


def test_nothing_is_drawn_without_points():
    assert curves({"train/loss": [], "val/loss": [], "val/psnr": []}) == ["", ""]


def test_curves_name_the_lowest_loss():
    epochs = {"train/loss": [(1, 0.5), (2, 0.4)], "val/loss": [(1, 0.3), (2, 0.31)], "val/psnr": [(1, 20)]}
    loss, psnr = curves(epochs)
    assert "Lowest validation loss: 0.3, epoch 1." in loss
    assert keys(loss) == ["training loss", "validation loss"] and keys(psnr) == ["validation PSNR"]
    assert "No validation loss recorded." in curves({**epochs, "val/loss": []})[0]


def test_a_line_per_method_and_override_and_the_input_dashed():
    assert against_level([mean(25, 30.0), mean(25, 31.0, method="dncnn"), mean(None, 20.0), mean(50, None)]) == ""
    pool = [mean(sigma, 40 - sigma / 5, own=(f"noise.sigma={sigma}", "model=unet")) for sigma in (15, 25)]
    assert keys(against_level(pool)) == ["unet", "noisy input"]
    several = [mean(s, 30.0, own=(f"noise.sigma={trained}",)) for trained in (15, 25) for s in (15, 25)]
    assert keys(against_level(several)) == ["unet, noise.sigma=15", "unet, noise.sigma=25", "noisy input"]
    two = [*pool, *[replace(one, row=replace(one.row, data="bsd68")) for one in pool]]
    assert keys(against_level(two))[:2] == ["unet, photos", "unet, bsd68"]


def test_the_training_range_of_each_method_is_shaded():
    ranges = {"blind": (0, 55), "single": (25, 25), "nlm": None}
    rows = [mean(s, 30.0, method=method, trained=ends) for method, ends in ranges.items() for s in (15, 25, 50)]
    figure = against_level(rows)
    assert keys(figure)[4:] == ["shaded: noise levels trained on", "vertical: the one noise level trained on"]
    assert figure.count("opacity: 0.08") == 1 and "var(--line-0); opacity: 0.08" in figure
    assert len(keys(against_level([replace(row, trained_levels=None) for row in rows]))) == 4


def test_the_caption_mentions_models_of_one_level_each():
    own = [mean(s, 30.0, own=(f"noise.sigma={s}",), trained=(s, s)) for s in (15, 25)]
    figure = against_level(own)
    assert keys(figure) == ["unet", "noisy input"] and "a model trained at that level" in figure
    assert "a model trained at that level" not in against_level([mean(15, 30.0), mean(25, 30.0)])
    several = [replace(one, row=replace(one.row, level=s)) for one in own for s in (15, 25)]
    assert keys(against_level(several))[-1] == "vertical: the one noise level trained on"


def test_infinite_scores_are_not_drawn():
    rows = [mean(15, 30.0), mean(25, 28.0, psnr_noisy=float("inf")), mean(50, float("inf"))]
    assert keys(against_level(rows)) == ["unet", "noisy input"] and against_level(rows[1:]) == ""


def test_the_noisy_baseline_is_drawn_once():
    rows = [mean(s, 20.0, method=method) for method in ("noisy", "unet") for s in (15, 25)]
    assert keys(against_level(rows)) == ["unet", "noisy input"] and keys(against_level(rows[:2])) == ["noisy input"]


def test_bars_are_sd_over_seeds_else_intervals_over_images():
    rows = [mean(15, 30.0, interval=(29.0, 31.5)), mean(25, 28.0, interval=(27.0, 29.0))]
    assert "bars: 95 % intervals" in against_level(rows)
    assert "bars: sd" in against_level([replace(rows[0], sd={"psnr": 0.1}), rows[1]])
    plain = against_level([mean(15, 30.0), mean(25, 28.0)])
    assert "Mean over images." in plain and plain != against_level(rows)
