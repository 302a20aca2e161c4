"""The lines and columns of a comparison."""

import hashlib
import itertools

import pytest
from helpers.pages import make_run, result

from denoiser.errors import DenoiserError
from denoiser.reports.comparison.merge import pooled, results
from denoiser.runs.reading import read

UNET = {"method": "unet", "kind": "run"}


@pytest.fixture
def runs(tmp_path):
    """Runs of a comparison: `runs((overrides, changes), ...)`, named a, b, ..., or `(name, ..., ...)`."""

    calls = itertools.count()

    def make(*made):
        parent = tmp_path / str(next(calls))
        named = [one if len(one) == 3 else (name, *one) for name, one in zip("abcdef", made, strict=False)]
        return [read(make_run(parent / name, overrides=overrides, **changes)) for name, overrides, changes in named]

    return make


def trained(seed=0, *overrides, **changes):
    sha256 = hashlib.sha256(f"{seed}{overrides}".encode()).hexdigest()
    changes = {"methods": [{**UNET, "sha256": sha256}]} | changes
    return ["model=unet", f"seed={seed}", *overrides], {"seed": seed, **changes}


def evaluated(method="nlm", kind="baseline", sha256=None, source=None, seed=0, **changes):
    methods = [{"method": method, "kind": kind, "sha256": sha256, "source": source}]
    return [], {"kind": "evaluation", "methods": methods, "seed": seed, "rows": [result(method=method, **changes)]}


def lines(runs, labels=None):
    return [one.line for one in results(runs, labels)]


def refused(runs):
    """The two lines of the error that a comparison of these runs is refused with."""
    with pytest.raises(DenoiserError) as caught:
        results(runs)
    assert all(str(run.folder) in caught.value.what for run in runs[-2:])
    assert caught.value.fix.startswith(f"--label {runs[-1].folder}=NAME") and caught.value.code == 2
    return caught.value.what


def test_seeds_share_a_line(runs):
    several = runs(*(trained(seed, rows=[result(psnr=30 + seed)]) for seed in range(3)))
    assert lines(several) == ["unet"] * 3
    (mean,) = pooled(results(several))
    assert (mean.row.method, mean.row.psnr, mean.sd["psnr"], mean.seeds) == ("unet", 31, 1, 3)


def test_levels_of_training_share_a_line(runs):
    several = runs(*(trained(0, f"noise.sigma={sigma}", rows=[result(sigma=sigma)]) for sigma in (15, 25, 50)))
    assert lines(several) == ["unet"] * 3 and len(pooled(results(several))) == 3


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["optimizer.lr=1e-3", "trainer=smoke"], "unet, optimizer.lr=1e-3, trainer=smoke"),
        (["data=set12", "noise=poisson", "protocol=clipped", "noise.clip=true"], "unet"),
        (["noise.sigma=15", "test.sigma=15"], "unet"),
        (["noise.sigma=15", "test.sigma=[15,50]"], "unet, noise.sigma=15"),
        (["data=mnist", "data.test=set12"], "unet, data=mnist"),
        (["noise.sigma_range=[0,55]"], "unet, noise.sigma_range=[0,55]"),
    ],
)
def test_a_line_is_named_for_the_overrides_that_columns_do_not_show(runs, overrides, line):
    assert lines(runs(trained(0, *overrides))) == [line]
    assert lines(runs(trained(0, *overrides), trained(1, "batch=4")))[0] == line  # whatever it is compared with


def test_two_results_for_one_place_and_seed_need_a_label(runs):
    several = runs(trained(), trained(0, "data=set12", rows=[result(psnr=20)]))
    assert refused(several).startswith("unet has two results on photos, sigma 25, seed 0 (")
    assert lines(several, {several[1].folder: "again"}) == ["unet", "unet [again]"]
    assert lines(runs(trained(), trained(protocol="clipped", rows=[result(psnr=20)]))) == ["unet", "unet"]
    refused(runs(trained(), trained(draws=4, rows=[result(psnr=28)])))


def test_results_that_agree_count_once(runs):
    assert lines(runs(trained(), trained(rows=[result(psnr=28.571)]))) == ["unet"]


