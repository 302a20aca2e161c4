"""The wheel and the sdist hold what they need and nothing else, and the wheel runs where there is no checkout."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest
from helpers import one_process

REPOSITORY = Path(__file__).resolve().parents[1]


def python(*arguments, **options):
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def git_files(*options):
    command = ["git", "ls-files", *options]
    return {*subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Folder of the sdist and of the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--no-isolation", "--outdir", folder, REPOSITORY)
    return folder


@pytest.fixture(scope="module")
def wheel(dist):
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the installed wheel, and the surroundings in which it, not the checkout, is imported."""
    target, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("home")
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    python(*pip, "--target", target, wheel)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DENOISER_", "XDG_", "PYTHON"))}
    return target, {**kept, "PYTHONPATH": str(target), "HOME": str(home), "OMP_NUM_THREADS": "1"}


def test_wheel_holds_the_package_and_its_configuration(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    here = [*(REPOSITORY / "denoiser").rglob("*.*"), *(REPOSITORY / "conf").rglob("*.yaml")]
    needed = {file.relative_to(REPOSITORY) for file in here if file.suffix != ".pyc"}
    inside = {str(Path("denoiser", name) if name.parts[0] == "conf" else name) for name in needed}
    pages = {f"denoiser/reports/html/{name}" for name in ("page.html", "page.css", "viewer.js", "sortable.js")}
    weights = {str(file.relative_to(REPOSITORY)) for file in (REPOSITORY / "denoiser" / "weights").glob("*.*")}
    assert {f"denoiser/weights/photo{suffix}" for suffix in (".json", ".md", ".safetensors")} <= weights <= {*names}
    lists = {"denoiser/weights/published.json", "denoiser/data/store/testset-sha256.txt", "denoiser/conf/evaluate.yaml"}
    assert lists | pages <= inside
    assert inside == {name for name in names if ".dist-info/" not in name}


def test_wheel_says_what_it_is(wheel):
    archive = zipfile.ZipFile(wheel)
    (scripts,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "denoiser = denoiser.cli.main:main" in archive.read(scripts).decode()
    assert any("licenses/LICENSE" in name for name in archive.namelist())


def test_package_page_has_no_link_or_picture_of_the_source_tree(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(archive.read(name))
    page = metadata.get_payload(decode=True).decode()
    assert re.findall(r"\]\((?!https?:)", page) == [] and "noisy (sigma 25)" not in page
    assert "## Recipes" in page and "see LICENSE (LICENSE)" in page and len(page) > 10_000
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert metadata["Summary"] == project["description"] and metadata.get_all("Classifier") == project["classifiers"]


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="not a git checkout")
def test_sdist_holds_what_its_tests_need(dist):
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    tracked = {name for name in git_files() if not name.startswith(".ci/")}
    folders = {str(folder) for name in inside for folder in Path(name).parents}
    assert tracked <= inside <= git_files("--others", "--cached", "--exclude-standard") | folders | {"", "PKG-INFO"}


def test_installed_wheel_runs_without_the_checkout(installed, tmp_path):
    target, env = installed
    where = "import denoiser, denoiser.search_path as path; print(denoiser.__file__, path.config_dir())"
    printed = python("-c", where, cwd=tmp_path, env=env)
    assert printed.split() == [str(target / "denoiser" / "__init__.py"), str(target / "denoiser" / "conf")]
    small = ("trainer=smoke", "trainer.limit_val_batches=1", "model.network.widths=[8,16,16]")
    small += ("data.images=2", "callbacks.images.count=1")
    run = ("run", *small, f"hydra.run.dir={tmp_path / 'run'}")
    evaluate = (
        "evaluate",
        f"checkpoint={tmp_path / 'run'}",
        "baseline=wavelet",
        f"hydra.run.dir={tmp_path / 'scored'}",
    )
    done = one_process.denoiser(run, evaluate, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert str(tmp_path / "run") in lines and lines[-1] == str(tmp_path / "scored") and "wavelet = " in done.stdout
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (results["status"], results["commit"]) == ("ok", None)
    assert [row["method"] for row in results["rows"]] == ["unet"]
    assert (tmp_path / "run" / "report.html").stat().st_size > 0
    assert {path.name for path in tmp_path.iterdir()} == {"run", "scored"}
