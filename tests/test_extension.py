"""The example package of experiments/extension is built, installed beside denoiser, and used without a key of trust."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from denoiser.search_path import PACKAGE

SOURCE = PACKAGE.parent / "experiments" / "extension"
QUICK = ("trainer=smoke", "callbacks.progress.style=none")
CHOICES = ("model=small", "data=blocks", "noise=missing", "objective=cauchy", "callbacks=weight_norm")


def lines(file):
    return sum(bool(line.strip()) for line in file.read_text().splitlines())


def test_each_part_is_short():
    parts = [*(SOURCE / "mypkg").glob("*.py"), *(SOURCE / "mypkg").rglob("*.yaml")]
    assert len(parts) == 15 and [file.name for file in parts if lines(file) > 15] == []


@pytest.fixture(scope="module")
def denoiser(tmp_path_factory):
    """Runs `denoiser ARGUMENTS` in an empty folder, with the wheel of the example installed."""
    base = tmp_path_factory.mktemp("extension")
    source, site, work = base / "source", base / "site", base / "work"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    work.mkdir()
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    install = [sys.executable, *pip, "--no-build-isolation", "--target", str(site), str(source)]
    built = subprocess.run(install, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr

    def run(*arguments, code=0, **environment):
        env = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}:{site}", "OMP_NUM_THREADS": "1", **environment}
        command = [sys.executable, "-m", "denoiser.cli.main", *arguments]
        done = subprocess.run(command, cwd=work, env=env, capture_output=True, text=True)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout

    run.folder = work
    return run


def test_the_commands_of_its_page(denoiser):
    shown = denoiser("run", "--help")
    assert all(
        re.search(rf"^{group}:.*\b{name}\b", shown, re.MULTILINE) for group, name in (c.split("=") for c in CHOICES)
    )
    denoiser("run", *CHOICES, *QUICK, "hydra.run.dir=run")
    run = denoiser.folder / "run"
    results = json.loads((run / "results.json").read_text())
    assert results["status"] == "ok" and results["trust"] == ["mypkg"] and results["train_data"] == "blocks"
    assert (run / "weight_norm.txt").read_text().startswith("1 ")

    own = ("baseline=mypkg.baseline.median", "metrics=[mypkg.metric.Sharpness]", "hydra.run.dir=evaluation")
    denoiser("evaluate", "checkpoint=run", "data=photos", "noise=missing", *own)
    rows = json.loads((denoiser.folder / "evaluation" / "results.json").read_text())["rows"]
    assert [row["method"] for row in rows] == ["small", "median"] and all(row["Sharpness"] > 0 for row in rows)
    assert rows[1]["psnr"] > rows[1]["psnr_noisy"]  # a median fills missing pixels

    denoiser("evaluate", "baseline=noisy", "data=photos", "noise=stripes", "test.sigma=[15,50]", "hydra.run.dir=levels")
    rows = json.loads((denoiser.folder / "levels" / "results.json").read_text())["rows"]
    assert [(row["noise"], row["sigma"]) for row in rows] == [("stripes", 15.0), ("stripes", 50.0)]
    assert rows[0]["psnr"] > rows[1]["psnr"] + 5

    error = denoiser("export", "run", "-o", "exported", code=2)
    assert "mypkg.network.Small is not allowed" in error and "DENOISER_TRUST=mypkg" in error
    denoiser("export", "run", "-o", "exported", "--format", "safetensors", DENOISER_TRUST="mypkg")
    assert {path.stem for path in denoiser.folder.iterdir()} == {"run", "evaluation", "levels", "exported"}


def test_its_page_names_every_file(denoiser):
    page = (SOURCE / "README.md").read_text()
    assert all(f"`{file.name}`" in page for file in Path(SOURCE, "mypkg").glob("[!_]*.py"))
    assert all(f"`conf/{file.parent.name}/{file.name}`" in page for file in Path(SOURCE, "mypkg").rglob("*.yaml"))
    commands = re.search(r"```sh\n(.*?)```", page, re.DOTALL).group(1)
    assert all(word in commands for word in (*CHOICES, "baseline=mypkg.baseline.median", "DENOISER_TRUST=mypkg"))