def test_unfinished_runs_have_no_lines(runs):
    assert lines(runs(trained(status="failed"), trained(status="interrupted"))) == []


def test_a_baseline_of_two_evaluations_is_one_where_it_agrees(runs):
    assert lines(runs(evaluated(), evaluated())) == ["nlm"]
    assert lines(runs(evaluated(), evaluated(data="set12"))) == ["nlm", "nlm"]
    assert lines(runs(evaluated(), evaluated(psnr=28.0, seed=1))) == ["nlm", "nlm"]
    refused(runs(evaluated(), evaluated(psnr=28.0)))


def test_files_of_the_same_name_need_a_label(runs):
    one = evaluated("unet", "checkpoint", "1" * 64, "/r/one/checkpoints/best.ckpt")
    two = evaluated("unet", "checkpoint", "2" * 64, "/r/two/checkpoints/best.ckpt", data="set12")
    several = runs(one, two)
    assert refused(several).startswith("unet is two models (")
    assert lines(several, {several[1].folder: "two"}) == ["unet", "unet [two]"]
    refused(runs(trained(), one))


def test_the_same_weights_have_one_name(runs):
    one = evaluated("unet (one)", "checkpoint", "1" * 64)
    again = evaluated("unet", "checkpoint", "1" * 64, data="set12")
    assert lines(runs(one, again)) == ["unet (one)"] * 2


def test_a_run_and_the_evaluation_of_its_checkpoint_are_one_line_of_the_evaluation(runs):
    ours = {"methods": [{**UNET, "sha256": "1" * 64}], "rows": [result(psnr=28.572), result(sigma=50)]}
    apart = [trained(0, "optimizer.lr=1", **ours), trained(0, "optimizer.lr=2")]
    for changes in ({"psnr": 28.573}, {"psnr": 28.573, "seed": 5}):  # other noise: not one more training seed
        merged = results(runs(*apart, evaluated("unet (x)", "checkpoint", "1" * 64, **changes)))
        values = [(one.line, one.row.level, one.row.psnr) for one in merged]
        name = "unet, optimizer.lr="
        assert values == [(name + "1", 50, 28.57), (name + "2", 25, 28.57), (name + "1", 25, 28.573)]
    other = evaluated("unet", "checkpoint", "1" * 64, psnr=27.0)
    several = runs(trained(**{**ours, "rows": [result()]}), other)
    refused(several)
    assert lines(several, {several[1].folder: "again"}) == ["unet", "unet [again]"]


def test_a_run_that_does_not_record_its_checkpoints_hash_is_known_by_the_file(runs):
    several = runs((["model=unet"], {}), evaluated("unet", "checkpoint", hashlib.sha256(b"w").hexdigest()))
    (several[0].folder / "checkpoints").mkdir()
    (several[0].folder / "checkpoints/best.ckpt").write_bytes(b"w")
    assert lines(several) == ["unet"]


def test_models_of_several_seeds_on_the_same_noise_are_pooled(runs):
    known = [{"methods": [{**UNET, "sha256": str(i) * 64}], "rows": [result(psnr=30 + i)]} for i in range(3)]
    seen = [evaluated("unet", "checkpoint", str(i) * 64, psnr=30 + i) for i in range(3)]
    (mean,) = pooled(results(runs(*(trained(i, **known[i]) for i in range(3)), *seen)))
    assert (mean.row.psnr, mean.sd["psnr"], mean.seeds) == (31, 1, 3)


def test_a_label_is_added_to_the_lines_of_a_sweep(runs):
    def sweep(name, psnr):
        return [(f"{name}/{seed}", *trained(seed, name, rows=[result(psnr=psnr)])) for seed in range(2)]

    several = runs(*sweep("s", 30), *sweep("t", 31))
    labels = {several[2].folder.parent: "after"}
    assert lines(several, labels) == ["unet, s="] * 2 + ["unet, t= [after]"] * 2


def columns(runs):
    return [one.condition[3:5] for one in results(runs)]


