"""Several runs as one comparison, and the command that makes it."""

import csv
import re
import shutil
import statistics

import pytest
from helpers.pages import Page, make_evaluation, make_run, result

from denoiser.metrics import intervals
from denoiser.report import main
from denoiser.reports.comparison.differences import ALL_PAIRS
from denoiser.reports.comparison.write import FILES, write_comparison
from denoiser.reports.run_page import write_report
from denoiser.reports.sweep_page import write_summary
from denoiser.reports.tables.format import NARROW, TIMED
from denoiser.runs.gather import gather

HEAD = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy\n"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HOSTILE = "<script>alert(1)</script>\"'&"
HARD = (0.0, 2.5, -1.0, 4.0)  # how much easier each of four pictures is, in dB


def scored(folder, method="unet", psnr=30.0, sigmas=(25,), overrides=(), spread=0.1, **changes):
    """A run folder with a results.csv that its rows are the means of."""
    rows, text = [], HEAD
    for sigma in sigmas:
        values = [psnr - sigma / 10 + hard + spread * (i % 2) for i, hard in enumerate(HARD)]
        text += "".join(f"{method},photos,gaussian,{sigma},p{i},{v},0.8,20,0.4\n" for i, v in enumerate(values))
        rows.append(result(method=method, sigma=sigma, n_images=len(HARD), psnr=statistics.fmean(values)))
    run = make_run(folder, rows, overrides, **changes)
    (run / "results.csv").write_text(text)
    return run


@pytest.fixture
def folders(tmp_path):
    """Three seeds of unet at two levels as a sweep, dncnn at one of them, and a run that failed."""
    for seed in range(3):
        scored(tmp_path / "sweep" / str(seed), "unet", 30 + seed, (15, 25), ["model=unet", f"seed={seed}"], seed=seed)
    scored(tmp_path / "dncnn", "dncnn", 31.5, seed=1)
    make_run(tmp_path / "broken", [], status="failed", error="error: the loss is not finite (epoch 3)", protocol=None)
    write_report(tmp_path / "dncnn")
    return gather([tmp_path / "sweep", tmp_path / "dncnn", tmp_path / "broken"])


def compared(folders, out):
    text = write_comparison(folders, out)
    return text, Page(out / "report.html")


