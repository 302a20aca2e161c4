"""The columns, best rows and leads of a page's tables."""

from dataclasses import replace

import pytest
from helpers.pages import make_evaluation, make_run, result

from denoiser.reports.run_figures import EXTREMES, TABLE, best, leads, per_image, results_columns
from denoiser.runs.reading import read
from denoiser.runs.row import Difference, Row

HEAD = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy"


def table_of(folder, *lines, head=HEAD):
    (folder / "results.csv").write_text("\n".join([head, *lines]) + "\n")
    return per_image(folder)


def keys(columns):
    return [column.key for column in columns]


def test_a_wide_table_leaves_out_data_and_noise_that_all_rows_share():
    rows = [Row.from_json(result(psnr_y=30)), Row.from_json(result(method="nlm", data="set12"))]
    assert keys(results_columns(rows))[:3] == ["method", "data", "noise"]
    assert keys(results_columns(rows[:1]))[:2] == ["method", "sigma"]
    assert keys(results_columns([Row.from_json(result())]))[:2] == ["method", "data"]


def test_the_best_of_each_level_is_marked_where_there_are_several(tmp_path):
    rows = read(make_evaluation(tmp_path / "run", ("unet", "nlm", "tv"))).rows
    assert [(row.method, row.level) for row in best(rows)] == [("unet", 15), ("unet", 50)]
    assert best(rows[:2]) == []
    assert best([replace(row, figures={}) for row in rows]) == []


@pytest.mark.parametrize(("sigmas", "led"), [((50, 15), [15, 50]), ((5, 10, 15, 25, 50, 75), [5, 25, 75])])
def test_leads_rise_with_sigma_and_stay_few(tmp_path, sigmas, led):
    rows = read(make_evaluation(tmp_path / "run", sigmas=sigmas)).rows
    assert [lead.row.level for lead in leads(rows)] == led


def test_only_a_significant_difference_makes_a_method_the_best(tmp_path):
    rows = [result(method=name, psnr=psnr) for name, psnr in (("a", 30), ("b", 29.9), ("c", 29.8), ("noisy", 20))]
    rows = read(make_run(tmp_path / "run", rows)).rows

    def lead(*intervals):
        pairs = zip(("b", "c"), intervals, strict=True)
        (first,) = leads(rows, [Difference(b, "a", "photos", "gaussian", 25, 5, 0.1, ends) for b, ends in pairs])
        return [other.method for other in first.alike], first.sure

    assert lead((-0.2, -0.05), (-0.3, -0.1)) == ([], True)
    assert lead((-0.2, 0.05), (-0.3, -0.1)) == (["b"], False)
    assert lead((-0.2, -0.05), (-0.3, 0.1)) == (["c"], False)
    assert lead((-0.2, -0.05), None) == ([], False)
    assert [first.sure for first in leads(rows)] == [False]


def test_a_table_has_the_columns_of_its_file(tmp_path):
    table = table_of(tmp_path, "unet,photos,gaussian,25,a,30,0.9,20,0.4,31,0.1", head=f"{HEAD},psnr_y,lpips")
    heads = "image method sigma psnr gain ssim psnr_noisy ssim_noisy psnr_y lpips"
    assert keys(table.columns) == heads.split()
    assert table.rows[0].row.gain == 10 and table.total == 1
    real = table_of(tmp_path, "unet,a,real,,x,30,0.9,inf,0.4", "unet,b,real,,x,30,0.9,,0.4")
    assert keys(real.columns)[:4] == ["image", "method", "data", "psnr"]
    assert [line.row.gain for line in real.rows] == [None, None]


def test_a_long_table_keeps_the_best_and_worst_of_each_level(tmp_path):
    lines = [f"unet,mnist,gaussian,{s},{i},{i + s},1,9,1" for s in (15, 50) for i in range(TABLE)]
    table = table_of(tmp_path, *lines)
    assert len(table.rows) == EXTREMES and table.total == 2 * TABLE
    kept = [int(line.image) for line in table.rows if line.row.level == 50]
    assert kept == [*range(TABLE - 1, TABLE - 51, -1), *range(49, -1, -1)]
    assert len(table_of(tmp_path, *lines[:TABLE]).rows) == TABLE


def test_a_damaged_table_is_shown_as_far_as_it_goes(tmp_path):
    table = table_of(tmp_path, "unet,photos", "unet,photos,gaussian,25,a,x,,20,0.4,1,2,3")
    assert [line.row.gain for line in table.rows] == [None] and "None" not in keys(table.columns)
