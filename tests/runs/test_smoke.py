"""Runs of a few batches are stamped wherever their figures are shown."""

import pytest
from helpers.pages import Page, make_evaluation, make_run, result

from denoiser.config import compose
from denoiser.reports import sweep_page
from denoiser.reports.comparison.write import write_comparison
from denoiser.reports.run_page import write_report
from denoiser.reports.tables import render
from denoiser.runs.gather import gather
from denoiser.runs.reading import read
from denoiser.runs.smoke import stamp, stamped
from denoiser.training import assemble

STAMP = "smoke: 2 batches, figures mean nothing"
TRAINED = f"synthetic, gaussian noise, sigma 25, {STAMP}"


@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        ({"max_epochs": 1, "limit_train_batches": 2}, STAMP),
        ({"max_epochs": 1, "limit_train_batches": 1}, "smoke: 1 batch, figures mean nothing"),
        ({"max_epochs": 3, "limit_train_batches": 2}, "smoke: 6 batches, figures mean nothing"),
        ({"max_epochs": 20, "fast_dev_run": True}, "smoke: 1 batch, figures mean nothing"),
        ({"max_epochs": 20, "limit_train_batches": 2}, None),
        ({"limit_train_batches": 100, "limit_test_batches": 2}, "smoke: 2 batches of the test, figures mean nothing"),
        ({"limit_test_batches": 0.5}, None),
        ({"limit_test_batches": 500}, None),
        ({"max_epochs": 1, "limit_train_batches": 1.0}, None),
        ({"max_epochs": -1, "limit_train_batches": 2}, None),
        ({"max_epochs": 1, "fast_dev_run": False}, None),
        ({}, None),
    ],
)
def test_a_few_batches_are_smoke(trainer, words):
    assert stamp(trainer) == words


def test_the_weights_carry_the_stamp():
    cfg = compose(["trainer=smoke", "model=cifar_shallow"])
    assert assemble.module(cfg).hparams["trained_on"].endswith(STAMP)
    assert stamped(assemble.module(compose(["model=cifar_shallow"])).hparams["trained_on"]) is None


def test_a_profile_is_stamped_alone_and_after_smoke():
    for words in (["debug=profile"], ["trainer=smoke", "debug=profile"]):
        found = stamp(compose(words).trainer)
        assert found == "smoke: 2 batches of the test, figures mean nothing" == stamped(f"synthetic, {found}")


def test_what_starts_from_such_weights_is_no_smoke():
    assert stamped(f"bsds500, gaussian noise; started from first ({TRAINED})") is None
    assert stamped(f"{TRAINED}; started from photo") == STAMP


@pytest.fixture
def run(tmp_path):
    methods = [{"method": "unet", "kind": "run", "trained_on": TRAINED}]
    return make_run(tmp_path / "sweep" / "0", [result()], ["trainer=smoke"], methods=methods)


def test_a_run_is_stamped_on_its_table_and_page(run):
    assert render.text(read(run)).endswith(f"unet: {STAMP}")
    assert f"unet: {STAMP}" in Page(write_report(run)).text


def test_a_sweep_is_stamped_on_its_table_and_page(run):
    assert sweep_page.text(run.parent).endswith(f"job 0: unet: {STAMP}")
    assert Page(sweep_page.write_summary(run.parent)).text.count("figures mean nothing") == 2  # of the page, of the job


def test_an_evaluation_is_stamped_on_every_table(tmp_path):
    folder = make_evaluation(tmp_path / "evaluation")
    text = (folder / "results.json").read_text()
    (folder / "results.json").write_text(text.replace('"bsds500"', f'"{TRAINED}"'))
    evaluation = read(folder)
    assert evaluation.smoke is None  # it is a real one, of such weights
    page = Page(write_report(folder)).text
    for said in (render.text(evaluation), render.markdown(evaluation), render.latex(evaluation), page):
        assert f"unet: {STAMP}" in said and "nlm: smoke" not in said


def test_a_comparison_is_stamped_on_every_table(run, tmp_path):
    other = make_run(tmp_path / "dncnn", [result(method="dncnn")])
    text = write_comparison(gather([run, other]), tmp_path / "out")
    for said in (text, *((tmp_path / "out" / name).read_text() for name in ("table.md", "table.tex"))):
        assert said.count("figures mean nothing") == 1 and "dncnn: smoke" not in said
    assert STAMP in Page(tmp_path / "out/report.html").text


def test_nothing_else_is_stamped(tmp_path):
    folder = make_run(tmp_path / "0", [result()])
    assert "smoke" not in render.text(read(folder)) + Page(write_report(folder)).text + sweep_page.text(tmp_path)
