"""The commands with classes of a package of the user's own."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import own_package
from PIL import Image

from denoiser import denoise, evaluate, export, load, report, run
from denoiser.errors import DenoiserError
from denoiser.trust import TRUST

QUICK = ("trainer=smoke", "callbacks.progress.style=none", "callbacks.images.count=1", "noise.sigma=50")
KINDS = ("model=own", "data=halves", "noise=dead", "objective=cubed", "optimizer=slow", "callbacks=steps")


def package(folder, patch):
    """`mypkg` in a folder, ten pictures, and the environment that finds them; returns its folder of configuration."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir()
    for i in range(10):
        coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
        coarse.resize((32, 24), Image.Resampling.BICUBIC).save(folder / "pictures" / f"{i}.png")
    patch.syspath_prepend(str(folder))
    patch.setenv("OWN_PICTURES", str(folder / "pictures"))
    return own_package.write(folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a run with an own class of every kind, and what it printed last."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        conf = package(folder, patch)
        patch.chdir(folder)
        words = [*KINDS, "logger=lines", *QUICK[:-1], "trust=[mypkg]", f"--config-dir={conf}"]
        assert run.main([*words, "hydra.run.dir=run"]) == 0
        yield folder
    own_package.forget()


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """`mypkg` for tests that train nothing."""
    own_package.forget()
    monkeypatch.chdir(tmp_path)
    yield package(tmp_path, monkeypatch)
    own_package.forget()


def refused(main, words, capsys, code=2):
    capsys.readouterr()
    assert main([str(word) for word in words]) == code
    what, fix = capsys.readouterr().err.strip().splitlines()
    return what, fix


def test_a_run_takes_an_own_class_of_every_kind(trained):
    results = json.loads((trained / "run" / "results.json").read_text())
    assert results["status"] == "ok" and results["trust"] == ["mypkg"]
    assert results["train_data"] == "halves" and results["methods"][0]["method"] == "own"
    assert "dead" in results["methods"][0]["trained_on"]
    assert int((trained / "steps.txt").read_text()) == results["steps"] > 0
    assert list((trained / "run" / "lines").rglob("metrics.csv"))
    assert f"--config-dir={trained / 'conf'}" in results["command"]


def test_a_checkpoint_is_loaded_where_its_package_is_trusted(trained, tmp_path, monkeypatch, capsys):
    photo = trained / "pictures" / "0.png"
    to = ("-o", tmp_path / "out.png")
    what, fix = refused(denoise.main, [photo, *to, "--checkpoint", trained / "run"], capsys)
    assert "mypkg.net.Net is not allowed" in what and "best.ckpt" in what
    assert "DENOISER_TRUST=mypkg denoiser denoise ..." in fix and "trust=[" not in fix  # it takes no overrides
    what, fix = refused(export.main, [trained / "run", "-o", tmp_path / "e"], capsys)
    assert "mypkg.net.Net is not allowed" in what
    assert "DENOISER_TRUST=mypkg denoiser export ..." in fix and "trust=[" not in fix
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DenoiserError, match=r"mypkg\.net\.Net is not allowed"):
        load(trained / "run")
    assert load(trained / "run", trust=["mypkg"]).name == "own"
    monkeypatch.setenv(TRUST, "mypkg")
    assert denoise.main([str(photo), *map(str, to), "--checkpoint", str(trained / "run")]) == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (32, 24)


def test_a_report_and_an_export_of_an_own_network(trained, tmp_path, monkeypatch):
    assert report.main([str(trained / "run"), "-o", str(tmp_path / "report")]) == 0
    monkeypatch.setenv(TRUST, "mypkg")
    assert export.main([str(trained / "run"), "-o", str(tmp_path / "exported"), "--format", "safetensors"]) == 0
    (file,) = tmp_path.rglob("*.safetensors")
    assert load(file).name == file.stem
    monkeypatch.delenv(TRUST)
    with pytest.raises(DenoiserError, match=r"mypkg\.net\.Net is not allowed"):
        load(file)


