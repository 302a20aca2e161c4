"""Which columns, rows and leads a page's tables have."""

import pytest
from helpers.pages import make_evaluation, make_run, result

from denoiser.reports.run_figures import EXTREMES, TABLE, columns, compared, leads, marked, per_image
from denoiser.runs.reading import read

HEAD = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy"


def rows_of(folder, *lines, head=HEAD):
    (folder / "results.csv").write_text("\n".join([head, *lines]) + "\n")
    return per_image(folder)


def test_columns_are_those_that_hold_a_number():
    rows = [result(psnr_y=None, seconds_per_megapixel=0.5), result(psnr_y="")]
    assert list(columns(rows)) == ["seconds_per_megapixel"] and columns([]) == {}


def test_the_best_of_each_level_is_marked_where_there_are_several(tmp_path):
    rows = marked(read(make_evaluation(tmp_path / "run", ("unet", "nlm", "tv")))["rows"])
    assert [(row["method"], row["sigma"]) for row in rows if row["best"]] == [("unet", 15), ("unet", 50)]
    assert not any(row["best"] for row in marked(rows[:2]))
    assert not any(row["best"] for row in marked([row | {"psnr": None} for row in rows]))


@pytest.mark.parametrize(("sigmas", "led"), [((50, 15), [15, 50]), ((5, 10, 15, 25, 50, 75), [5, 25, 75])])
def test_leads_rise_with_sigma_and_stay_few(tmp_path, sigmas, led):
    rows = marked(read(make_evaluation(tmp_path / "run", sigmas=sigmas))["rows"])
    assert [row["sigma"] for row in leads(rows)] == led


def test_only_what_can_be_told_apart_is_best(tmp_path):
    rows = [result(method=name, psnr=psnr) for name, psnr in (("a", 30), ("b", 29.9), ("c", 29.8), ("noisy", 20))]
    place = {"data": "photos", "noise": "gaussian", "sigma": 25, "n_images": 5, "psnr": 0.1}
    found = read(make_run(tmp_path / "run", rows))["rows"]

    def lead(*intervals):
        pairs = zip(("b", "c"), intervals, strict=True)
        (row,) = leads(marked(found), compared([place | {"a": b, "b": "a", "interval": ends} for b, ends in pairs]))
        return [other["method"] for other in row["alike"]], row["sure"]

    assert lead([-0.2, -0.05], [-0.3, -0.1]) == ([], True)
    assert lead([-0.2, 0.05], [-0.3, -0.1]) == (["b"], False)
    assert lead([-0.2, -0.05], [-0.3, 0.1]) == (["c"], False)
    assert lead([-0.2, -0.05], None) == ([], False)
    assert [row["sure"] for row in leads(marked(found))] == [False]


def test_a_table_has_the_columns_of_its_file(tmp_path):
    found = rows_of(tmp_path, "unet,photos,gaussian,25,a,30,0.9,20,0.4,31,0.1", head=f"{HEAD},psnr_y,lpips")
    assert list(found["columns"]) == "image method sigma psnr ssim psnr_noisy ssim_noisy psnr_y lpips".split()
    assert found["rows"][0]["gain"] == 10 and found["total"] == 1
    real = rows_of(tmp_path, "unet,a,real,,x,30,0.9,inf,0.4", "unet,b,real,,x,30,0.9,,0.4")
    assert list(real["columns"])[:4] == ["image", "method", "data", "psnr"]
    assert [row["gain"] for row in real["rows"]] == [None, None]


def test_a_long_table_keeps_the_best_and_worst_of_each_level(tmp_path):
    lines = [f"unet,mnist,gaussian,{s},{i},{i + s},1,9,1" for s in (15, 50) for i in range(TABLE)]
    found = rows_of(tmp_path, *lines)
    assert len(found["rows"]) == EXTREMES and found["total"] == 2 * TABLE
    kept = [int(row["image"]) for row in found["rows"] if row["sigma"] == "50"]
    assert kept == [*range(TABLE - 1, TABLE - 51, -1), *range(49, -1, -1)]
    assert len(rows_of(tmp_path, *lines[:TABLE])["rows"]) == TABLE


def test_a_damaged_table_is_shown_as_far_as_it_goes(tmp_path):
    found = rows_of(tmp_path, "unet,photos", "unet,photos,gaussian,25,a,x,,20,0.4,1,2,3")
    assert [row["gain"] for row in found["rows"]] == [None] and None not in found["columns"]
