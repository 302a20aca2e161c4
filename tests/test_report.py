import csv
import math
import re
import shlex
import statistics

import pytest
from pages import Page, add_strip, make_run, result
from PIL import Image

from denoiser.errors import DenoiserError
from denoiser.report import table, write_report, write_summary

HOSTILE = "<script>alert(1)</script>\"'&"
EPOCHS = "epoch,step,train/loss,val/loss,val/psnr,val/ssim,lr,seconds\n0,9,0.5,0.4,20,0.5,1e-3,2\n1,18,0.02,0.03,,,,\n"


def test_report_says_what_was_measured(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "metrics.csv").write_text(EPOCHS)
    (run / ".hydra/config.yaml").write_text("noise:\n  name: <kept>\n")
    add_strip(run)
    page = Page(write_report(run))
    said = ["unet on photos", "gaussian noise, sigma 25", "denoiser run model=unet", "20.17", "28.57", "+8.40"]
    said += ["Noise is added to the clean image and not clipped", "Best: coffee , sigma 25 · PSNR 20.10 → 30.40 dB"]
    said += ["5 min 12 s", "3,721,152", "8,512,000,000", "not in a git checkout", "2 / 18", "name: <kept>"]
    assert [words for words in said if words not in page.text] == []
    assert "Lowest validation loss: 0.03, epoch 1." in page.text
    assert (page.tags.count("svg"), page.tags.count("img")) == (2, 4)
    assert "Below the noisy input" not in page.text


def test_report_loads_nothing_from_elsewhere(tmp_path):
    run = make_run(tmp_path / "run")
    (run / "metrics.csv").write_text(EPOCHS)
    add_strip(run)
    page = Page(write_report(run))
    assert all(value.startswith(("data:", "#")) for value in page.loads)
    assert not re.search(r"https?:|@import|url\((?!#)", page.source)
    assert "script" not in page.tags
    ids = re.findall(r'\bid="([^"]+)"', page.source)
    assert ids and len(set(ids)) == len(ids)
    assert write_report(run).read_text() == page.source


def test_hostile_names_are_text(tmp_path):
    overrides = [f"data.path={HOSTILE}"]
    run = make_run(tmp_path / "0", [result(method=HOSTILE, data=HOSTILE)], overrides, command=f"run {HOSTILE}")
    (run / ".hydra/config.yaml").write_text(HOSTILE)
    add_strip(run, image=HOSTILE, rank=HOSTILE)
    make_run(tmp_path / "1", [result(method=HOSTILE, sigma=50)], status=HOSTILE, error=HOSTILE)
    make_run(tmp_path / "2", [result(method=HOSTILE, sigma=50)])
    for page in (Page(write_report(run)), Page(write_summary(tmp_path))):
        assert "script" not in page.tags
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
    assert "reduced here, every pixel in images/best.png" in Page(path).text


def test_worse_than_the_input_is_said(tmp_path):
    page = Page(write_report(make_run(tmp_path / "run", [result(psnr=18.9), result(sigma=50)])))
    assert page.text.count("Below the noisy input.") == 1
    assert "1.27 dB less" in page.text


def test_identical_images_are_counted_not_averaged(tmp_path):
    run = make_run(tmp_path / "run", [result(noise="none", sigma=None, psnr=40.0, psnr_noisy=math.inf)])
    head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"
    rows = [f"unet,photos,none,,{name},{psnr},1,inf,1\n" for name, psnr in (("a", "inf"), ("b", "inf"), ("c", "40"))]
    (run / "results.csv").write_text(head + "".join(rows))
    page = Page(write_report(run))
    assert "2 of the images came back identical" in page.text
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
        given = ["data.path=/my photos", f"seed={seed}", f"+note=it's {seed}"]
        run = make_run(tmp_path / str(job), [], given, status="failed")
    page = Page(write_report(run))
    assert shlex.join(given) in page.text
    page = Page(write_summary(tmp_path))
    assert "'data.path=/my photos'" in page.text and shlex.quote(given[2]) in page.text
    with (tmp_path / "summary.csv").open() as file:
        assert shlex.split(list(csv.DictReader(file))[1]["overrides"]) == given


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


def test_folders_that_are_not_there(tmp_path):
    for write in (write_report, write_summary):
        with pytest.raises(DenoiserError) as caught:
            write(tmp_path / "none")
        assert caught.value.code == 2


def test_table_is_aligned_and_names_its_protocol():
    rows = [result(), result(data="bsd68", noise="poisson(peak=30)", sigma=None, psnr=math.inf, n_images=68)]
    protocol, head, first, second = table(rows, "clipped").splitlines()
    assert protocol.startswith("protocol clipped: noisy input and output clamped")
    assert head.split() == "method data noise sigma n PSNR noisy -> PSNR gain SSIM noisy -> SSIM".split()
    assert first.split() == "unet photos gaussian 25 5 20.17 -> 28.57 +8.40 0.410 -> 0.810".split()
    assert second.split() == "unet bsd68 poisson(peak=30) - 68 20.17 -> inf - 0.410 -> 0.810".split()
    assert len(head) == len(first) == len(second)


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
