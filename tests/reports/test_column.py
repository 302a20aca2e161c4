"""A new column touches two files: the one that computes its figure, and the table of columns."""

from pathlib import Path

import pytest
from helpers.package_copy import PackageCopy

COMPUTED = '"ssim": ssim(output, clean)'
COLUMN = 'Column("mae", "MAE", "Mean absolute error.", decimals=5, shown=TABLES | {"comparison"}),'


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} has {old} {text.count(old)} times"
    path.write_text(text.replace(old, new))


@pytest.fixture
def package(tmp_path):
    copy = PackageCopy(tmp_path)
    scoring, columns = (copy.folder / "denoiser" / name for name in ("evaluation/scoring.py", "runs/columns.py"))
    edit(scoring, COMPUTED, f'{COMPUTED}, "mae": (output - clean).abs().mean(dim=(1, 2, 3))')
    edit(columns, '    Column("psnr_y", ', f'    {COLUMN}\n    Column("psnr_y", ')
    return copy


def test_a_column_is_shown_in_every_table(package, pictures_folder):
    data = ["data=folder", f"data.path={pictures_folder()}"]
    done = package.run("evaluate", "baseline=noisy", *data, "noise.sigma=25", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    compared = package.run("report", "out", "-o", "compared")
    assert compared.returncode == 0, compared.stderr
    folder = package.folder / "work"
    heads = {
        "out/results.csv": ",mae",
        "out/results.json": '"mae": 0.',
        "out/table.md": "| MAE |",
        "out/table.tex": "& MAE &",
        "out/report.html": 'title="Mean absolute error.">MAE',
        "compared/table.tex": "/ SSIM / MAE, ",
    }
    lacking = [name for name, head in heads.items() if head not in Path(folder, name).read_text(encoding="utf-8")]
    assert lacking == [] and " MAE " in done.stdout
