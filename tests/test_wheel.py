"""The wheel holds what it needs and nothing else, and runs where there is no checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def python(*arguments, **options):
    done = subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY)
    (path,) = folder.glob("*.whl")
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


def test_installed_wheel_runs_without_the_checkout(installed, tmp_path):
    target, env = installed
    where = "import denoiser, denoiser.config as c; print(denoiser.__file__, c.config_dir())"
    printed = python("-c", where, cwd=tmp_path, env=env)
    assert printed.split() == [str(target / "denoiser" / "__init__.py"), str(target / "denoiser" / "conf")]
    small = ("trainer=smoke", "trainer.limit_val_batches=1", "data.images=2", "callbacks.images.count=1")
    run = python("-m", "denoiser.cli.main", "run", *small, f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path, env=env)
    assert run.splitlines()[-1] == str(tmp_path / "run")
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert (results["status"], results["commit"]) == ("ok", None)
    assert [row["method"] for row in results["rows"]] == ["unet"]
    assert (tmp_path / "run" / "report.html").stat().st_size > 0
    arguments = f"checkpoint={tmp_path / 'run'}", "baseline=wavelet", f"hydra.run.dir={tmp_path / 'evaluation'}"
    printed = python("-m", "denoiser.cli.main", "evaluate", *arguments, cwd=tmp_path, env=env)
    assert printed.splitlines()[-1] == str(tmp_path / "evaluation") and "wavelet = " in printed
    assert {path.name for path in tmp_path.iterdir()} == {"run", "evaluation"}
