"""Results as text: for a terminal, in Markdown, in LaTeX."""

import math
import re

import pytest
from helpers.pages import parsed, result

from denoiser.reports.tables.format import NARROW, TIMED, short
from denoiser.reports.tables.notes import noisy_inputs
from denoiser.reports.tables.render import latex, markdown, text
from denoiser.runs.row import Row

HOSTILE = "a|b & 50 % of $x_1^2$ #{~\\} <i>"
SPECIAL = set("&%$#_{}~^\\")


def evaluation(**changes):
    rows = [
        result(method="dncnn_25", data="set12", n_images=12, psnr=30.44, psnr_interval=[29.4, 31.5], n_identical=0),
        result(method="nlm", data="set12", n_images=12, psnr=28.67, psnr_interval=[27.6, 29.8], ssim=0.79),
        result(method="dncnn_25", data="set12", n_images=12, psnr=27.18, sigma=50, psnr_noisy=14.15),
    ]
    costs = {"params": 556096, "macs": 36_600_000_000}
    methods = [{"method": "dncnn_25", "kind": "weights", "leak": [], **costs}, {"method": "nlm", "kind": "baseline"}]
    pair = {"a": "dncnn_25", "b": "nlm", "data": "set12", "noise": "gaussian", "sigma": 25, "n_images": 12}
    comparisons = [{**pair, "psnr": 1.77, "interval": [1.52, 2.034]}]
    facts = {"kind": "evaluation", "protocol": "published", "seed": 0, "draws": 1}
    return parsed(**facts | {"rows": rows, "methods": methods, "comparisons": comparisons} | changes)


def test_table_is_aligned_and_names_its_protocol():
    rows = [result(), result(data="bsd68", noise="poisson(peak=30)", sigma=None, psnr=math.inf, n_images=68)]
    protocol, head, first, second = text(parsed(rows=rows, protocol="clipped")).splitlines()
    assert protocol.startswith("protocol clipped: noisy input and output clamped")
    heads = ["Method", "Data", "Noise", "Sigma", "Images", "PSNR noisy (dB)", "PSNR (dB)", "Gain (dB)", "SSIM noisy"]
    assert re.split(r"\s{2,}", head) == [*heads, "SSIM"]
    assert first.split() == "unet photos gaussian 25 5 20.17 28.57 +8.40 0.410 0.810".split()
    assert second.split() == "unet bsd68 poisson(peak=30) - 68 20.17 inf - 0.410 0.810".split()
    assert len(head) == len(first) == len(second)


def test_an_evaluation_shows_intervals_costs_and_what_to_know():
    lines = text(evaluation()).splitlines()
    assert lines[0].startswith("protocol published: noise not clipped")
    assert lines[1].split("  ")[0] == "Method" and "PSNR Y" not in lines[1] and "s/MP" not in lines[1]
    assert re.split(r"\s{2,}", lines[2])[5:] == ["30.44 [29.40, 31.50]", "0.8100", "0.56 M", "36.6 G"]
    assert re.split(r"\s{2,}", lines[3])[5:] == ["28.67 [27.60, 29.80]", "0.7900", "-", "-"]
    assert lines[4].split()[3:6] == ["50", "12", "27.18"]
    assert (
        lines[5]
        == "noisy input on set12: 20.17 dB at sigma 25, 14.15 dB at sigma 50 (20 log10(255 / sigma), as expected)"
    )
    assert lines[-1] == "dncnn_25 − nlm = +1.77 dB [1.52, 2.03] (set12, sigma 25, n = 12, paired)"  # noqa: RUF001


def test_columns_stand_where_any_row_fills_them():
    rows = [result(psnr_y=29.9, lpips=0.1234, sigma_estimated=24.6, seconds_per_megapixel=0.517), result(method="nlm")]
    _, head, first, second, *_ = text(evaluation(rows=rows)).splitlines()
    assert re.split(r"\s{2,}", head)[-4:] == ["PSNR Y (dB)", "Sigma est.", "Time (s/MP)", "lpips"]
    assert first.split()[-4:] == ["29.90", "24.6", "0.52", "0.1234"]
    assert second.split()[-4:] == ["-"] * 4


