"""Results of a noise whose level is not sigma: every table, plot and page names it shot noise."""

import csv
import json
import math
import re

import pytest
from helpers.pages import Page, add_strip, make_run, parsed, result

from denoiser.noise.levels import SHOT, SIGMA
from denoiser.reports.comparison.write import write_comparison
from denoiser.reports.html.plots import against_level
from denoiser.reports.run_page import write_report
from denoiser.reports.sweep_page import write_summary
from denoiser.reports.tables.render import latex, markdown, text
from denoiser.runs.row import Difference, Row
from denoiser.runs.seeds import SeedMean
from denoiser.weights.export import card

LEVELS = (0.001, 0.004, 0.012)


def shot(level, **changes):
    return result(noise="camera", sigma=None, shot=level, psnr_noisy=33.0, **changes)


def evaluation(folder, **changes):
    rows = [shot(level, method=method) for method in ("unet", "nlm") for level in LEVELS]
    pair = {"a": "unet", "b": "nlm", "data": "photos", "noise": "camera", "sigma": None, "shot": 0.004, "n_images": 5}
    methods = [
        {"method": "unet", "kind": "checkpoint", "trained_sigma": None, "trained_shot": [0.0001, 0.012], "leak": []},
        {"method": "nlm", "kind": "baseline"},
    ]
    compared = [{**pair, "psnr": 1.5, "interval": [1, 2]}]
    make_run(folder, rows, kind="evaluation", protocol="clipped", methods=methods, comparisons=compared, draws=1)
    lines = [f"{row['method']},photos,camera,,{row['shot']},p1,30,0.8,33,0.9" for row in rows]
    head = "method,data,noise,sigma,shot,image,psnr,ssim,psnr_noisy,ssim_noisy"
    (folder / "results.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder


def test_rows_and_differences_keep_their_level_and_its_kind():
    row = Row.from_json(shot(0.004))
    assert (row.level, row.level_kind) == (0.004, SHOT) and Row.from_json(row.to_json()) == row
    assert list(row.to_json())[:6] == ["method", "data", "noise", "sigma", "shot", "n_images"]
    assert row.to_json()["sigma"] is None and row.to_json()["shot"] == 0.004
    old = Row.from_json(result())
    assert (old.level, old.level_kind) == (25, SIGMA) and "shot" not in old.to_json()
    pair = Difference("a", "b", "photos", "camera", 0.004, 5, 1.0, (0.5, 1.5), SHOT)
    assert Difference.from_json(pair.to_json()) == pair and pair.where == "photos, shot noise 0.004"


def test_a_table_has_the_columns_of_the_kinds_that_it_holds():
    heads = text(parsed(rows=[shot(0.004)], protocol="clipped")).splitlines()[1]
    assert "Shot noise" in heads and "Sigma" not in heads
    both = text(parsed(rows=[shot(0.004), result()], protocol="clipped")).splitlines()
    assert "Sigma  Shot noise" in both[1] and "-       0.004" in both[2] and "25           -" in both[3]


def test_text_markdown_and_latex_of_an_evaluation(tmp_path):
    from denoiser.runs.reading import read

    run = read(evaluation(tmp_path / "run"))
    for table in (text(run), markdown(run)):
        assert "Shot noise" in table and "shot noise 0.004, n = 5, paired" in table and "igma" not in table
        assert "33.00 dB at shot noise 0.012" in table
    assert r"$\mathrm{shot} = 0.004$" in latex(run) and "sigma" not in latex(run)


def test_a_page(tmp_path):
    run = evaluation(tmp_path / "run")
    add_strip(run, sigma=None, shot=0.004)
    page = Page(write_report(run))
    for words in ("PSNR against shot noise", "coffee , shot noise 0.004", "At shot noise", "0.0001 to 0.012"):
        assert words in page.text, words
    assert "camera noise, shot noise 0.001, 0.004, 0.012" in page.text
    assert "shot noise is a variance per light, where white is 1" in page.text
    assert "shaded: noise levels trained on" in page.text and page.source.count("opacity: 0.08") == 1
    assert "igma" not in page.text.split("Environment")[0]


def test_the_axis_is_logarithmic_and_named():
    def means(values, kind, noise):
        rows = [Row("unet", "photos", noise, value, 5, {"psnr": 30.0}, level_kind=kind) for value in values]
        return [SeedMean(row) for row in rows]

    mixed = means(LEVELS, SHOT, "camera") + means((15, 25, 50), SIGMA, "gaussian")
    one, other = against_level(mixed, SHOT), against_level(mixed, SIGMA)
    assert "PSNR (dB) against shot noise (variance per light, white is 1)" in one and "against sigma (grey" in other
    assert one == against_level(means(LEVELS, SHOT, "camera"), SHOT)
    assert all(f">{level}</" in one for level in LEVELS)
    marks = dict.fromkeys(map(float, re.findall(r'<use [^>]*x="([0-9.]+)" y="[0-9.]+"[^>]*var\(--line-0', one)))
    left, middle, right = sorted(marks)
    assert (middle - left) / (right - left) == pytest.approx(math.log(4) / math.log(12), abs=0.01)


def test_a_sweep_over_levels_and_noises(tmp_path):
    for job, row in enumerate([*map(shot, LEVELS), result(), result(sigma=50)]):
        key = "noise.shot" if "shot" in row else "noise.sigma"
        make_run(tmp_path / str(job), [row], [f"noise={row['noise']}", f"{key}={row.get('shot') or row['sigma']}"])
    page = Page(write_summary(tmp_path))
    assert "PSNR against shot noise" in page.text and "PSNR against sigma" in page.text
    assert "Noise level" in page.text and "shot noise 0.004" in page.text and page.tags.count("svg") == 2
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["sigma"], row["shot"]) for row in rows] == [("", str(x)) for x in LEVELS] + [("25", ""), ("50", "")]


def test_a_comparison(tmp_path):
    first, second = evaluation(tmp_path / "camera"), make_run(tmp_path / "awgn", protocol="clipped")
    table = write_comparison([first, second], tmp_path / "out")
    assert "photos, camera, shot noise 0.004" in table and "photos, sigma 25" in table
    page = Page(tmp_path / "out" / "report.html")
    assert "PSNR against shot noise" in page.text and "shot noise 0.0001 to 0.012" in page.text
    assert "camera, shot noise 0.012" in (tmp_path / "out" / "table.md").read_text()


def test_a_card_names_the_levels_of_training_and_test():
    facts = {"name": "net", "version": "1.0", "formats": [], "channels": 3, "takes_sigma": False, "parity": {}}
    facts |= {"architecture": "UNet", "parameters": 1, "macs": 1, "trained_on": "folder, camera noise"}
    row = {**shot(0.004), "psnr_interval": None, "ssim_interval": None, "protocol": "clipped", "seed": 0, "leak": []}
    row |= {"device": "a CPU", "commit": None}
    page = card.markdown({**facts, "trained_sigma": None, "trained_shot": [0.0001, 0.012], "results": [row]})
    assert "| noise levels of training | shot noise 0.0001 to 0.012, a variance per light, where white is 1 |" in page
    assert "| noise | noise level | n |" in page and "| camera | shot noise 0.004 | 5 |" in page


@pytest.mark.parametrize("level", [None, "x", []])
def test_a_damaged_level_is_none(level):
    row = Row.from_json(json.loads(json.dumps(shot(level))))
    assert row.level is None and row.level_kind is SIGMA
