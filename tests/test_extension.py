"""The example package of experiments/extension is built, installed beside denoiser, and used without a key of trust."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import own_package

from denoiser.cli import main as cli
from denoiser.search_path import PACKAGE
from denoiser.trust import TRUST

SOURCE = PACKAGE.parent / "experiments" / "extension"
QUICK = ("trainer=smoke", "callbacks.progress.style=none")
CHOICES = ("model=small", "data=blocks", "noise=missing", "objective=cauchy", "callbacks=weight_norm")


def lines(file):
    return sum(bool(line.strip()) for line in file.read_text().splitlines())


def test_each_part_is_short():
    parts = [*(SOURCE / "mypkg").glob("*.py"), *(SOURCE / "mypkg").rglob("*.yaml")]
    assert len(parts) == 15 and [file.name for file in parts if lines(file) > 15] == []


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds the installed wheel of the example."""
    base = tmp_path_factory.mktemp("extension")
    source, site = base / "source", base / "site"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    install = [sys.executable, *pip, "--no-build-isolation", "--target", str(site), str(source)]
    built = subprocess.run(install, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return site


@pytest.fixture
def denoiser(site, tmp_path, monkeypatch, capsys):
    """Runs `denoiser ARGUMENTS` in an empty folder, with the wheel installed; in this process, which has torch."""
    own_package.forget()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(site))

    def run(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["denoiser", *arguments])
        capsys.readouterr()
        returned, (out, err) = cli.main(), capsys.readouterr()
        assert returned == code, out + err
        return err if code else out

    yield run
    own_package.forget()


def test_help_of_a_new_process_shows_its_choices(site, tmp_path):
    command = [sys.executable, "-m", "denoiser.cli.main", "run", "--help"]
    env = {**os.environ, "PYTHONPATH": f"{PACKAGE.parent}:{site}"}
    shown = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    for group, name in (choice.split("=") for choice in CHOICES):
        assert re.search(rf"^{group}:.*\b{name}\b", shown, re.MULTILINE), name


def test_the_commands_of_its_page(denoiser, tmp_path, monkeypatch):
    denoiser("run", *CHOICES, *QUICK, "hydra.run.dir=run")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["status"] == "ok" and results["trust"] == ["mypkg"] and results["train_data"] == "blocks"
    assert (tmp_path / "run" / "weight_norm.txt").read_text().startswith("1 ")

    own = ("baseline=mypkg.baseline.median", "metrics=[mypkg.metric.Sharpness]", "hydra.run.dir=evaluation")
    denoiser("evaluate", "checkpoint=run", "data=photos", "noise=missing", *own)
    rows = json.loads((tmp_path / "evaluation" / "results.json").read_text())["rows"]
    assert [row["method"] for row in rows] == ["small", "median"] and all(row["Sharpness"] > 0 for row in rows)
    assert rows[1]["psnr"] > rows[1]["psnr_noisy"]  # a median fills missing pixels

    denoiser("evaluate", "baseline=noisy", "data=photos", "noise=stripes", "test.sigma=[15,50]", "hydra.run.dir=levels")
    rows = json.loads((tmp_path / "levels" / "results.json").read_text())["rows"]
    assert [(row["noise"], row["sigma"]) for row in rows] == [("stripes", 15.0), ("stripes", 50.0)]
    assert rows[0]["psnr"] > rows[1]["psnr"] + 5

    error = denoiser("export", "run", "-o", "exported", code=2)
    assert "mypkg.network.Small is not allowed" in error and "DENOISER_TRUST=mypkg" in error
    monkeypatch.setenv(TRUST, "mypkg")
    denoiser("export", "run", "-o", "exported", "--format", "safetensors")
    assert {path.stem for path in tmp_path.iterdir()} == {"run", "evaluation", "levels", "exported"}


def test_its_page_names_every_file():
    page = (SOURCE / "README.md").read_text()
    assert all(f"`{file.name}`" in page for file in Path(SOURCE, "mypkg").glob("[!_]*.py"))
    assert all(f"`conf/{file.parent.name}/{file.name}`" in page for file in Path(SOURCE, "mypkg").rglob("*.yaml"))
    commands = re.search(r"```sh\n(.*?)```", page, re.DOTALL).group(1)
    assert all(word in commands for word in (*CHOICES, "baseline=mypkg.baseline.median", "DENOISER_TRUST=mypkg"))
