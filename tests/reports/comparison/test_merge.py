"""Which results of several runs share a line."""

import hashlib
import itertools

import pytest
from helpers.pages import make_run, result

from denoiser.reports.comparison.merge import pooled, results
from denoiser.runs.reading import read

UNET = {"method": "unet", "kind": "run"}


@pytest.fixture
def runs(tmp_path):
    """Runs as a comparison has them: `runs((overrides, changes), ...)`, named a, b, ..., or `(name, ..., ...)`."""

    calls = itertools.count()

    def make(*made):
        place = tmp_path / str(next(calls))
        named = [one if len(one) == 3 else (name, *one) for name, one in zip("abcdef", made, strict=False)]
        folders = [make_run(place / name, overrides=o, **c) for name, o, c in named]
        return [{**read(folder), "folder": folder, "name": folder.name} for folder in folders]

    return make


def evaluated(method="nlm", kind="baseline", sha256=None, source=None, seed=0, **changes):
    methods = [{"method": method, "kind": kind, "sha256": sha256, "source": source}]
    return [], {"kind": "evaluation", "methods": methods, "seed": seed, "rows": [result(method=method, **changes)]}


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
    one = evaluated("unet", "checkpoint", "1" * 64, "/r/one/checkpoints/best.ckpt")
    two = evaluated("unet", "checkpoint", "2" * 64, "/r/two/checkpoints/best.ckpt", data="set12")
    assert lines(runs(one, two)) == ["unet (one)", "unet (two)"]
    again = evaluated("unet (one)", "checkpoint", "1" * 64, "/r/one/checkpoints/best.ckpt", data="set12")
    assert lines(runs(one, again)) == ["unet", "unet"]
    assert lines(runs(one, evaluated("unet", "checkpoint", "2" * 64))) == ["unet (one)", "unet (b)"]


def test_a_run_and_the_evaluation_of_its_checkpoint_are_one_line_of_the_evaluation(runs):
    ours = {"methods": [{**UNET, "sha256": "1" * 64}], "rows": [result(psnr=28.572), result(sigma=50)]}
    apart = [(["model=unet", "optimizer.lr=1"], ours), (["model=unet", "optimizer.lr=2"], {})]
    for changes in ({"psnr": 28.573}, {"psnr": 28.573, "seed": 5}):  # other noise: not one more training seed
        found = results(runs(*apart, evaluated("unet (x)", "checkpoint", "1" * 64, **changes)))
        got = [(one.line, one.row["sigma"], one.row["psnr"]) for one in found]
        of = "unet, optimizer.lr="
        assert got == [(of + "1", 50, 28.57), (of + "2", 25, 28.57), (of + "1", 25, 28.573)]
    other = evaluated("unet", "checkpoint", "1" * 64, psnr=27.0)
    assert lines(runs(([], {**ours, "rows": [result()]}), other)) == ["unet [a]", "unet [b]"]


def test_a_run_that_does_not_say_its_checkpoints_hash_is_known_by_the_file(runs):
    found = runs((["model=unet"], {}), evaluated("unet", "checkpoint", hashlib.sha256(b"w").hexdigest()))
    (found[0]["folder"] / "checkpoints").mkdir()
    (found[0]["folder"] / "checkpoints/best.ckpt").write_bytes(b"w")
    assert lines(found) == ["unet"]


def test_models_of_several_seeds_on_the_same_noise_are_pooled(runs):
    trained = [
        ([f"seed={i}"], {"seed": i, "methods": [{**UNET, "sha256": str(i) * 64}], "rows": [result(psnr=30 + i)]})
        for i in range(3)
    ]
    seen = [evaluated("unet", "checkpoint", str(i) * 64, psnr=30 + i) for i in range(3)]
    (row,) = pooled(results(runs(*trained, *seen)))
    assert (row["psnr"], row["psnr_sd"], row["n"]) == (31, 1, 3)


def test_an_unrelated_result_leaves_a_sweep_pooled(runs):
    def sweep(name, seeds):
        return [(f"{name}/{seed}", [f"seed={seed}"], {"seed": seed}) for seed in seeds]

    assert lines(runs(*sweep("s", range(3)), ("single", [], {}))) == ["unet [s]"] * 3 + ["unet [single]"]
    assert lines(runs(*sweep("s", range(2)), *sweep("t", range(2)))) == ["unet [s]"] * 2 + ["unet [t]"] * 2
    alone = evaluated("unet", "checkpoint", "1" * 64)
    assert lines(runs(*sweep("s", range(2)), ("e", *alone))) == ["unet", "unet", "unet (e)"]


def columns(found):
    return [one.column[3:5] for one in results(found)]


def test_pictures_of_another_kind_or_place_have_their_own_column(runs):
    def of(**changes):
        return [], {"rows": [result(data="folder", **changes)]}

    assert columns(runs(of(channels=1), of(channels=3))) == [(1, None), (3, None)]
    assert columns(runs(of(channels=3, place="x"), of(channels=3, place="y"))) == [(3, "x"), (3, "y")]
    assert columns(runs(of(channels=1, place="x"), of())) == [(1, "x")] * 2  # an older run does not say
    found = results(runs(of(n_images=5), of(n_images=2)))
    assert [one.column.images for one in found] == [5, 2] and [one.line for one in found] == ["unet"] * 2


def test_the_same_names_with_other_noisy_scores_are_other_pictures(runs):
    found = runs(([], {}), ([], {}), (["seed=1"], {"seed": 1}))
    for run, noisy in zip(found, (20.1234, 20.1244, 20.3), strict=True):
        head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy"
        (run["folder"] / "results.csv").write_text(f"{head}\nunet,photos,gaussian,25,p,30,1,{noisy},0.4\n")
    assert columns(found) == [(None, "[a]"), (None, "[b]"), (None, "[a]")]


def test_the_noisy_input_is_never_told_apart(runs):
    assert lines(runs(evaluated("noisy"), evaluated("noisy", psnr=1.0))) == ["noisy", "noisy"]


def test_older_runs_say_nothing_of_methods_and_still_have_costs(runs):
    (one,) = results(runs(([], {"params": 7, "macs": 9})))
    assert (one.fact["params"], one.fact["macs"], one.fact.get("trained_sigma")) == (7, 9, None)


def test_a_line_keeps_its_training_range_where_all_agree(runs):
    def trained(seed, *levels):
        return [f"seed={seed}"], {"seed": seed, "methods": [{**UNET, "trained_sigma": list(levels)}]}

    assert pooled(results(runs(trained(0, 0, 55), trained(1, 0, 55))))[0]["trained_sigma"] == [0, 55]
    assert pooled(results(runs(trained(0, 0, 55), trained(1, 25, 25))))[0]["trained_sigma"] is None
