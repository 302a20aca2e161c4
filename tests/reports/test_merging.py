"""Which results of several runs share a line."""

import itertools

import pytest
from pages import make_run, result

from denoiser.reports.merging import pooled, results
from denoiser.reports.reading import read

UNET = {"method": "unet", "kind": "run"}


@pytest.fixture
def runs(tmp_path):
    """Runs as a comparison has them: `runs((overrides, changes), ...)`; the first is named a, the second b, ..."""

    calls = itertools.count()

    def make(*made):
        place = tmp_path / str(next(calls))
        folders = [make_run(place / name, overrides=o, **c) for name, (o, c) in zip("abcdef", made, strict=False)]
        return [{**read(folder), "folder": folder, "name": folder.name} for folder in folders]

    return make


def evaluated(method="nlm", kind="baseline", sha256=None, **changes):
    methods = [{"method": method, "kind": kind, "sha256": sha256}]
    return [], {"kind": "evaluation", "methods": methods, "rows": [result(method=method, **changes)]}


def lines(found):
    return [one.line for one in results(found)]


def test_seeds_share_a_line(runs):
    found = runs(
        *((["model=unet", f"seed={seed}"], {"seed": seed, "rows": [result(psnr=30 + seed)]}) for seed in range(3))
    )
    assert lines(found) == ["unet"] * 3
    (row,) = pooled(results(found))
    assert (row["method"], row["psnr"], row["psnr_sd"], row["n"]) == ("unet", 31, 1, 3)


def test_overrides_tell_runs_apart_but_those_that_columns_tell(runs):
    same = {"rows": [result(sigma=15)]}
    found = runs((["model=unet", "optimizer.lr=1e-3", "trainer=smoke"], {}), (["model=unet", "trainer=smoke"], {}))
    assert lines(found) == ["unet, optimizer.lr=1e-3", "unet"]
    assert lines([*runs((["noise.sigma=15"], same), (["noise.sigma=25"], {}))]) == ["unet", "unet"]


def test_overrides_that_columns_tell_count_where_a_place_has_two_results(runs):
    at = [result(sigma=sigma) for sigma in (15, 25)]
    found = runs((["noise.sigma=15"], {"rows": at}), (["noise.sigma=25"], {"rows": at}))
    assert lines(found) == ["unet, noise.sigma=15"] * 2 + ["unet, noise.sigma=25"] * 2


def test_the_same_place_twice_is_told_apart_by_folder(runs):
    assert lines(runs(([], {}), ([], {}))) == ["unet [a]", "unet [b]"]
    assert lines(runs(([], {}), ([], {"protocol": "clipped"}))) == ["unet", "unet"]
    assert lines(runs(([], {}), ([], {"draws": 4}))) == ["unet [a]", "unet [b]"]


def test_unfinished_runs_have_no_lines(runs):
    assert lines(runs(([], {"status": "failed"}), ([], {"status": "interrupted"}))) == []


def test_a_baseline_of_two_evaluations_is_one_where_it_agrees(runs):
    assert lines(runs(evaluated(), evaluated())) == ["nlm"]
    assert lines(runs(evaluated(), evaluated(psnr=28.0))) == ["nlm [a]", "nlm [b]"]
    assert lines(runs(evaluated(), evaluated(data="set12"))) == ["nlm", "nlm"]


def test_files_of_the_same_name_are_different_models(runs):
    one, two = evaluated("unet", "checkpoint", "1" * 64), evaluated("unet", "checkpoint", "2" * 64, data="set12")
    assert lines(runs(one, two)) == ["unet, checkpoint 11111111", "unet, checkpoint 22222222"]
    assert lines(runs(one, evaluated("unet", "checkpoint", "1" * 64, data="set12"))) == ["unet", "unet"]


def test_a_run_and_its_evaluation_are_two_lines(runs):
    found = runs((["model=unet", "trainer=smoke"], {}), evaluated("unet", "checkpoint", "1" * 64, data="set12"))
    assert lines(found) == ["unet", "unet, checkpoint 11111111"]


def test_older_runs_say_nothing_of_methods_and_still_have_costs(runs):
    (one,) = results(runs(([], {"params": 7, "macs": 9})))
    assert (one.fact["params"], one.fact["macs"], one.fact.get("trained_sigma")) == (7, 9, None)


def test_a_line_keeps_its_training_range_where_all_agree(runs):
    def trained(seed, *levels):
        return [f"seed={seed}"], {"seed": seed, "methods": [{**UNET, "trained_sigma": list(levels)}]}

    assert pooled(results(runs(trained(0, 0, 55), trained(1, 0, 55))))[0]["trained_sigma"] == [0, 55]
    assert pooled(results(runs(trained(0, 0, 55), trained(1, 25, 25))))[0]["trained_sigma"] is None
