"""A sweep's summary."""

import csv
import statistics

from helpers.pages import Page, make_run, result

from denoiser.reports.run_page import write_report
from denoiser.reports.sweep_page import text, write_summary
from denoiser.runs.row import Row
from denoiser.runs.seeds import over_seeds


def make_sweep(folder):
    """Sigma 15 with three seeds, 25 with two; job 4 failed after a first result and job 5 left nothing."""
    for job in range(5):
        sigma, seed, status = (15, 25)[job // 3], job % 3, "failed" if job == 4 else "ok"
        rows = [result(sigma=sigma, psnr=30.0 + seed)]
        make_run(folder / str(job), rows, [f"noise.sigma={sigma}", f"seed={seed}"], seed=seed, status=status)
    (folder / "5").mkdir()
    write_report(folder / "0")
    return folder


def test_summary_has_a_row_per_job_and_pools_seeds(tmp_path):
    page = Page(write_summary(make_sweep(tmp_path)))
    with (tmp_path / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["job"] for row in rows] == list("012345")
    assert [row["status"] for row in rows] == ["ok"] * 4 + ["failed", "missing"]
    first = {"overrides": "noise.sigma=15 seed=0", "sigma": "15", "n_images": "5", "psnr": "30"}
    assert first.items() <= rows[0].items()
    assert f"31.00 ± {statistics.stdev((30, 31, 32)):.2f}" in page.text
    assert page.text.count(" ± ") == 3  # PSNR and SSIM of sigma 15, and the explanation; none for the one seed at 25
    assert page.tags.count("svg") == 1
    assert "no readable results.json" in page.text
    assert set(page.loads) - {"data:,", "summary.csv", "0/report.html"} == {x for x in page.loads if x.startswith("#")}


def trained(low, high):
    return [{"method": "unet", "kind": "run", "trained_sigma": [low, high]}]


def test_the_range_that_a_model_was_trained_on_is_shaded(tmp_path):
    rows = [result(sigma=sigma, psnr=30.0) for sigma in (15, 25, 50)]
    for job, methods in enumerate((trained(0, 55), trained(0, 55))):
        make_run(tmp_path / str(job), rows, ["noise.sigma_range=[0,55]", f"seed={job}"], methods=methods)
    page = Page(write_summary(tmp_path))
    assert "shaded: noise levels trained on" in page.text and page.source.count("opacity: 0.08") == 1
    make_run(tmp_path / "2", rows, ["noise.sigma_range=[0,55]", "seed=2"], methods=trained(0, 75))
    assert "opacity: 0.08" not in Page(write_summary(tmp_path)).source  # one line of models that were trained apart


def test_seeds_have_no_interval_over_images_and_one_seed_keeps_its_own():
    row = Row.from_json(result(psnr_interval=[28.0, 29.0]))
    assert over_seeds([row], [None]).row.intervals["psnr"] == (28.0, 29.0)
    assert over_seeds([row, row], [None, None]).row.intervals == {}


def test_tables_can_be_sorted(tmp_path):
    assert Page(write_summary(make_sweep(tmp_path))).source.count('<table class="sortable"') == 2


def test_a_sweep_of_evaluations_has_a_row_for_each_method(tmp_path):
    for job, data in enumerate(("set12", "bsd68")):
        rows = [result(method=method, data=data) for method in ("dncnn", "nlm")]
        make_run(tmp_path / str(job), rows, [f"data={data}"], kind="evaluation")
    page = Page(write_summary(tmp_path))
    assert page.text.count("dncnn") == page.text.count("nlm") == 4


def test_the_table_for_a_terminal_has_the_rows_of_the_page(tmp_path):
    lines = [line.split() for line in text(make_sweep(tmp_path)).splitlines()]
    assert lines[0][:5] == ["Job", "Status", "Overrides", "Method", "Data"]
    first = ["0", "ok", "noise.sigma=15", "seed=0", "unet", "photos", "15", "0", "5", "30.00", "+9.83", "0.810", "312"]
    assert lines[1] == first and len(lines) == 7
    assert lines[5][:2] == ["4", "failed"] and lines[6] == ["5", "missing", *"---------", "-"]
