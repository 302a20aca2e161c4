"""The evaluation as a user calls it: what comes out, what is refused, and what changes nothing."""

import csv
import json
import math
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser import evaluate
from denoiser.config import EVALUATE, compose
from denoiser.data import from_config, leaks
from denoiser.data.bsds500 import BSDS500
from denoiser.evaluation.methods import as_list
from denoiser.evaluation.scoring import Scorer
from denoiser.training import assemble
from denoiser.weights.load import load

KEYS = ("psnr", "ssim", "psnr_noisy", "ssim_noisy")


@pytest.fixture
def checkpoint(tmp_path):
    """Saves an untrained small model: `checkpoint(name, channels, **more)`; `more` goes into the file."""

    def save(name="model", channels=3, **more):
        torch.manual_seed(len(name))
        sizes = "model.network.widths=[8,16]", "model.network.blocks=[1,1]"
        module = assemble.module(compose(["model=unet", f"data.channels={channels}", *sizes]))
        file = tmp_path / f"{name}.ckpt"
        torch.save({"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), **more}, file)
        return file

    return save


@pytest.fixture
def called(tmp_path, capsys):
    """Calls the command into a folder: returns the content of results.json, the rows of the CSV and the output."""

    def call(*overrides, name="out", code=0):
        folder = tmp_path / name
        assert evaluate.main([*overrides, f"hydra.run.dir={folder}"]) == code, capsys.readouterr()
        output = capsys.readouterr()
        if code:
            return output.err
        rows = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
        return json.loads((folder / "results.json").read_text()), rows, output.out

    return call


def test_several_methods_on_one_noise_in_one_table(checkpoint, called, pictures_folder, tmp_path):
    folder = pictures_folder(5)
    arguments = [f"checkpoint=[{checkpoint()},{checkpoint('other')}]", "baseline=[noisy,wavelet]"]
    content, rows, output = called(*arguments, "data=folder", f"data.path={folder}", "test.sigma=[15,50]")
    names = [method["method"] for method in content["methods"]]
    assert names == ["unet (model)", "unet (other)", "noisy", "wavelet"] and len({*names}) == 4
    assert content["kind"] == "evaluation" and content["status"] == "ok" and content["protocol"] == "published"
    assert len(rows) == 5 * 4 * 2 and [row["image"] for row in rows[:5]] == [f"00{i}" for i in range(5)]
    for sigma in ("15", "50"):  # identical noise
        assert len({row["psnr_noisy"] for row in rows if row["sigma"] == sigma}) == 5
    for row in content["rows"]:
        psnrs = [float(r["psnr"]) for r in rows if (r["method"], float(r["sigma"])) == (row["method"], row["sigma"])]
        assert row["psnr"] == pytest.approx(np.mean(psnrs), abs=1e-4) and row["n_images"] == 5
        assert row["psnr_interval"][0] <= row["psnr"] <= row["psnr_interval"][1]
        assert row["seconds_per_megapixel"] > 0 and row["psnr_y"] > row["psnr"] - 1
    assert len(content["comparisons"]) == 3 * 2  # that with the noisy input is the gain
    (noisy,) = [row for row in content["rows"] if (row["method"], row["sigma"]) == ("noisy", 15)]
    assert noisy["psnr"] == noisy["psnr_noisy"] == pytest.approx(20 * math.log10(255 / 15), abs=0.2)
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {".hydra", "images", *("results.csv", "results.json", "table.md", "table.tex", "report.html")}
    assert "wavelet" in output and output.splitlines()[-1] == str(tmp_path / "out")


def test_methods_are_named_without_a_key_too(checkpoint, called, pictures_folder, tmp_path, monkeypatch):
    data = "data=folder", f"data.path={pictures_folder(2)}"
    files = checkpoint("a b"), checkpoint("c=1,d"), checkpoint("12")
    content, _, _ = called(str(files[0]), *data, str(files[1]), "noisy")
    assert [method["source"] for method in content["methods"]] == [*map(str, files[:2]), None]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "12.ckpt").rename(tmp_path / "12")
    (single,) = called("12", *data, name="single")[0]["methods"]
    assert single["source"] == "12" and (single["kind"], single["method"]) == ("checkpoint", "unet")
    assert "error: no such checkpoint (nowhere)" in called("nowhere", *data, name="none", code=2)
    error, fix = called("nowhere", "checkpoint=[a,b]", *data, name="none", code=2).splitlines()
    assert error == "error: checkpoint is given twice (checkpoint)" and fix == "fix: 'checkpoint=[a,b,nowhere]'"


@pytest.mark.parametrize(
    ("words", "overrides"),
    [
        (["photo"], ["checkpoint=photo"]),
        (["a b", "12-00-00"], ["checkpoint=['a b','12-00-00']"]),
        (["it's", "null"], [r"checkpoint=['it\'s','null']"]),
        (["seed=3", "nlm", "~test", "x"], ["seed=3", "~test", "checkpoint=x", "baseline=nlm"]),
        (["nlm", "bm3d"], ["baseline=[nlm,bm3d]"]),
        ([], []),
    ],
)
def test_words_without_a_key_are_methods(words, overrides):
    assert evaluate.with_methods(words) == overrides
    named = compose([word for word in overrides if word != "~test"], EVALUATE)
    given = [word for word in words if "=" not in word and not word.startswith("~")]
    assert sorted([*as_list(named.checkpoint), *as_list(named.baseline)]) == sorted(given)


def test_what_is_scored_is_the_output_clamped_and_rounded(checkpoint, called, pictures_folder):
    file = checkpoint()
    data = "data=folder", f"data.path={pictures_folder(2)}", "batch_size=1"  # in which sums have one order
    _, rows, _ = called(f"checkpoint={file}", *data, "noise.sigma=25")
    cfg = compose(["data=folder", f"data.path={pictures_folder(2)}"], EVALUATE)
    pairs = from_config.evaluation_data(cfg).frozen("all")
    for item, row in enumerate(rows):
        batch = pairs.__getitems__([item])
        with torch.no_grad():
            output = load(file)(batch.noisy).clamp(0, 1).mul(255).round().div(255).double()
        expected = -10 * (output - batch.clean.double()).square().mean().log10()
        assert float(row["psnr"]) == pytest.approx(float(expected), abs=1e-4)
        raw = -10 * (batch.noisy.double() - batch.clean.double()).square().mean().log10()
        assert float(row["psnr_noisy"]) == pytest.approx(float(raw), abs=1e-4)


def test_clipped_is_another_protocol_and_another_noisy_psnr(called, pictures_folder):
    data = "baseline=noisy", "data=folder", f"data.path={pictures_folder(3)}", "noise.sigma=50"
    published, _, _ = called(*data)
    clipped, _, _ = called(*data, "protocol=clipped", name="clipped")
    assert (published["protocol"], clipped["protocol"]) == ("published", "clipped")
    assert clipped["rows"][0]["psnr_noisy"] > published["rows"][0]["psnr_noisy"] + 0.1


@pytest.mark.parametrize("options", [("batch_size=8",), ("num_workers=2", "batch_size=1")])
def test_batch_size_and_workers_change_nothing(checkpoint, called, pictures_folder, options):
    arguments = f"checkpoint={checkpoint()}", "data=folder", f"data.path={pictures_folder(9)}", "draws=2"
    _, rows, _ = called(*arguments, "batch_size=1")
    _, others, _ = called(*arguments, *options, name="other")
    assert [row["image"] for row in rows] == [row["image"] for row in others]
    for key in KEYS:
        ours, theirs = ([float(row[key]) for row in side] for side in (rows, others))
        # Of networks, a value or two are rounded to the next grey level where a batch adds up in another order.
        assert ours == pytest.approx(theirs, abs=1e-6 if key.endswith("noisy") else 5e-3 if key == "psnr" else 1e-4)


def test_figures_are_means_over_the_draws(called, pictures_folder):
    arguments = "baseline=wavelet", "data=folder", f"data.path={pictures_folder(2)}"
    content, several, _ = called(*arguments, "draws=4")
    _, single, _ = called(*arguments, name="one")
    assert len(several) == len(single) == 2 and content["draws"] == 4
    assert all(0 < abs(float(a["psnr"]) - float(b["psnr"])) < 1 for a, b in zip(several, single, strict=True))


def test_every_picture_of_a_folder_counts_and_further_metrics_are_columns(called, pictures_folder):
    data = "data=folder", f"data.path={pictures_folder(7, 48, 48)}"
    content, rows, _ = called("baseline=noisy", *data, "metrics=uqi", "noise=salt_pepper")
    assert len(rows) == 7 and all(0 < float(row["uqi"]) < 1 and float(row["sigma_estimated"]) > 0 for row in rows)
    (row,) = content["rows"]
    assert row["sigma"] is None and row["uqi"] == pytest.approx(np.mean([float(r["uqi"]) for r in rows]), abs=1e-4)
    assert row["sigma_estimated"] == pytest.approx(np.mean([float(r["sigma_estimated"]) for r in rows]), rel=1e-4)


def test_the_noise_of_a_camera_is_scored_against_its_target_at_levels_of_shot_noise(called, pictures_folder):
    data = "data=folder", f"data.path={pictures_folder(2, 48, 52)}", "noise=camera", "test.shot=[low,0.03]"
    content, rows, output = called("baseline=[wavelet,noisy]", *data)
    assert content["protocol"] == "clipped" and "Shot noise" in output and "Sigma est." in output
    assert [(row["sigma"], row["shot"]) for row in content["rows"]] == [(None, 0.001), (None, 0.03)] * 2
    levels = ("0.001", "0.001", "0.03", "0.03")
    assert [(row["sigma"], row["shot"]) for row in rows] == [("", level) for level in levels] * 2
    noisy = [row for row in content["rows"] if row["method"] == "noisy"]
    assert noisy[0]["psnr"] == pytest.approx(noisy[0]["psnr_noisy"]) and noisy[0]["psnr"] > noisy[1]["psnr"]
    assert all(row["shot"] in (0.001, 0.03) and row["sigma"] is None for row in content["comparisons"])
    grey = called("baseline=wavelet", *data, "data.channels=1", name="grey")[0]
    assert len(grey["rows"]) == 2
    assert "fix: test.shot=[low,medium,high]" in called("baseline=nlm", *data, "test.sigma=25", name="no", code=2)


def test_real_pairs_are_clipped_and_their_sigma_is_estimated(called, pictures_folder, tmp_path):
    clean = pictures_folder(3, 64, 64)
    rng = np.random.default_rng(0)
    (tmp_path / "noisy").mkdir()
    for path in clean.iterdir():
        noisy = np.asarray(Image.open(path)) + rng.normal(0, 20, (64, 64, 3))
        Image.fromarray(noisy.clip(0, 255).round().astype(np.uint8)).save(tmp_path / "noisy" / path.name)
    data = "data=pairs", f"data.noisy={tmp_path / 'noisy'}", f"data.clean={clean}", "noise=none"
    content, rows, output = called("baseline=[nlm,wavelet]", *data)
    assert content["protocol"] == "clipped" and content["rows"][0]["noise"] == "real" and len(rows) == 6
    assert all(float(row["sigma_estimated"]) == pytest.approx(20, abs=4) for row in rows)
    assert all(row["psnr"] > row["psnr_noisy"] + 1 for row in content["rows"]) and "Sigma est." in output
    assert "draws=2 is not possible" in called("baseline=nlm", *data, "draws=2", name="drawn", code=2)
    output = called("baseline=nlm", *data, "protocol=published", name="other", code=2)
    assert "real noise is clipped" in output and "fix: protocol=clipped" in output


def leaky(checkpoint, data, **options):
    data.name = "mine"
    return checkpoint(**options, seen=leaks.training_record(data))


@pytest.mark.parametrize("allowed", [False, True])
def test_pictures_that_were_trained_on_are_refused_or_stamped(checkpoint, called, pictures_folder, protocol, allowed):
    from denoiser.data.folder import Folder

    folder = pictures_folder(10, 48, 48)
    file = leaky(checkpoint, Folder(str(folder), **protocol(), channels=3, patch_size=16))
    arguments = f"checkpoint={file}", "baseline=noisy", "data=folder", f"data.path={folder}"
    if not allowed:
        output = called(*arguments, code=2)
        assert "trained or selected on" in output and "of the 10 pictures: 00" in output and "allow_leak=true" in output
        return
    content, rows, output = called(*arguments, "allow_leak=true")
    leak = {method["method"]: method["leak"] for method in content["methods"]}
    assert 0 < len(leak["unet"]) < 10 and leak["noisy"] == [] and len(rows) == 20
    assert "LEAK" in output


def test_a_model_of_the_official_split_was_trained_on_bsd68(real_data, checkpoint, called, protocol):
    data = BSDS500(str(real_data), **protocol(), split="official", channels=1)
    file = leaky(checkpoint, data, channels=1)
    output = called(f"checkpoint={file}", "data=folder", f"data.path={real_data / 'BSD68'}", "data.channels=1", code=2)
    assert "on 68 of the 68 pictures: test001, test002" in output


@pytest.mark.parametrize(
    ("overrides", "what", "fix"),
    [
        ([], "nothing to evaluate", "baseline=nlm"),
        (["baseline=nml"], "nml", "nlm"),
        (["checkpoint=nowhere"], "no such checkpoint", "fix:"),
        (["weights=nowhere.pth"], "nowhere.pth", "fix:"),
        (["baseline=nlm", "data=bds68"], "no data 'bds68'", "data=bsd68"),
        (["baseline=nlm", "protocol=public"], "no protocol 'public'", "protocol=published"),
        (["baseline=nlm", "draws=0"], "draws=0", "draws=1"),
        (["baseline=nlm", "device=tpu9"], "no device 'tpu9'", "device=cpu"),
        (["baseline=nlm", "metrics=[lpisp]"], "lpisp", "lpips"),
        (["baseline=nlm", "noise.sigma=0.1"], "0.1", "25.5"),
        (["baseline=nlm", "model=unet"], "'model' only affects training", "checkpoint=RUN"),
        (["baseline=nlm", "data.batch_size=2"], "'data.batch_size' only affects training", "leave it out"),
        (["baseline=nlm", "baseline=tv"], "baseline is given twice", "'baseline=[nlm,tv]'"),
        (["baseline=[nlm,nlm]"], "named twice (baseline=nlm)", "name it once"),
        (["baseline=nlm,tv"], "several values", "'baseline=[nlm,tv]'"),
        (["baseline=nlm", "test=null"], "test has no keys", "test.sigma=null"),
        (["baseline=nlm", "basline=tv"], "no key 'basline'", "baseline"),
        (["nlm", "baseline=tv"], "baseline is given twice", "'baseline=[tv,nlm]'"),
        (["allow_leak"], "no such checkpoint (allow_leak)", "fix:"),
    ],
)
def test_what_is_not_possible_is_an_error_of_two_lines(called, overrides, what, fix):
    output = called(*overrides, code=2)
    first, second = output.strip().splitlines()
    assert first.startswith("error: ") and what in first and second.startswith("fix: ") and fix in second


def test_channels_are_never_converted_silently(checkpoint, called, pictures_folder):
    output = called(f"checkpoint={checkpoint(channels=1)}", "data=folder", f"data.path={pictures_folder(2)}", code=2)
    assert "unet takes 1 channel(s) and folder has 3" in output and output.endswith("fix: data.channels=1\n")


def test_advice_about_channels_can_be_followed(checkpoint, called, real_data, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", str(real_data))
    output = called(f"checkpoint={checkpoint()}", "data=set12", code=2)
    assert "unet takes 3 channel(s) and set12 has 1" in output and "data=photos data.channels=3" in output
    called(f"checkpoint={checkpoint()}", "data=photos", "data.channels=3", name="followed")


def test_rows_say_which_pictures_and_the_record_which_versions(called, pictures_folder):
    content, _, _ = called("baseline=noisy", "data=folder", f"data.path={pictures_folder(2)}")
    assert content["rows"][0]["channels"] == 3 and content["rows"][0]["place"] == "pictures"
    assert {"python", "torch", "scikit-image"} <= {*content["versions"]}


def test_what_was_trained_on_is_recorded(checkpoint, called, pictures_folder):
    content, _, _ = called(f"checkpoint={checkpoint()}", "data=folder", f"data.path={pictures_folder(2)}")
    (method,) = content["methods"]
    assert method["trained_on"] == "synthetic, gaussian noise, sigma 25" and method["trained_sigma"] == [25, 25]


@pytest.mark.parametrize(("seen", "leak"), [(None, None), ({"data": "mnist", "split": "", "pictures": 60000}, None)])
def test_what_could_not_be_compared_is_not_free_of_leaks(checkpoint, called, pictures_folder, seen, leak):
    file = checkpoint(seen=seen) if seen else checkpoint()
    content, _, _ = called(f"checkpoint={file}", "baseline=wavelet", "data=folder", f"data.path={pictures_folder(2)}")
    assert [method["leak"] for method in content["methods"]] == [leak, []]


def test_a_method_without_figures_does_not_take_the_others_along(checkpoint, called, pictures_folder, tmp_path):
    file = checkpoint()
    content = torch.load(file, weights_only=True)
    content["state_dict"]["network.tail.weight"][0] = torch.nan
    torch.save(content, file)
    data = "data=folder", f"data.path={pictures_folder(2)}"
    output = called(f"checkpoint={file}", "baseline=[wavelet,tv]", *data, code=1)
    assert "output of unet is not finite (000, sigma 25)" in output and "fix: leave out unet" in output
    kept = json.loads((tmp_path / "out" / "results.json").read_text())
    assert kept["status"] == "ok" and [row["method"] for row in kept["rows"]] == ["wavelet", "tv"]
    assert "unet is not finite" in kept["error"] and (tmp_path / "out" / "report.html").is_file()


def test_what_was_scored_before_an_interruption_is_kept(called, pictures_folder, tmp_path, monkeypatch):
    score = Scorer.score

    def stop(self, method):
        if method.name == "tv":
            raise KeyboardInterrupt
        return score(self, method)

    monkeypatch.setattr(Scorer, "score", stop)
    called("baseline=[wavelet,tv]", "data=folder", f"data.path={pictures_folder(2)}", code=130)
    assert len((tmp_path / "out" / "results.csv").read_text().splitlines()) == 3


def test_evaluations_of_one_second_have_a_folder_each(capsys, pictures_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["baseline=noisy", "data=folder", f"data.path={pictures_folder(2)}"]
    clock = SimpleNamespace(now=lambda: datetime(2026, 1, 2, 3, 4, 5))
    monkeypatch.setattr("hydra.core.utils.datetime", clock)
    assert [evaluate.main(arguments) for _ in range(3)] == [0, 0, 0]
    folders = sorted(path.name for path in (tmp_path / "outputs" / "2026-01-02").iterdir())
    assert folders == ["03-04-05", "03-04-05-2", "03-04-05-3"]
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "outputs" / "2026-01-02" / "03-04-05-3")


@pytest.mark.parametrize(("stage", "workers"), [("loading", 0), ("scoring", 2)])
def test_a_terminated_group_is_recorded(pictures_folder, tmp_path, stage, workers):
    slow = "import time, denoiser.evaluation.batches as e, denoiser.evaluation.scoring as s; "
    slow += "import denoiser.data.from_config as a; "
    slow += "import pathlib; say = lambda: pathlib.Path('here').touch() or time.sleep(60); "
    slow += "a.evaluation_data = lambda cfg: say(); " if stage == "loading" else "s.psnr = lambda *x: say(); "
    run = slow + "import sys; from denoiser.evaluate import main; sys.exit(main(sys.argv[1:]))"
    arguments = [
        "baseline=noisy",
        "data=folder",
        f"data.path={pictures_folder(40)}",
        f"num_workers={workers}",
        "batch_size=1",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", run, *arguments, "hydra.run.dir=out"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not (tmp_path / "here").exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    output = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 143 and "error: terminated (" in output
    if stage == "loading":  # nothing is written before all is there
        assert not (tmp_path / "out" / "results.json").exists()
    else:
        assert json.loads((tmp_path / "out" / "results.json").read_text())["status"] == "interrupted"


def test_a_folder_that_holds_results_is_not_overwritten(called, pictures_folder, tmp_path):
    data = "baseline=noisy", "data=folder", f"data.path={pictures_folder(2)}"
    called(*data)
    before = (tmp_path / "out" / "results.json").read_bytes()
    assert "holds a run already" in called(*data, code=2)
    assert (tmp_path / "out" / "results.json").read_bytes() == before


def test_an_output_that_is_no_number_is_an_error_and_recorded(checkpoint, called, pictures_folder, tmp_path):
    file = checkpoint()
    content = torch.load(file, weights_only=True)
    content["state_dict"]["network.tail.weight"][0] = torch.nan
    torch.save(content, file)
    output = called(f"checkpoint={file}", "data=folder", f"data.path={pictures_folder(2)}", code=1)
    assert "output of unet is not finite (000, sigma 25)" in output
    assert json.loads((tmp_path / "out" / "results.json").read_text())["status"] == "failed"


def test_an_interruption_is_recorded_and_has_its_exit_code(called, pictures_folder, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("denoiser.evaluation.scoring.Scorer.score", stop)
    output = called("baseline=noisy", "data=folder", f"data.path={pictures_folder(2)}", code=130)
    assert "interrupted" in output
    assert json.loads((tmp_path / "out" / "results.json").read_text())["status"] == "interrupted"


def test_a_sweep_has_one_summary(capsys, pictures_folder, tmp_path):
    arguments = "baseline=noisy,wavelet", "data=folder", f"data.path={pictures_folder(2)}"
    assert evaluate.main(["-m", *arguments, f"hydra.sweep.dir={tmp_path / 'sweep'}"]) == 0
    rows = list(csv.DictReader((tmp_path / "sweep" / "summary.csv").read_text().splitlines()))
    assert [row["method"] for row in rows] == ["noisy", "wavelet"]
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "sweep")


def test_help_names_what_can_be_chosen(capsys):
    assert evaluate.main(["--help"]) == 0
    output = capsys.readouterr().out
    assert all(word in output for word in ("bsd68", "kodak24_full", "poisson", "bm3d", "hydra.run.dir"))


def test_the_configuration_is_shown_and_nothing_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(["baseline=nlm", "--cfg", "job"]) == 0
    assert "baseline: nlm" in capsys.readouterr().out and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["+nonsense=1"], ["-m", "+nonsense=1,2"]])
def test_an_added_key_that_nothing_reads_is_refused_and_nothing_is_scored(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(["baseline=noisy", *arguments]) == (2 if len(arguments) == 1 else 1)
    assert "error: nothing reads the key 'nonsense' (+nonsense=1)" in capsys.readouterr().err
    recorded = [json.loads(file.read_text()) for file in tmp_path.rglob("results.json")]  # those of the sweep
    assert len(recorded) == 2 * (len(arguments) - 1)
    assert all("nonsense" in one["error"] and one["rows"] == [] for one in recorded)


@pytest.mark.parametrize(("word", "near"), [("nml", "nlm"), ("photos", "photo"), ("wavelets", "wavelet")])
def test_a_word_that_is_nearly_a_method_is_advised_it(word, near, capsys):
    assert evaluate.main([word, "data=photos", "noise.sigma=25"]) == 2
    what, fix = capsys.readouterr().err.strip().splitlines()
    assert f"'{word}'" in what and fix == f"fix: did you mean {near}?"
