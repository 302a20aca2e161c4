"""What a run folder says, whatever of it is missing or damaged."""

import json
import math

import pytest
from helpers.pages import make_run, result

from denoiser.runs.columns import COLUMNS
from denoiser.runs.parse import pair
from denoiser.runs.reading import MethodFacts, read
from denoiser.runs.row import Row, columns, metrics

HEAD = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"


def test_rows_have_typed_figures_and_further_metrics():
    content = result(psnr_interval=[28, 29.5], psnr_y=30, lpips=0.12, n_identical=1, seconds_per_megapixel="0.5")
    row = Row.from_json(content)
    assert row.intervals == {"psnr": (28, 29.5), "ssim": None}
    assert (row.figures["psnr_y"], row.figures["seconds_per_megapixel"]) == (30, 0.5)
    assert row.figures["lpips"] == 0.12 and row.gain == pytest.approx(8.40)
    others = [Row.from_json({}), row, Row.from_json({"vif": 0.4, "dists": "nan", "note": "words"})]
    assert [column.key for column in metrics(others)] == ["lpips", "vif"]


def test_counts_are_no_metrics():
    row = Row.from_json(result(values=100, n_infinite={"vif": 1}, channels=3, place="a", vif=0.5))
    assert [column.key for column in metrics([row])] == ["vif"] and row.values == 100


def test_a_row_is_written_as_it_was_read():
    content = result(psnr_y=30.0, n_identical=0, n_infinite={"vif": 1}, psnr_interval=[28, 29.5], ssim_interval=None)
    content |= {"channels": 3, "place": "a", "values": 100}
    assert Row.from_json(content).to_json() == content


def test_columns_are_those_that_hold_a_value():
    rows = [Row.from_json(result(psnr_y=None, seconds_per_megapixel=0.5)), Row.from_json(result(psnr_y=""))]
    always = [column.key for column in COLUMNS if column.always and "html" in column.shown]
    assert [column.key for column in columns(rows, "html")] == [*always, "seconds_per_megapixel"]
    assert [column.key for column in columns([], "html")] == always


@pytest.mark.parametrize("value", [None, 3, "25", [1], [1, math.nan], [1, math.inf], [None, 2], {"a": 1}])
def test_what_is_no_pair_is_none(value):
    assert pair(value) is None


def test_identical_pictures_are_counted_as_results_say_else_in_the_csv(tmp_path):
    run = make_run(tmp_path, [result(method="a"), result(method="b", n_identical=4)])
    rows = "".join(f"{name},photos,gaussian,25,{image},inf,1,20,0.4\n" for name in "ab" for image in "xy")
    (run / "results.csv").write_text(HEAD + rows)
    assert [row.n_identical for row in read(run).rows] == [2, 4]


def test_facts_of_methods_are_typed(tmp_path):
    known = {"method": "a", "trained_sigma": [0, 55], "leak": ["x"]}
    run = read(make_run(tmp_path, methods=[known, {"method": "b", "trained_sigma": "?", "leak": 3}, "no method"]))
    assert [(method.trained, method.leak) for method in run.methods] == [((0, 55), ("x",)), (None, ())]
    assert run.methods[0].sha256 is None and run.method("c") == MethodFacts("c")


def test_rows_have_the_costs_of_their_method(tmp_path):
    run = read(make_run(tmp_path, methods=[{"method": "unet", "params": 7, "macs": 9}]))
    assert (run.rows[0].params, run.rows[0].macs) == (7, 9)


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"rows": {"a": 1}, "methods": 3, "comparisons": [1]}'])
def test_damaged_results_are_read_as_none(tmp_path, content):
    (tmp_path / "results.json").write_text(content)
    run = read(tmp_path)
    assert (run.rows, run.methods, run.differences, run.draws) == ((), (), (), 1)
    assert run.kind is None and run.status == "damaged"
    lacking = "status, protocol, seed" + ("" if "rows" in content else ", rows")
    assert run.error.endswith(f"it lacks {lacking}")


def test_no_results_are_missing_and_no_readable_status_is_damage(tmp_path):
    assert read(tmp_path).status == "missing"
    run = make_run(tmp_path / "run", status=["ok"])
    assert (read(run).status, read(run).error.split(": ")[1]) == ("damaged", "it lacks a readable status")


@pytest.mark.parametrize(
    ("config", "row", "expected"),
    [
        ("data: {channels: 1, path: /pictures/holiday}", {}, (1, "holiday")),
        ("data: {channels: 1, clean: /pairs/a, noisy: /pairs/b}", {"channels": 3}, (3, "a")),
        ("data: {channels: 1, path: /pictures/holiday, test: bsd68}", {}, (1, None)),
        ("data: {channels: x}", {"place": "street"}, (None, "street")),
        ("- data", {}, (None, None)),
    ],
)
def test_pictures_are_those_of_rows_else_of_the_configuration(tmp_path, config, row, expected):
    run = make_run(tmp_path / "run", [result(**row)])
    (run / ".hydra/config.yaml").write_text(config)
    (parsed,) = read(run).rows
    assert (parsed.channels, parsed.folder) == expected and metrics([parsed]) == []


def test_overrides_and_facts_of_a_folder(tmp_path):
    run = make_run(tmp_path / "7", overrides=["model=unet", "seed=3"], kind="evaluation", draws=4)
    (run / "report.html").touch()
    parsed = read(run)
    assert (parsed.name, parsed.has_page, parsed.overrides) == ("7", True, ("model=unet", "seed=3"))
    assert (parsed.kind, parsed.draws) == ("evaluation", 4)
    assert json.loads((run / "results.json").read_text())["rows"][0]["psnr"] == parsed.rows[0].psnr