def test_what_a_reader_must_know_is_below_the_table():
    methods = [{"method": "dncnn_25", "leak": ["a", "b"]}]
    rows = [result(method="dncnn_25", n_images=68, n_identical=3)]
    below = text(evaluation(rows=rows, methods=methods, draws=4, comparisons=[]))
    assert "LEAK: dncnn_25 was trained or selected on 2 of 68" in below
    assert "left out of the mean: 3 of 68 (dncnn_25 on photos, sigma 25)" in below
    assert "4 draws of noise, averaged per picture" in below
    assert "2 of 68" in latex(evaluation(rows=rows, methods=methods))


@pytest.mark.parametrize(
    ("changes", "protocol", "said"),
    [
        ({}, "published", "photos: 20.17 dB at sigma 25 (20 log10(255 / sigma), as expected)"),
        ({"psnr_noisy": 20.53}, "published", "(differs from 20 log10(255 / sigma): +0.36 dB at sigma 25)"),
        ({"psnr_noisy": 20.53}, "clipped", "photos: 20.53 dB at sigma 25"),
        ({"noise": "real", "sigma": None}, "published", "photos (real noise): 20.17 dB"),
        ({"noise": "speckle"}, "published", "photos (speckle): 20.17 dB at sigma 25"),
        ({"psnr_noisy": math.inf}, "published", "photos: inf dB at sigma 25"),
    ],
)
def test_the_noisy_input_is_checked_where_its_psnr_is_known(changes, protocol, said):
    rows = [Row.from_json(result(method=method, **changes)) for method in ("unet", "other")]
    lines = noisy_inputs(rows, protocol)
    assert len(lines) == 1 and lines[0].endswith(said)


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "-"), (12, "12"), (99, "99"), (1234, "1.23 k"), (556096, "0.56 M"), (36.6e9, "36.6 G"), (1.2e12, "1.20 T")],
)
def test_large_numbers_are_short(value, said):
    assert short(value) == said


def test_markdown_has_a_row_per_result_and_no_stray_bars():
    rows = [result(method=HOSTILE), result(method="nlm")]
    lines = markdown(evaluation(rows=rows)).splitlines()
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    assert len(cells) == 4 and len({len(row) for row in cells}) == 1
    assert "&lt;i>" in cells[2][0] and cells[1][0].strip() == "---" and cells[1][-1].strip() == "---:"
    assert lines[0].startswith("protocol published") and lines[-1].startswith("- dncnn_25 − nlm")  # noqa: RUF001


def test_latex_is_a_table_of_methods_by_noise_level():
    made = latex(evaluation())
    rows, all_figures = map(body, tables_of(made))
    assert rows[0] == ["", r"\multicolumn{2}{c}{set12}"]
    assert rows[1] == ["Method", r"$\sigma = 25$", r"$\sigma = 50$"]
    assert rows[2] == ["Noisy input", "20.17 / 0.4100", "14.15 / 0.4100"]
    assert rows[3] == [r"dncnn\_25", r"\textbf{30.44} / \textbf{0.8100}", "27.18 / 0.8100"]  # alone at 50: not bold
    assert rows[4] == ["nlm", "28.67 / 0.7900", "--"]
    assert all_figures[1][:7] == [r"dncnn\_25", "set12", "gaussian", "25", "12", "30.44 [29.40, 31.50]", "0.8100"]
    assert all_figures[0][7:] == ["Parameters", "MACs"] and all_figures[2][7:] == ["-", "-"]
    assert r"\cmidrule(lr){2-3}" in made and "set12 n = 12" in made and "Seed 0" in made


def test_latex_groups_columns_of_the_same_data_by_rising_level():
    rows = [result(sigma=50), result(data="set12", sigma=25), result(sigma=15), result(noise="real", sigma=None)]
    heads = body(tables_of(latex(evaluation(rows=rows)))[0])[:2]
    names = [r"\multicolumn{2}{c}{photos}", r"\multicolumn{1}{c}{set12}", r"\multicolumn{1}{c}{photos (real noise)}"]
    assert heads[0][1:] == names and heads[1][1:] == [r"$\sigma = 15$", r"$\sigma = 50$", r"$\sigma = 25$", ""]