def test_pictures_of_another_kind_or_folder_have_their_own_column(runs):
    def of(**changes):
        return trained(rows=[result(data="folder", **changes)])

    assert columns(runs(of(channels=1), of(channels=3))) == [(1, None), (3, None)]
    assert columns(runs(of(channels=3, place="x"), of(channels=3, place="y"))) == [(3, "x"), (3, "y")]
    assert columns(runs(of(channels=1, place="x"), of(sigma=50))) == [(1, "x")] * 2  # an older run does not record it
    merged = results(runs(of(n_images=5), of(n_images=2)))
    assert [one.condition.images for one in merged] == [5, 2] and [one.line for one in merged] == ["unet"] * 2


def test_the_same_names_with_other_noisy_scores_are_other_pictures(runs):
    several = runs(trained(), trained(), trained(1))
    for run, noisy in zip(several, (20.1234, 20.1244, 20.3), strict=True):
        head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy"
        (run.folder / "results.csv").write_text(f"{head}\nunet,photos,gaussian,25,p,30,1,{noisy},0.4\n")
    assert columns(several) == [(None, "[a]"), (None, "[b]"), (None, "[a]")]


def test_the_noisy_input_needs_no_label(runs):
    assert lines(runs(evaluated("noisy"), evaluated("noisy", psnr=1.0))) == ["noisy", "noisy"]


def test_older_runs_record_no_methods_and_still_have_costs(runs):
    (one,) = results(runs(([], {"params": 7, "macs": 9})))
    assert (one.facts.params, one.facts.macs, one.facts.trained) == (7, 9, None)


def test_a_line_keeps_its_training_range_where_all_agree(runs):
    def ranged(seed, *levels):
        return [f"seed={seed}"], {"seed": seed, "methods": [{**UNET, "trained_sigma": list(levels)}]}

    assert pooled(results(runs(ranged(0, 0, 55), ranged(1, 0, 55))))[0].trained_levels == (0, 55)
    assert pooled(results(runs(ranged(0, 0, 55), ranged(1, 25, 25))))[0].trained_levels is None


@pytest.mark.parametrize("key", ["noise.sigma", "data"])
def test_trainings_that_an_evaluation_compares_elsewhere_have_lines_of_their_own(runs, key):
    own = {"noise.sigma": [{"sigma": 15}, {"sigma": 50}], "data": [{"data": "set12"}, {"data": "bsd68"}]}[key]
    overrides = [f"{key}={next(iter(changes.values()))}" for changes in own]
    trainings = [
        trained(0, override, rows=[result(**changes)]) for override, changes in zip(overrides, own, strict=True)
    ]
    hashes = [hashlib.sha256(f"0{(override,)}".encode()).hexdigest() for override in overrides]
    methods = [{"method": f"unet{i}", "kind": "checkpoint", "sha256": sha256} for i, sha256 in enumerate(hashes)]
    rows = [result(method="unet0", psnr=26), result(method="unet1", psnr=29)]
    several = runs(*trainings, ([], {"kind": "evaluation", "methods": methods, "rows": rows}))
    merged = [(one.line, one.row.psnr) for one in results(several) if one.run.evaluation]
    assert merged == [(f"unet, {overrides[0]}", 26), (f"unet, {overrides[1]}", 29)]


def test_two_models_of_one_evaluation_on_one_line_need_a_label(runs):
    ours = [{"methods": [{**UNET, "sha256": str(i) * 64}], "rows": [result(sigma=15 + i)]} for i in range(2)]
    methods = [{"method": f"unet{i}", "kind": "checkpoint", "sha256": str(i) * 64} for i in range(2)]
    rows = [result(method="unet0", psnr=26), result(method="unet1", psnr=29)]
    trainings = [trained(0, **changes) for changes in ours]
    several = runs(*trainings, ([], {"kind": "evaluation", "methods": methods, "rows": rows}))
    with pytest.raises(DenoiserError) as caught:
        results(several)
    assert all(str(run.folder) in caught.value.what for run in several[:2])
    assert lines(several, {several[1].folder: "again"})[-2:] == ["unet", "unet [again]"]