def test_what_the_run_needed_is_shown_and_allows_nothing(trained, tmp_path, capsys):
    shutil.copytree(trained / "run", tmp_path / "run")
    content = json.loads((tmp_path / "run" / "results.json").read_text())
    for recorded, shown in ((["other", "mypkg"], "trust=[other,mypkg]"), (["a b", 3], "trust=[mypkg]"), (7, "[mypkg]")):
        (tmp_path / "run" / "results.json").write_text(json.dumps({**content, "trust": recorded}))
        _, fix = refused(evaluate.main, [f"checkpoint={tmp_path / 'run'}", "data=photos"], capsys)
        assert shown in fix


def test_an_evaluation_takes_own_metrics_and_baselines(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = [f"checkpoint={trained / 'run'}", "data=halves", f"--config-dir={trained / 'conf'}", "noise.sigma=25"]
    words += ["metrics=[mypkg.parts.Sharpness,mypkg.parts.brightness]", "baseline=[mypkg.parts.halved,noisy]"]
    words += ["allow_leak=true"]
    assert evaluate.main([*words, "hydra.run.dir=both"]) == 0  # halves.yaml holds trust
    results = json.loads(Path("both", "results.json").read_text())
    rows = {row["method"]: row for row in results["rows"]}
    assert list(rows) == ["own", "halved", "noisy"] and results["trust"] == ["mypkg"]
    assert rows["noisy"]["Sharpness"] > 1 and rows["halved"]["brightness"] < -0.05
    with Path("both", "results.csv").open() as file:
        assert {"Sharpness", "brightness"} <= set(next(csv.DictReader(file)))
    capsys.readouterr()
    words = ["data=photos", "baseline=noisy", "noise.sigma=25"]
    for key in ("metrics=[mypkg.parts.Sharpness]", "baseline=mypkg.parts.halved"):
        what, fix = refused(evaluate.main, [*words[: 1 if key[0] == "b" else 2], words[2], key], capsys)
        assert f"is not allowed ({key.partition('=')[0]})" in what and "trust=[mypkg]" in fix
    what, _ = refused(evaluate.main, [*words, "metrics=[mypkg.parts.psnr]", "trust=[mypkg]"], capsys)
    assert "a name that has a column already" in what
    what, _ = refused(evaluate.main, [*words, "metrics=[mypkg.parts.absent]", "trust=[mypkg]"], capsys)
    assert "there is no mypkg.parts.absent" in what
    assert {path.name for path in tmp_path.iterdir()} == {"both"}


def test_a_saved_trust_never_counts(trained, capsys):
    folder = trained / "run"  # in place: Lightning warns of a folder that has moved
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**results, "status": "interrupted"}))
    assert "trust:\n- mypkg\n" in (folder / ".hydra" / "config.yaml").read_text()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    what, fix = refused(run.main, [f"resume={folder}", "trainer.max_epochs=2"], capsys)
    assert "is not allowed" in what and "trust=[mypkg]" in fix
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    words = [f"resume={folder}", "trainer.max_epochs=2", "trust=[mypkg]", "--config-dir", str(trained / "conf")]
    assert run.main(words) == 0
    resumed = json.loads((folder / "results.json").read_text())
    assert resumed["status"] == "ok" and resumed["trust"] == ["mypkg"] and resumed["epochs"] == 2


def test_the_trust_of_a_choice_in_a_folder_does_not_count_when_it_is_resumed(trained, tmp_path, capsys):
    shutil.copytree(trained / "run", tmp_path / "run")
    config = tmp_path / "run" / ".hydra" / "config.yaml"
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    (tmp_path / "run" / "results.json").write_text(json.dumps({**results, "status": "interrupted"}))
    config.write_text(config.read_text().replace("mypkg.net.Net", "torch.nn.Identity"))
    what, _ = refused(run.main, [f"resume={tmp_path / 'run'}", "--config-dir", trained / "conf"], capsys)
    assert "mypkg." in what and "is not allowed" in what


