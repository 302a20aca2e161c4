"""What a run folder says, whatever of it is missing or damaged."""

import json
import math

import pytest
from helpers.pages import make_run, result

from denoiser.runs.reading import further, pair, read, result_row, told

HEAD = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"


def test_rows_have_every_key_and_metrics_by_name():
    row = result_row(
        result(psnr_interval=[28, 29.5], psnr_y=30, lpips=0.12, n_identical=1, seconds_per_megapixel="0.5")
    )
    assert row["psnr_interval"] == [28, 29.5] and row["ssim_interval"] is None
    assert (row["psnr_y"], row["psnr_y_noisy"], row["seconds_per_megapixel"]) == (30, None, 0.5)
    assert row["further"] == {"lpips": 0.12} and row["gain"] == pytest.approx(8.40)
    assert further([result_row({}), row, result_row({"vif": 0.4, "dists": "nan", "note": "words"})]) == ["lpips", "vif"]


@pytest.mark.parametrize("value", [None, 3, "25", [1], [1, math.nan], [1, math.inf], [None, 2], {"a": 1}])
def test_what_is_no_pair_is_none(value):
    assert pair(value) is None


def test_identical_pictures_are_counted_as_results_say_else_in_the_csv(tmp_path):
    run = make_run(tmp_path, [result(method="a"), result(method="b", n_identical=4)])
    rows = "".join(f"{name},photos,gaussian,25,{image},inf,1,20,0.4\n" for name in "ab" for image in "xy")
    (run / "results.csv").write_text(HEAD + rows)
    assert [row["infinite"] for row in read(run)["rows"]] == [2, 4]


def test_methods_have_every_key():
    known = {"method": "a", "trained_sigma": [0, 55], "leak": ["x"]}
    methods = told({"methods": [known, {"method": "b", "trained_sigma": "?", "leak": 3}, "no method"]})["methods"]
    assert [(method["trained_sigma"], method["leak"]) for method in methods] == [([0, 55], ["x"]), (None, [])]
    assert methods[0]["sha256"] is None and methods[0]["params"] is None


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"rows": {"a": 1}, "methods": 3, "comparisons": [1]}'])
def test_damaged_results_are_read_as_none(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    found = read(tmp_path)
    assert (found["rows"], found["methods"], found["comparisons"], found["draws"]) == ([], [], [], 1)
    assert found["kind"] is None and found["status"] == "damaged"
    lacking = "status, protocol, seed" + ("" if "rows" in content else ", rows")
    assert found["error"].endswith(f"it lacks {lacking}")


def test_no_results_are_missing_and_no_readable_status_is_damage(tmp_path):
    assert read(tmp_path)["status"] == "missing"
    run = make_run(tmp_path / "run", status=["ok"])
    assert (read(run)["status"], read(run)["error"].split(": ")[1]) == ("damaged", "it lacks a readable status")


@pytest.mark.parametrize(
    ("config", "row", "said"),
    [
        ("data: {channels: 1, path: /pictures/holiday}", {}, (1, "holiday")),
        ("data: {channels: 1, clean: /pairs/a, noisy: /pairs/b}", {"channels": 3}, (3, "a")),
        ("data: {channels: 1, path: /pictures/holiday, test: bsd68}", {}, (1, None)),
        ("data: {channels: x}", {"place": "street"}, (None, "street")),
        ("- data", {}, (None, None)),
    ],
)
def test_rows_tell_their_pictures_else_the_configuration_does(tmp_path, config, row, said):
    run = make_run(tmp_path / "run", [result(**row)])
    (run / ".hydra/config.yaml").write_text(config)
    (found,) = read(run)["rows"]
    assert (found["channels"], found["place"]) == said and found["further"] == {}


def test_a_folder_says_what_it_was_asked(tmp_path):
    run = make_run(tmp_path / "7", overrides=["model=unet", "seed=3"], kind="evaluation", draws=4)
    (run / "report.html").touch()
    found = read(run)
    assert (found["job"], found["page"], found["overrides"]) == ("7", True, ["model=unet", "seed=3"])
    assert (found["kind"], found["draws"]) == ("evaluation", 4)
    assert json.loads((run / "results.json").read_text())["rows"][0]["psnr"] == found["rows"][0]["psnr"]