def test_the_noisy_input_has_one_line():
    made = latex(evaluation(rows=[result(method="noisy", psnr=20.17), result(method="nlm")]))
    assert [row[0] for row in body(tables_of(made)[0])[2:]] == ["Noisy input", "nlm"]
    alone = latex(evaluation(rows=[result(method="noisy", psnr=20.17)]))
    assert [row[0] for row in body(tables_of(alone)[0])[2:]] == ["Noisy input"]


def test_files_have_every_figure_and_say_how_sure_they_are():
    rows = [result(ssim_interval=[0.8, 0.825], psnr_interval=[28, 29], lpips=0.2, psnr_y=30, seconds_per_megapixel=120)]
    for made, sign in ((markdown(evaluation(rows=rows)), "[95 %]"), (latex(evaluation(rows=rows)), r"[95 \%]")):
        assert f"SSIM {sign}" in made and "0.8100 [0.8000, 0.8250]" in made and "lpips" in made and "0.2000" in made
        assert "30.00" in made and " 120 " in made and NARROW in made and TIMED in made
    assert "SSIM [" not in text(evaluation(rows=rows)) and NARROW in text(evaluation(rows=rows))
    certain = [result(n_images=20, psnr_interval=[28, 29])]
    assert NARROW not in markdown(evaluation(rows=certain)) and TIMED not in markdown(evaluation(rows=certain))


def test_latex_takes_any_name():
    rows = [result(method=HOSTILE, data=HOSTILE, noise=HOSTILE), result(method="nlm", data=HOSTILE, noise=HOSTILE)]
    made = latex(evaluation(rows=rows, protocol=HOSTILE, seed=HOSTILE))
    assert len([*map(body, tables_of(made))]) == 2
    assert r"a\textbar{}b \& 50 \% of \$x\_1\textasciicircum{}2\$ \#\{\textasciitilde{}\textbackslash{}\}" in made


@pytest.mark.parametrize("content", [{}, {"rows": 3, "methods": "x"}, {"kind": "evaluation", "rows": [{}]}])
def test_damaged_results_still_make_tables(content):
    run = parsed(**content)
    assert text(run).startswith("protocol ") and markdown(run).startswith("protocol ")
    assert all(map(body, tables_of(latex(run)))) and run.differences == ()


def tables_of(made):
    """The two tables of an evaluation's LaTeX file."""
    first, second = made.removeprefix("% needs").split("\n\n% needs")
    return f"%{first}", f"%{second}"


def body(made):
    """The cells of a LaTeX table whose syntax is checked first: braces, environments, special signs, cell counts."""
    code = re.sub(r"^%.*\n", "", made)
    assert "%" not in re.sub(r"\\.", "", code)  # a comment would swallow the rest of its line
    bare = re.sub(r"\\[^a-zA-Z]", lambda found: "\n" if found[0] == "\\\\" else "", code)
    depth = 0
    for sign in bare:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0 and bare.count("$") % 2 == 0
    math_free = re.sub(r"\$[^$]*\$", "", bare)
    commands = set(re.findall(r"\\[a-zA-Z]+", math_free))
    known = "begin end centering caption label toprule midrule bottomrule multicolumn cmidrule textbf textbackslash"
    known += " textasciitilde textasciicircum textless textgreater textbar"
    assert commands <= {f"\\{name}" for name in known.split()}
    plain = re.sub(r"\\[a-zA-Z]+", "", math_free)
    assert not set(plain) & (SPECIAL - set("{}&"))
    opened, closed = re.findall(r"\\begin\{(\w+)\}", bare), re.findall(r"\\end\{(\w+)\}", bare)
    assert opened == closed[::-1] == ["table", "tabular"]
    assert "&" not in re.search(r"\\caption\{.*\n", bare)[0]
    columns = len(re.search(r"\\begin\{tabular\}\{(l+[cr]*)\}", bare)[1])
    lines = [line.strip() for line in code.splitlines() if line.endswith(r" \\")]
    rows = [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]
    for row in rows:
        spans = [int(found[1]) if (found := re.match(r"\s*\\multicolumn\{(\d+)\}", cell)) else 1 for cell in row]
        assert sum(spans) == columns
    return [[cell.strip() for cell in row] for row in rows]