BAD = [
    (["model=own"], "mypkg.net.Net is not allowed", "trust=[mypkg], or DENOISER_TRUST=mypkg"),
    (["model=own", "trust=[other]"], "mypkg.net.Net is not allowed", "trust=[other,mypkg]"),
    (["model.network._target_=mypkg.broken.Net", "trust=[mypkg]"], "No module named 'absent_package'", "installed"),
    (["model.network._target_=mypkg.net.system", "trust=[mypkg]"], "is not allowed", "that mypkg itself defines"),
    (
        ["model=own", "model.network._target_=mypkg.net.Wrong", "~model.network.width", "trust=[mypkg]", "data=halves"],
        "(2, 1, 16, 16) of (2, 3, 16, 16)",
        "same shape",
    ),
    (["model=own", "trust=[mypkg]", "+model.network.depth=3"], "Net takes no 'depth'", "width"),
    (
        ["objective.loss={_target_:mypkg.parts.LogCosh,scale:2.0}", "trust=[mypkg]"],
        "mypkg.parts.LogCosh is not allowed as the value of a key (objective.loss)",
        "objective._target_=mypkg.parts.LogCosh +objective.scale=2.0",
    ),
    (
        ["noise._target_=mypkg.parts.Unlevelled", "trust=[mypkg]"],
        "uses a noise level and has none",
        "a subclass of denoiser.noise.Gaussian",
    ),
    (["trust=a-b"], "not the name of a package", "trust=[mypkg]"),
    (["model=owm"], "no model 'owm'", "model=own"),
    (["model.network._target_=torch.nn.Absent"], "there is no torch.nn.Absent", "spelling"),
    (["noise.sigma=0.5"], "below one grey level", "127.5"),
    (["data=folder", "data.path=nowhere"], "no such folder", "folder of pictures"),
    (["data.test=nothing"], "no data 'nothing'", "data.test="),
    (["optimizer.lr=fast"], "not a number", "optimizer.lr="),
    (
        ["callbacks.epoch_log._target_=mypkg.parts.Steps"],
        "mypkg.parts.Steps is not allowed (_target_ of callback)",
        "trust=",
    ),
    (["--config-dir=absent"], "no such folder of configuration (absent)", "--config-dir DIR"),
]


@pytest.mark.parametrize(
    ("given", "what", "fix"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_what_is_refused_leaves_no_folder(given, what, fix, conf, tmp_path, capsys):
    shown = {path.name for path in tmp_path.iterdir()}
    lines = refused(run.main, [f"--config-dir={conf}", *given], capsys)
    assert what in lines[0] and fix in lines[1]
    assert {path.name for path in tmp_path.iterdir()} == shown


def test_a_folder_that_was_there_stays(conf, tmp_path, capsys):
    (tmp_path / "kept" / "inside").mkdir(parents=True)
    (tmp_path / "outputs").mkdir()
    for place in ((), ("hydra.run.dir=kept",), ("hydra.run.dir='kept/inside/a run'",), ("hydra.run.dir=new/run",)):
        refused(run.main, ["noise.sigma=0.5", *place], capsys)
        assert (tmp_path / "outputs").is_dir() and (tmp_path / "kept" / "inside").is_dir()
        assert [path for path in tmp_path.glob("outputs/*")] == [path for path in tmp_path.glob("kept/inside/*")] == []
        assert not (tmp_path / "new").exists()


def test_a_sweep_uses_the_folder_and_lists_what_it_refused(conf, tmp_path, capsys):
    words = ["-m", f"--config-dir={conf}", "model=own,own_trusted", "noise.sigma=0.5", "hydra.sweep.dir=sweep"]
    assert run.main(words) == 1
    assert capsys.readouterr().err.count("below one grey level") == 1  # own is not allowed
    with (tmp_path / "sweep" / "summary.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["failed", "failed"]
    errors = [json.loads((tmp_path / "sweep" / job / "results.json").read_text())["error"] for job in "01"]
    assert "is not allowed" in errors[0] and "below one grey level" in errors[1]


def test_an_untrusted_class_is_refused_without_torch(conf):
    code = "import sys; from denoiser.cli.main import main; sys.exit(main() + 7 * ('torch' in sys.modules))"
    for verb, words in (("run", ["model=own"]), ("evaluate", ["metrics=[mypkg.parts.Sharpness]", "baseline=noisy"])):
        command = [sys.executable, "-c", code, verb, f"--config-dir={conf}", *words]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and "is not allowed" in done.stderr, done.stderr
