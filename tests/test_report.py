import base64
import csv
import hashlib
import math
import re
import shlex

import pytest
from helpers.pages import Page, add_strip, make_evaluation, make_run, result
from PIL import Image

from denoiser.errors import DenoiserError
from denoiser.reports.run_page import write_report
from denoiser.reports.sweep_page import write_summary

HOSTILE = "<script>alert(1)</script>\"'&"
EPOCHS = "epoch,step,train/loss,val/loss,val/psnr,val/ssim,lr,seconds\n0,9,0.5,0.4,20,0.5,1e-3,2\n1,18,0.02,0.03,,,,\n"


def test_report_says_what_was_measured(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "metrics.csv").write_text(EPOCHS)
    (run / ".hydra/config.yaml").write_text("noise:\n  name: <kept>\n")
    add_strip(run)
    page = Page(write_report(run))
    expected = ["unet on photos", "gaussian noise, sigma 25", "denoiser run model=unet", "20.17", "28.57", "+8.40"]
    expected += ["Noise is added to the clean image and not clipped", "Best: coffee , sigma 25 · PSNR 20.10 → 30.40 dB"]
    expected += ["5 min 12 s", "3,721,152", "8,512,000,000", "not in a git checkout", "2 / 18", "name: <kept>"]
    assert [words for words in expected if words not in page.text] == []
    assert "Lowest validation loss: 0.03, epoch 1." in page.text
    assert (page.tags.count("svg"), page.tags.count("img")) == (2, 8)  # each panel, and its block
    assert "Below the noisy input" not in page.text


def test_report_loads_nothing_from_elsewhere(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "metrics.csv").write_text(EPOCHS)
    add_strip(run)
    page = Page(write_report(run))
    assert all(value.startswith(("data:", "#")) for value in page.loads)
    assert not re.search(r"https?:|@import|url\((?!#)", page.source)
    assert page.tags.count("script") == 1
    ids = re.findall(r'\bid="([^"]+)"', page.source)
    assert ids and len(set(ids)) == len(ids)
    assert write_report(run).read_text() == page.source


def test_hostile_names_are_text(tmp_path):
    overrides = [f"data.path={HOSTILE}"]
    run = make_run(tmp_path / "0", [result(method=HOSTILE, data=HOSTILE)], overrides, command=f"run {HOSTILE}")
    (run / ".hydra/config.yaml").write_text(HOSTILE)
    (run / "results.csv").write_text(f"method,image,psnr,{HOSTILE.replace(',', ';')}\n{HOSTILE},{HOSTILE},30,1\n")
    add_strip(run, image=HOSTILE, rank=HOSTILE, panels=["noisy", HOSTILE, "clean"])
    make_run(tmp_path / "1", [result(method=HOSTILE, sigma=50)], status=HOSTILE, error=HOSTILE)
    make_run(tmp_path / "2", [result(method=HOSTILE, sigma=50)])
    for page in (Page(write_report(run)), Page(write_summary(tmp_path))):
        assert page.tags.count("script") == 1  # the page's own
        assert HOSTILE in page.text


def test_pictures_come_from_the_run_folder_alone(tmp_path):
    run = make_run(tmp_path / "run")
    add_strip(run, name="../../secret.png")
    Image.new("RGB", (38, 6)).save(tmp_path / "secret.png")
    page = Page(write_report(run))
    assert "img" not in page.tags
    add_strip(run, gaps=1)  # not four panels two pixels apart: kept in one piece
    assert Page(write_report(run)).tags.count("img") == 1


def test_report_stays_small(tmp_path):
    run = make_run(tmp_path / "run")
    add_strip(run, size=(900, 900))
    assert (run / "images/best.png").stat().st_size > 9_000_000
    path = write_report(run)
    assert path.stat().st_size < 10_000_000
    assert "downscaled here (the block below is full resolution); original in images/best.png" in Page(path).text