def test_a_comparison_is_a_page_a_table_for_papers_and_all_figures(folders, tmp_path):
    text, page = compared(folders, tmp_path / "out")
    mean = statistics.fmean(30 + seed - 2.5 + hard for seed in range(3) for hard in HARD) + 0.05
    for said in (text, page.text, (tmp_path / "out/table.md").read_text()):
        assert f"{mean:.2f} ± 1.00" in said and "1 of 4 cells are empty (–)" in said  # noqa: RUF001
        assert "photos n = 4; seeds 0, 1, 2; ± is the standard deviation (n - 1) over 1 to 3 seeds" in said
        assert NARROW in said.replace("With fewer", "with fewer")
    assert rf"{mean:.2f} $\pm$ 1.00" in (tmp_path / "out/table.tex").read_text()
    assert "Seeds 0, 1, 2" in (tmp_path / "out/table.tex").read_text()
    with (tmp_path / "out/results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * (3 * 2 + 1)
    assert {row["run"] for row in rows} == {"sweep/0", "sweep/1", "sweep/2", "dncnn"}
    assert rows[-1].items() >= {"seed": "1", "protocol": "published", "method": "dncnn", "image": "p3"}.items()


def test_the_page_links_runs_reports_failures_and_loads_nothing(folders, tmp_path):
    text, page = compared(folders, tmp_path / "deeper" / "out")
    assert text.endswith("broken: failed: error: the loss is not finite (epoch 3)")
    assert "../../dncnn/report.html" in page.loads and "table.tex" in page.loads
    assert not [link for link in page.loads if "sweep" in link]  # no page there
    assert "1 did not finish" in page.text and "the loss is not finite (epoch 3)" in page.text
    assert page.tags.count("svg") == 1  # sigma 15 and 25
    assert not [x for x in page.loads if not x.startswith(("data:", "#", "../", "table.", "results.csv"))]


def test_differences_are_of_the_same_pictures_and_noise(folders, tmp_path):
    text, page = compared(folders, tmp_path / "out")
    paired = [31 + h - 31.5 - h for h in HARD]
    value, low, high = intervals.paired([31 + h for h in HARD], [31.5 + h for h in HARD])
    assert value == pytest.approx(statistics.fmean(paired))
    line = f"unet − dncnn = {value:+.2f} dB [{low:.2f}, {high:.2f}] (photos, sigma 25, n = 4, paired)"  # noqa: RUF001
    assert [said for said in text.splitlines() if "paired" in said] == [
        line
    ]  # seed 1 alone: the only one that both have
    assert "Differences on the same images" in page.text


@pytest.mark.parametrize("change", ["seed", "draws", "protocol", "pictures"])
def test_what_differs_in_noise_or_pictures_is_not_paired(tmp_path, change):
    scored(tmp_path / "a", "unet")
    other = scored(tmp_path / "b", "dncnn", **{"seed": {"seed": 1}, "draws": {"draws": 2}}.get(change, {}))
    if change == "protocol":
        shutil.rmtree(other)
        scored(other, "dncnn", protocol="clipped")
    if change == "pictures":
        (other / "results.csv").write_text((other / "results.csv").read_text().replace("p0", "q0"))
    text, page = compared(gather([tmp_path / "a", other]), tmp_path / "out")
    assert "paired" not in text and "Differences on" not in page.text
    assert text.count("protocol ") == (2 if change == "protocol" else 1)
    assert ("scored under 2 protocols" in page.text) == (change == "protocol")


def test_nothing_is_compared_with_the_noisy_input(tmp_path):
    runs = [scored(tmp_path / name, name) for name in ("unet", "noisy", "nlm")]
    text, _ = compared(gather(runs), tmp_path / "out")
    assert [line.split(" = ")[0] for line in text.splitlines() if "paired" in line] == ["unet − nlm"]  # noqa: RUF001


def test_infinite_scores_are_left_out_and_counted(tmp_path):
    runs = [scored(tmp_path / name, name) for name in ("unet", "dncnn")]
    changed = (runs[0] / "results.csv").read_text().replace("p1,30.1", "p1,inf")
    assert changed != (runs[0] / "results.csv").read_text()
    (runs[0] / "results.csv").write_text(changed)
    text, page = compared(gather(runs), tmp_path / "out")
    assert (
        "n = 3, paired" in text
        and "identical to the clean picture (infinite PSNR, left out of the means): 1" in page.text
    )


def test_many_lines_are_compared_with_the_best_alone(tmp_path):
    for i in range(ALL_PAIRS + 1):
        scored(tmp_path / f"m{i}", f"m{i}", 30 + i % 4)
    text, _ = compared(gather(sorted(tmp_path.iterdir())), tmp_path / "out")
    lines = [line for line in text.splitlines() if "paired" in line]
    assert len(lines) == ALL_PAIRS and all(line.startswith("m3 − ") for line in lines)  # noqa: RUF001


def test_leaks_are_stamped_on_every_table(tmp_path):
    methods = [{"method": "unet", "kind": "checkpoint", "leak": ["p0", "p3"]}]
    runs = gather([scored(tmp_path / "a", kind="evaluation", methods=methods), scored(tmp_path / "b", "dncnn")])
    text, page = compared(runs, tmp_path / "out")
    texts = [text, page.text, *((tmp_path / "out" / name).read_text() for name in ("table.md", "table.tex"))]
    assert all("trained or selected on 2 of 4 pictures" in said for said in texts)


def test_hostile_names_are_text(tmp_path):
    changes = {"sigmas": (15, 25), "command": HOSTILE, "protocol": HOSTILE}
    runs = [scored(tmp_path / str(seed), HOSTILE, seed=seed, **changes) for seed in range(2)]
    _, page = compared(gather(runs), tmp_path / "out")
    assert HOSTILE in page.text and page.tags.count("script") == 1  # the page's own


def test_a_folder_whose_name_is_no_plain_text(tmp_path):
    run = scored(tmp_path / "a\udcff #1")
    write_report(run)
    write_comparison(gather([run]), tmp_path / "out", labels={run: "a\udcff #1"})
    page = Page(tmp_path / "out/report.html")
    assert "unet [a? #1]" in page.text and "../a%FF%20%231/report.html" in page.loads
    assert "a? #1" in (tmp_path / "out/table.md").read_text()


def test_nothing_but_broken_folders_still_makes_a_page(tmp_path):
    for name, content in (("a", "{"), ("b", '{"status": "ok", "rows": [{}, 3], "protocol": null}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(content)
    text, page = compared(gather([tmp_path / "a"]), tmp_path / "out")
    assert (
        text.startswith("no run finished with results\na: damaged: results.json is damaged: it lacks status, ")
        and "No run finished with results." in page.text
    )
    compared(gather([tmp_path / "a", tmp_path / "b"]), tmp_path / "other")


def test_files_that_are_there_are_kept(folders, tmp_path):
    for name in FILES:
        out = tmp_path / name.replace(".", "-")
        out.mkdir()
        (out / name).write_text("mine")
        assert main([*map(str, folders), "-o", str(out)]) == 2
        assert [path.name for path in out.iterdir()] == [name] and (out / name).read_text() == "mine"
    assert main([*map(str, folders), "-o", str(out), "--overwrite"]) == 0
    before = (folders[0] / "results.csv").read_text()
    assert main([*map(str, folders), "-o", str(folders[0]), "--overwrite"]) == 2  # never into a run's folder
    assert (folders[0] / "results.csv").read_text() == before


def test_the_command_rebuilds_one_page_and_merges_several(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["dncnn"]) == 0
    assert capsys.readouterr().out.splitlines() == ["dncnn/report.html", "dncnn"]
    assert main(["sweep"]) == 0
    assert capsys.readouterr().out.splitlines() == ["sweep/summary.html", "sweep"]
    assert (tmp_path / "sweep/summary.csv").is_file() and not (tmp_path / "outputs").exists()
    assert main(["sweep", "dncnn"]) == 0
    *_, page, folder = capsys.readouterr().out.splitlines()
    assert folder.startswith("outputs/report-") and page == f"report: {folder}/report.html"
    assert {path.name for path in (tmp_path / folder).iterdir()} == set(FILES)


def test_an_evaluations_tables_are_made_again(tmp_path, capsys):
    run = make_evaluation(tmp_path / "e", further={"lpips": 0.25})
    assert main([str(run)]) == 0
    assert "lpips" in (run / "table.md").read_text() and "0.2500" in (run / "table.tex").read_text()
    assert capsys.readouterr().out.splitlines() == [f"{run}/report.html", str(run)]


def test_seeds_of_noise_and_training_are_listed_separately(tmp_path):
    known = [{"method": "unet", "sha256": str(seed) * 64} for seed in range(2)]
    runs = [scored(tmp_path / f"r/{seed}", seed=seed, methods=[known[seed]]) for seed in range(2)]
    runs += [scored(tmp_path / f"e{seed}", kind="evaluation", seed=7, methods=[known[seed]]) for seed in range(2)]
    text, _ = compared(gather(runs), tmp_path / "out")
    assert "photos n = 4; seed 7 of the noise, seeds 0, 1 of the training; ± is" in text and "unet  " in text


def test_damage_is_reported(tmp_path, capsys):
    run = make_run(tmp_path / "run", status=None)
    assert main([str(run)]) == 0
    assert capsys.readouterr().out.startswith("damaged: results.json is damaged: it lacks a readable status\n")
    assert "it lacks a readable status" in Page(run / "report.html").text


def test_methods_of_a_comparison_have_their_costs_in_short(tmp_path):
    runs = gather([make_evaluation(tmp_path / "e"), scored(tmp_path / "noisy", "noisy")])
    _, page = compared(runs, tmp_path / "out")
    assert "0.56 M 36.4 G 0.25" in page.text and TIMED[1:] in page.text
    assert page.source.count(">Noisy input</td>") == 1 and 'data-label="Method">noisy<' not in page.source


def test_a_label_keeps_two_results_apart(tmp_path, capsys):
    before, after = scored(tmp_path / "before"), scored(tmp_path / "after", psnr=31.0)
    arguments = [str(before), str(after), "-o", str(tmp_path / "out")]
    assert main(arguments) == 2
    what, fix = capsys.readouterr().err.splitlines()
    assert what == f"error: unet has two results on photos, sigma 25, seed 0 ({before}, {after})"
    assert fix == f"fix: --label {after}=NAME, which adds [NAME] to its line" and not (tmp_path / "out").exists()
    assert main([*arguments, "--label", f"{after}=new code"]) == 0
    assert "unet [new code]  " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("label", "error", "fix"),
    [
        ("dncn=x", "no run of this comparison has the folder dncn (--label dncn=x)", "--label dncnn=x"),
        ("dncnn", "a label needs a folder and a name (--label dncnn)", "--label RUN=NAME"),
    ],
)
def test_labels_are_of_runs_in_the_comparison(folders, tmp_path, capsys, monkeypatch, label, error, fix):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "dncnn", "--label", label]) == 2
    assert capsys.readouterr().err.splitlines() == [f"error: {error}", f"fix: {fix}"]
    assert main(["dncnn", "--label", "dncnn=x"]) == 2
    assert "a label is for a comparison" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dncn"], ["no such run folder (dncn)", "dncnn"]),
        (["dncnn", "--overwrit"], ["--overwrit", "did you mean --overwrite?"]),
        ([], ["RUN", "denoiser report --help"]),
    ],
)
def test_mistakes_are_errors_of_two_lines(folders, tmp_path, capsys, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err.splitlines()
    assert len(error) == 2 and all(words in line for words, line in zip(said, error, strict=True))


def test_a_best_score_is_bold_only_among_several(tmp_path):
    runs = [scored(tmp_path / "a", "unet", 31.0, (15, 25)), scored(tmp_path / "b", "dncnn", 30.0)]
    write_comparison(gather(runs), tmp_path / "out")
    lines = (tmp_path / "out/table.md").read_text().splitlines()
    unet, dncnn = (
        [cell.strip() for cell in line.split("|")[2:4]] for line in lines if line.startswith(("| unet", "| dn"))
    )
    assert "**" not in unet[0] and unet[1].count("**") == 4  # PSNR, and SSIM, of which both have the same
    assert dncnn[0] == "–" and not dncnn[1].startswith("**") and dncnn[1].endswith("**0.8100**")  # noqa: RUF001


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on the path")
def test_the_pages_fit_a_telephone_and_a_screen_and_sort(folders, tmp_path):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    write_comparison(folders, tmp_path / "out")
    said = []
    with playwright.sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for page_file in (tmp_path / "out/report.html", write_summary(tmp_path / "sweep")):
            page = browser.new_page()
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(page_file.as_uri())
            for width in (390, 1440):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto((tmp_path / "out/report.html").as_uri())
        page.set_viewport_size({"width": 390, "height": 900})
        table = page.locator("table.sortable").first
        head, cell = table.locator("th").nth(1), table.locator("tbody td").nth(1)
        assert abs(head.bounding_box()["x"] - cell.bounding_box()["x"]) < 1  # a table, not cards
        assert page.evaluate("getComputedStyle(document.querySelector('tbody td')).position") == "sticky"
        first = table.locator("tbody tr").first.locator("td").first
        assert first.inner_text() == "unet"
        table.get_by_role("button", name="photos sigma 25").click()
        assert first.inner_text() == "Noisy input"  # the least PSNR
        browser.close()
    assert said == []


def test_each_model_behind_a_line_is_named_with_its_runs_and_overrides(tmp_path):
    for sigma in (15, 25):
        trained = [{"method": "unet", "kind": "run", "sha256": f"{sigma}" * 32, "trained_sigma": [sigma, sigma]}]
        words = ["model=unet", f"noise.sigma={sigma}"]
        scored(tmp_path / f"at{sigma}", sigmas=(sigma,), overrides=words, methods=trained)
    baseline = [{"method": "nlm", "kind": "baseline"}]
    for name, sigma in (("first", 15), ("second", 25)):
        scored(tmp_path / name, "nlm", 28, (sigma,), kind="evaluation", methods=baseline)
    _, page = compared(gather(sorted(tmp_path.iterdir())), tmp_path / "out")
    methods = page.source.partition("<h2>Methods</h2>")[2].partition("</table>")[0]
    rows = [re.sub(r"<[^>]+>", "|", row) for row in methods.split("<tr>")[2:]]
    assert [re.findall(r"[^|\s][^|]*", row)[:3] for row in rows[:2]] == [
        ["unet", f"at{sigma} ", f"model=unet noise.sigma={sigma}"] for sigma in (15, 25)
    ]
    assert [f"|{sigma}|" in row for row, sigma in zip(rows, (15, 25), strict=False)] == [True, True]
    assert len(rows) == 3 and "first, second" in rows[2] and "2 methods, 4 finished runs" in page.text