def test_only_the_pages_own_script_may_run(tmp_path):
    source = write_report(make_run(tmp_path / "run")).read_text()
    (script,) = re.findall(r"<script>(.*?)</script>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'\"" in source and "default-src 'none'" in source
    assert not re.search(r"<[^>]+\son\w+=", source.replace(script, ""))


def test_an_evaluation_says_what_was_compared(tmp_path):
    run = make_evaluation(tmp_path / "run")
    add_strip(run, panels=["noisy", "unet", "nlm", "clean"], scores={"nlm": {"psnr": 29.4, "ssim": 0.8}})
    page = Page(write_report(run))
    expected = [
        "unet, nlm on photos",
        "gaussian noise, sigma 15, 50",
        "unet and nlm do not differ significantly (33.00 and 32.00 dB), +12.83 dB over the noisy input for unet",
        "33.00 [28.12, 31.00]",
        "With fewer than 20 images the interval is too narrow.",
        "Time: the median over pictures",
    ]
    expected += ["+1.00 [\N{MINUS SIGN}0.25, 2.00]", "UNET Trained on bsds500 At sigma 0 to 55 Parameters 556,032"]
    expected += ["Noisy input on photos: 20.17 dB at sigma 15, 20.17 dB at sigma 50 (differs from"]
    expected += ["ab" * 32, "Seconds per megapixel 0.25", "Draws of the noise 4", "nlm 29.40 dB · 0.800"]
    assert [words for words in expected if words not in page.text] == []
    assert [
        words for words in ("Training", "Not a test of", "trained or selected", "PSNR Y") if words in page.text
    ] == []
    assert page.tags.count("svg") == 1 and page.tags.count("option") == 2 * 4
    assert set(page.loads) >= {"results.csv"}


def test_further_figures_have_columns(tmp_path):
    more = {"psnr_y": 31.5, "psnr_y_noisy": 21.5, "lpips": 0.12345, "sigma_estimated": 24.123}
    rows = [result(**more), result(method="nlm", noise="real", sigma=None)]
    page = Page(write_report(make_run(tmp_path / "run", rows, kind="evaluation")))
    expected = ["PSNR Y", "lpips", "0.1235", "Sigma est.", "24.12", "BT.601", "no noise is added"]
    assert [words for words in expected if words not in page.text] == []


def test_speeds_and_versions_are_those_of_the_tables(tmp_path):
    rows = [result(seconds_per_megapixel=120.4), result(method="nlm", seconds_per_megapixel=0.00112)]
    methods = [{"method": "unet", "kind": "checkpoint"}, {"method": "nlm", "kind": "baseline"}]
    versions = {"python": "3.11.7", "torch": "2.10.0"}
    page = Page(write_report(make_run(tmp_path / "0", rows, kind="evaluation", methods=methods, versions=versions)))
    assert "Versions python 3.11.7, torch 2.10.0" in page.text
    assert "Seconds per megapixel 120" in page.text and "Seconds per megapixel 0.0011" in page.text
    assert "Versions" not in Page(write_report(make_run(tmp_path / "1", versions=["?"]))).text


def test_several_methods_and_levels_have_a_grid(tmp_path):
    page = Page(write_report(make_evaluation(tmp_path / "run", ("unet", "nlm", "noisy"))))
    grid = "unet 33.00 0.810 26.00 0.810 nlm 32.00 0.810 25.00 0.810 Noisy input 20.17 0.410 20.17 0.410"
    assert grid in page.text
    assert "Noisy input 20.17 0.410" not in Page(write_report(make_evaluation(tmp_path / "one", sigmas=(15,)))).text


def test_a_picture_that_another_method_ranked_is_explained(tmp_path):
    run = make_evaluation(tmp_path / "run")
    add_strip(run, panels=["noisy", "unet", "nlm", "clean"], rank="worst of NLM", by="nlm")
    page = Page(write_report(run))
    assert (
        "Worst of NLM: coffee" in page.text and "by the PSNR of unet; for other methods, their worst image" in page.text
    )
    assert "where the error of the method that it was selected by is largest" in page.text


def test_a_leak_is_stamped(tmp_path):
    page = Page(write_report(make_evaluation(tmp_path / "run", leak=["a1", "a2"], images=7)))
    assert "Not a test of unet: it was trained or selected on 2 of these 7 pictures." in page.text
    assert "unet trained or selected on 2 of these 7 pictures Architecture" in page.text
    assert "Which pictures a1, a2" in page.text


def test_worse_than_the_input_is_stated(tmp_path):
    page = Page(write_report(make_run(tmp_path / "run", [result(psnr=18.9), result(sigma=50)])))
    assert page.text.count("Below the noisy input.") == 1
    assert "1.27 dB less" in page.text


def test_identical_images_are_counted_not_averaged(tmp_path):
    run = make_run(tmp_path / "run", [result(noise="none", sigma=None, psnr=40.0, psnr_noisy=math.inf)])
    head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"
    rows = [f"unet,photos,none,,{name},{psnr},1,inf,1\n" for name, psnr in (("a", "inf"), ("b", "inf"), ("c", "40"))]
    (run / "results.csv").write_text(head + "".join(rows))
    page = Page(write_report(run))
    assert "2 of the outputs are identical to the clean image" in page.text
    assert "the input had no noise, so there is no gain" in page.text


def test_the_configuration_is_resolved(tmp_path, monkeypatch):
    monkeypatch.setenv("DENOISER_DATA", "/store")
    run = make_run(tmp_path / "run")
    config = "recipe: {sigma: 50}\nnoise: {sigma: '${oc.select:recipe.sigma,25}'}\ndata: {root: '${data_root:}'}\n"
    (run / ".hydra/config.yaml").write_text(config)
    page = Page(write_report(run))
    assert "Resolved configuration recipe: sigma: 50 noise: sigma: 50 data: root: /store" in page.text
    assert "${" not in page.text


@pytest.mark.parametrize("config", ["a: ${b}", "a: ${no_such_resolver:1}", "a: [1", "3", HOSTILE + ": ${a}"])
def test_a_configuration_that_cannot_be_resolved_is_shown_as_it_is(tmp_path, config):
    run = make_run(tmp_path / "run")
    (run / ".hydra/config.yaml").write_text(config)
    page = Page(write_report(run))
    assert "Configuration, not resolved" in page.text and "Resolved configuration" not in page.text
    assert "It is shown as it was written, because it cannot be resolved: " in page.text
    assert page.text.endswith(config)


def test_real_noise_and_one_image_are_named_so(tmp_path):
    page = Page(write_report(make_run(tmp_path / "0", [result(noise="real", sigma=None, n_images=1)], train_images=1)))
    assert "On photos (real noise, 1 image) PSNR goes from 20.17" in page.text
    assert "synthetic (1 image)" in page.text and "no noise is added" in page.text
    assert not re.search("no noise[,)]|had no noise|1 images", page.text)
    page = Page(write_report(make_run(tmp_path / "1", train_images=4000)))
    assert "sigma 25, 5 images)" in page.text and "(4,000 images)" in page.text
    assert "no noise is added" not in page.text


def test_arguments_are_quoted_as_a_shell_wants_them(tmp_path):
    for job, seed in enumerate((0, 1)):
        arguments = ["data.path=/my photos", f"seed={seed}", f"+note=it's {seed}"]
        run = make_run(tmp_path / str(job), [], arguments, status="failed")
    page = Page(write_report(run))
    assert shlex.join(arguments) in page.text
    page = Page(write_summary(tmp_path))
    assert "'data.path=/my photos'" in page.text and shlex.quote(arguments[2]) in page.text
    with (tmp_path / "summary.csv").open() as file:
        assert shlex.split(list(csv.DictReader(file))[1]["overrides"]) == arguments


@pytest.mark.parametrize(("status", "words"), [("failed", "This run failed."), ("interrupted", "was interrupted.")])
def test_failed_run(tmp_path, status, words):
    error = "error: the loss is not finite (epoch 3)\nfix: optimizer.lr=1e-4"
    nothing = dict.fromkeys(("params", "macs", "seconds", "epochs", "steps", "device"))
    run = make_run(tmp_path / "run", [], ["model=unet"], status=status, error=error, **nothing)
    page = Page(write_report(run))
    assert words in page.text
    assert error in page.source
    missing = {"There are no test results.", "No test images were kept.", "No epochs were recorded."}
    assert all(sentence in page.text for sentence in missing)


@pytest.mark.parametrize("content", [None, "", "{", "[1]", '{"status": "ok", "rows": 3}', "\x00"])
def test_damaged_folders_still_make_pages(tmp_path, content):
    run = tmp_path / "0"
    (run / "images").mkdir(parents=True)
    for name in ("results.json", "results.csv", "metrics.csv", "images/index.json") if content is not None else ():
        (run / name).write_text(content)
    assert "There are no test results." in Page(write_report(run)).text
    assert "No job finished with results." in Page(write_summary(tmp_path)).text


@pytest.mark.parametrize("part", [[{}], [{"leak": 3, "sigma": [], "interval": "x", "trained_sigma": [1]}], [3], "x"])
def test_a_damaged_evaluation_still_makes_a_page(tmp_path, part):
    run = make_run(tmp_path / "run", part, kind="evaluation", methods=part, comparisons=part, draws=part)
    add_strip(run, panels=["noisy", "unet"], scores=part, worst=part)
    assert Page(write_report(run)).text.endswith("There is no .hydra/config.yaml.")


def test_folders_that_are_not_there(tmp_path):
    for write in (write_report, write_summary):
        with pytest.raises(DenoiserError) as caught:
            write(tmp_path / "none")
        assert caught.value.code == 2
