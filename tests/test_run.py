import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.config import compose
from denoiser.errors import DenoiserError
from denoiser.run import _say_data, main, run
from denoiser.runs import checkpoint

TINY = [
    "model=cifar_strided",
    "model.network.widths=[8,16]",
    "data=folder",
    "data.patch_size=16",
    "data.batch_size=4",
    "data.crops_per_image=4",
    "recipe.bfloat16=false",
    "callbacks.progress.style=none",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve small pictures of two sizes."""
    place = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for i in range(12):
        coarse = rng.integers(0, 256, (6, 5 + i % 2, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((40 + 8 * (i % 2), 48), Image.Resampling.BICUBIC).save(place / f"{i}.png")
    return place


@pytest.fixture
def tiny(folder):
    return [*TINY, f"data.path={folder}"]


def weights(folder, name="last"):
    return checkpoint.read(folder / "checkpoints" / f"{name}.ckpt")["state_dict"]


def test_a_run_folder_holds_what_it_should(tiny, tmp_path, capsys):
    out = tmp_path / "a run"
    content = run(compose([*tiny, "trainer.max_epochs=2", "test.sigma=[15,25]"]), out, ["one", "two=2 3"])
    assert capsys.readouterr().out.strip().splitlines()[-1] == str(out)
    for name in ("results.csv", "results.json", "report.html", "metrics.csv", "checkpoints/best.ckpt"):
        assert (out / name).stat().st_size > 0, name
    assert not [path for path in out.rglob("*") if "=" in path.name or " " in path.name]
    assert json.loads((out / "results.json").read_text()) == content
    assert content["status"] == "ok" and content["protocol"] == "published" and content["error"] is None
    assert content["command"] == "denoiser run one 'two=2 3'"
    assert [row["sigma"] for row in content["rows"]] == [15, 25]
    with (out / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in content["rows"]:
        mine = [float(r["psnr"]) for r in rows if float(r["sigma"]) == row["sigma"]]
        assert len(mine) == row["n_images"] and row["psnr"] == pytest.approx(np.mean(mine), abs=1e-4)
    assert content["rows"][1]["psnr_noisy"] == pytest.approx(20.17, abs=0.2)
    with (out / "metrics.csv").open() as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2"]


def test_the_macs_and_parameters_are_those_of_the_network(tiny, tmp_path):
    content = run(compose([*tiny, "trainer=smoke"]), tmp_path / "run")
    # Two convolutions and two transposed ones of 3x3, all on a quarter and a sixteenth of 256x256 pixels.
    quarter, sixteenth = 128 * 128, 64 * 64
    assert content["macs"] == 9 * (3 * 8 * quarter + 8 * 16 * sixteenth + 16 * 8 * sixteenth + 8 * 3 * quarter)
    assert content["params"] == sum(9 * a * b for a, b in [(3, 8), (8, 16), (16, 8), (8, 3)]) + 8 + 16 + 8 + 3


def test_the_best_checkpoint_is_tested(tiny, tmp_path):
    out = tmp_path / "run"
    content = run(compose([*tiny, "trainer.max_epochs=3", "optimizer.lr=0.3"]), out)
    with (out / "metrics.csv").open() as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file)]
    best = checkpoint.read(out / "checkpoints" / "best.ckpt")
    assert best["epoch"] == int(np.argmin(losses))
    again = run(compose([*tiny, f"trainer.max_epochs={best['epoch'] + 1}", "optimizer.lr=0.3"]), tmp_path / "again")
    assert content["rows"][0]["psnr"] == pytest.approx(again["rows"][0]["psnr"], abs=1e-3)


def test_a_seed_determines_the_numbers(tiny, tmp_path):
    first, second, other = (
        run(compose([*tiny, "trainer=smoke", f"seed={seed}"]), tmp_path / str(i))["rows"]
        for i, seed in enumerate((0, 0, 1))
    )
    assert first == second
    assert first[0]["psnr"] != other[0]["psnr"] and first[0]["psnr_noisy"] != other[0]["psnr_noisy"]


class Stop(KeyboardInterrupt):
    pass


def test_an_interrupted_run_goes_on_to_the_same_weights(tiny, tmp_path, monkeypatch, capsys):
    from denoiser.training.module import Denoiser

    settings = [*tiny, "trainer.max_epochs=3", "optimizer=adamw"]
    run(compose(settings), tmp_path / "whole")
    step, seen = Denoiser.training_step, []

    def stopping(self, batch, batch_idx):
        seen.append(batch_idx)
        if self.current_epoch == 1 and batch_idx == 3:
            raise Stop
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Denoiser, "training_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(compose(settings), tmp_path / "halves", settings)
    assert json.loads((tmp_path / "halves" / "results.json").read_text())["status"] == "interrupted"
    monkeypatch.undo()
    (named,) = (tmp_path / "halves" / "tensorboard").iterdir()
    assert named.name.startswith("cifar_strided_folder_model.network.widths-8-16_data.patch_size-16_")
    assert main([f"resume={tmp_path / 'halves'}", "trainer.log_every_n_steps=3"]) == 0
    assert list((tmp_path / "halves" / "tensorboard").iterdir()) == [named]
    assert json.loads((tmp_path / "halves" / "results.json").read_text())["status"] == "ok"
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(value, weights(tmp_path / "halves")[name]), name
    rows = [(tmp_path / name / "metrics.csv").read_text().splitlines() for name in ("whole", "halves")]
    assert [row.rpartition(",")[0] for row in rows[0]] == [row.rpartition(",")[0] for row in rows[1]]
    capsys.readouterr()
    assert main([f"resume={tmp_path / 'halves'}"]) == 2
    assert "finished" in capsys.readouterr().err


def interrupted(settings, out, monkeypatch):
    """A run that is interrupted in its second epoch."""
    from denoiser.training.module import Denoiser

    step = Denoiser.training_step

    def stopping(self, batch, batch_idx):
        if self.current_epoch == 1:
            raise Stop
        return step(self, batch, batch_idx)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Denoiser, "training_step", stopping)
        run(compose([*settings, "trainer.max_epochs=2"]), out)


@pytest.mark.parametrize("word", ["resume=latest", "+resume=latest", "++resume=latest"])
def test_resume_starts_no_other_run_however_it_is_written(word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([word, "trainer=smoke"]) == 2
    assert "trainer" in capsys.readouterr().err
    assert main([word]) == 2
    assert "resume" in capsys.readouterr().err and not list(tmp_path.iterdir())
    with pytest.raises(DenoiserError, match=r"only the command resumes \(resume=latest\)"):
        run(compose(["resume=latest"]), tmp_path / "run")


def test_a_run_below_the_home_folder_is_resumed_by_its_path(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["resume=~/absent"]) == 2
    assert f"error: no run to resume ({tmp_path}/absent)" in capsys.readouterr().err


def test_resume_takes_the_newest_unfinished_run_and_only_trainer_keys(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["resume=latest"]) == 2
    day = tmp_path / "outputs" / "day"
    for name in ("old", "new"):
        interrupted(tiny, day / name, monkeypatch)
        os.utime(day / name / ".hydra" / "config.yaml", (1e9, 1e9 + (name == "new")))
    with pytest.raises(DenoiserError):  # never started, so there is nothing to resume
        run(compose([*tiny, "noise.sigma=-1"]), day / "newest")
    capsys.readouterr()
    assert main(["resume=latest", "data.patch_size=16"]) == 2
    assert "data.patch_size=16" in capsys.readouterr().err
    assert main(["resume=latest", "trainer.max_epoch=3"]) == 2
    assert "trainer.max_epochs" in capsys.readouterr().err
    before = json.loads((day / "new" / "results.json").read_text())["seconds"] + 1000
    head, *epochs = (day / "new" / "metrics.csv").read_text().splitlines()  # as if it had been killed in the second
    slow = [",".join([*epoch.split(",")[:-1], str(before)]) for epoch in epochs]
    (day / "new" / "metrics.csv").write_text("\n".join([head, *slow]) + "\n")
    assert main(["resume=latest", "trainer.max_epochs=3"]) == 0
    after = json.loads((day / "new" / "results.json").read_text())
    assert after["epochs"] == 3 and after["seconds"] > before and "trainer.max_epochs=3" in after["command"]
    assert json.loads((day / "old" / "results.json").read_text())["status"] == "interrupted"


def test_a_run_can_be_resumed_from_another_folder(tiny, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder.parent)
    relative = [*tiny[:-1], f"data.path={folder.name}"]
    interrupted(relative, tmp_path / "a b=c ü", monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert main(["resume=a b=c ü"]) == 0


def test_an_interrupted_sweep_stops_and_leaves_its_summary(tiny, tmp_path, monkeypatch, capsys):
    from denoiser.training.module import Denoiser

    step = Denoiser.training_step

    def stopping(self, batch, batch_idx):
        if self.hparams["trained_on"].startswith("folder, gaussian noise, sigma 25"):
            raise Stop
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Denoiser, "training_step", stopping)
    sweep = tmp_path / "sweep"
    assert main([*tiny, "trainer=smoke", "noise.sigma=15,25,50", f"hydra.sweep.dir={sweep}", "-m"]) == 130
    captured = capsys.readouterr()
    assert captured.err.strip().splitlines() == [
        f"error: interrupted ({sweep / '1'})",
        f"fix: denoiser run resume={sweep / '1'}",
    ]
    with (sweep / "summary.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok", "interrupted"]
    assert not (sweep / "2").exists()


def test_of_two_runs_that_want_one_folder_one_gets_it(tiny, tmp_path):
    from denoiser.runs.folder import claim

    cfg = compose(tiny)
    claim(tmp_path / "run", cfg, [], resume=False)
    with pytest.raises(DenoiserError, match="holds a run already"):
        claim(tmp_path / "run", cfg, [], resume=False)


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_checkpoint(tiny, tmp_path, monkeypatch):
    from denoiser.training.module import Denoiser

    step = Denoiser.training_step

    def diverging(self, batch, batch_idx):
        if self.current_epoch == 1:
            next(self.network.parameters()).data.fill_(torch.nan)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Denoiser, "training_step", diverging)
    out = tmp_path / "run"
    with pytest.raises(DenoiserError) as failure:
        run(compose([*tiny, "trainer.max_epochs=3"]), out)
    assert failure.value.code == 4
    assert json.loads((out / "results.json").read_text())["status"] == "failed"
    assert checkpoint.read(out / "checkpoints" / "last.ckpt")["epoch"] == 0
    assert all(value.isfinite().all() for value in weights(out).values())


def test_a_rate_that_is_too_high_diverges(tiny, tmp_path, capsys):
    assert main([*tiny, "optimizer.lr=1e30", "trainer.max_epochs=50", f"hydra.run.dir={tmp_path / 'run'}"]) == 4
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-2].startswith("error: the loss") and lines[-1].startswith("fix: ")


def test_a_taken_folder_is_left_alone(tiny, tmp_path, capsys):
    out = tmp_path / "run"
    assert main([*tiny, "trainer=smoke", f"hydra.run.dir={out}"]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert main([*tiny, "trainer=smoke", "seed=5", f"hydra.run.dir={out}"]) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_a_sweep_leaves_one_summary_and_tells_every_failure(tiny, tmp_path, capsys):
    sweep = [f"hydra.sweep.dir={tmp_path / 'sweep'}", "-m"]
    assert main([*tiny, "trainer=smoke", "noise.sigma=15,0.5,25,-3", "--config-dir", str(tmp_path), *sweep]) == 1
    captured = capsys.readouterr()
    *printed, page, folder = captured.out.strip().splitlines()
    assert (page, folder) == (f"summary: {tmp_path / 'sweep' / 'summary.html'}", str(tmp_path / "sweep"))
    jobs = [line for line in printed if line.startswith("job")]
    assert jobs[:4] == [f"job {i + 1} of 4: noise.sigma={s}" for i, s in enumerate(("15", "0.5", "25", "-3"))]
    assert jobs[4:] == ["jobs 0, 2: cifar_strided: smoke: 2 batches, figures mean nothing"]
    table = [line.split() for line in printed[-6:-1]]
    assert [line[:3] for line in table] == [
        ["Job", "Status", "Overrides"],
        *([str(i), "ok" if i in (0, 2) else "failed", job.split()[-1]] for i, job in enumerate(jobs[:4])),
    ]
    assert "did you mean 127.5?" in captured.err and "noise.sigma=-3" in captured.err
    with (tmp_path / "sweep" / "summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ok", "failed", "ok", "failed"]
    assert [row["sigma"] for row in rows if row["status"] == "ok"] == ["15", "25"]
    assert (tmp_path / "sweep" / "summary.html").stat().st_size > 0


def test_two_processes_train_as_one_does_and_count_no_picture_twice(tiny, tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "denoiser.run"]
    # Steps of SGD, because Muon's enlarge what rounding leaves where a gradient is almost 0.
    options = [*tiny[:-1], f"data.path={tmp_path / 'many'}", "trainer.accelerator=cpu", "trainer.max_epochs=2"]
    options += [
        "optimizer=sgd",
        "noise=poisson_gaussian",
        "noise.sigma_range=[5,55]",
        "test.sigma=25",
        "data.flip=true",
    ]
    (tmp_path / "many").mkdir()
    rng = np.random.default_rng(0)
    for i in range(60):
        Image.fromarray(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(tmp_path / "many" / f"{i}.png")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = [*command, *options, "data.batch_size=4", f"hydra.run.dir={out}"]
    done = subprocess.run(started, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (out / "results.csv").open() as file:
        images = [row["image"] for row in csv.DictReader(file)]
    assert len(images) == len(set(images)) == json.loads((out / "results.json").read_text())["rows"][0]["n_images"] > 1
    run(compose([*options, "data.batch_size=8"]), tmp_path / "alone")
    together, alone = weights(out), weights(tmp_path / "alone")
    assert all(torch.allclose(together[key], alone[key], rtol=0, atol=1e-6) for key in alone)
    tables = [(place / "metrics.csv").read_text().splitlines() for place in (out, tmp_path / "alone")]
    losses = [[float(row["train/loss"]) for row in csv.DictReader(table)] for table in tables]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4) and losses[0][1] < losses[0][0]


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_run_that_can_be_resumed(tiny, tmp_path, stop, code):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "denoiser.run", *tiny, "trainer.max_epochs=100000", f"hydra.run.dir={out}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        waited = time.monotonic()
        while not (out / "checkpoints" / "last.ckpt").exists() and time.monotonic() - waited < 200:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        process.send_signal(stop)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err.strip().splitlines()[-1] == f"fix: denoiser run resume={out}"
    assert "Traceback" not in err
    content = json.loads((out / "results.json").read_text())
    assert content["status"] == "interrupted" and "resume=" in content["error"]
    assert weights(out)


@pytest.mark.parametrize(
    ("given", "code", "what", "fix"),
    [
        (["model=unett"], 2, "no model 'unett'", "model=unet"),
        (["data=bsd500"], 2, "no data 'bsd500'", "data=bsds500"),
        (["noise=gausian"], 2, "no noise 'gausian'", "noise=gaussian"),
        (["noise.sgima=25"], 2, "no key 'noise.sgima'", "noise.sigma"),
        (["nosie.sigma=25"], 2, "no key 'nosie.sigma'", "noise.sigma"),
        (["modle=unet"], 2, "no group 'modle'", "model=unet"),
        (["optimizer.foo=3"], 2, "no key 'optimizer.foo'", "lr, "),
        (["noise.sigma=-1"], 2, "noise.sigma=-1", "noise.sigma=25"),
        (["noise.sigma=0.1"], 2, "grey levels of 255", "did you mean 25.5?"),
        (["test.sigma=0.1"], 2, "grey levels of 255", "test.sigma=25.5"),
        (["noise.sigma=abc"], 2, "not a number", "noise.sigma=25"),
        (["trainer.max_epochs=many"], 2, "not a number", "trainer.max_epochs="),
        (["model=mnist_basic", "data=folder", "data.path=."], 2, "takes 1 channel(s)", "data.channels=1"),
        (["model=cifar_strided", "data=mnist"], 2, "takes 3 channel(s)", "model=unet"),
        (["data=set12", "data.channels=1"], 2, "for testing only", "data.test=set12"),
        (["data.test=se12"], 2, "no data 'se12'", "data.test=set12"),
        (["data.test=set12"], 2, "has 1 channel(s), not 3", "data.channels=1"),
        (["data=pairs"], 2, "data.noisy", "data.noisy=DIR"),
        (["data=folder"], 2, "data.path", "data.path=DIR"),
        (["objective.loss=mes"], 2, "no loss 'mes'", "objective.loss=mse"),
        (["optimizer.schedule=cosine"], 2, "no key 'optimizer.schedule'", "scheduler=cosine"),
        (["trainer.max_epochs=-1"], 2, "without end", "scheduler=constant"),
        (["init=phto"], 2, "phto", "photo"),
        (["trainer.memory_format=nhwc"], 2, "no memory format", "channels_last"),
        (["trainer.precision=float7"], 2, "float7", "trainer"),
        (["protocol=publish"], 2, "no protocol", "protocol=published"),
        (["noise=poisson", "test.sigma=25"], 2, "has no sigma", "test.sigma=null"),
        (["noise=camera", "test.sigma=25"], 2, "has no sigma", "test.shot=[low,medium,high]"),
        (["test.shot=low"], 2, "has no shot noise", "test.sigma=[15,25,50]"),
        (["noise=camera", "test.shot=lwo"], 2, "test.shot=lwo is not a level", "test.shot=low"),
        (["noise=camera", "protocol=published"], 2, "clipped by the camera", "protocol=clipped"),
        (["noise=mixed"], 2, "needs the shares", "'noise.parts={camera:0.6,gaussian:0.4}'"),
        (["noise=mixed", "noise.parts={camer:0.6}"], 2, "no noise 'camer'", "noise.parts={camera:1}"),
        (["noise=mixed", "noise.parts={camera:1}", "test.shot=low"], 2, "has no shot noise", "test.shot=null"),
        (["+trainer.foo=3"], 2, "no 'foo' (keys of trainer)", "leave it out"),
        (["+model.network.depth=3"], 2, "no 'depth' (keys of network)", "widths"),
        (["model.network._target_=os.system"], 2, "is not allowed", "denoiser.models."),
        (
            ["model.network._target_=torch.nn.modules.module.functools.partial"],
            2,
            "is not allowed",
            "denoiser.models.",
        ),
        (["resume=nowhere"], 2, "no run to resume", "resume="),
        (["seed"], 2, "KEY=VALUE", "KEY=VALUE"),
        (["hydra.run.dir=/dev/null/x"], 3, "/dev/null/x", "path"),
    ],
)
def test_bad_input_gets_two_lines_and_a_code(given, code, what, fix, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    place = [] if given[0].startswith(("hydra", "resume")) else [f"hydra.run.dir={tmp_path / 'run'}"]
    assert main([*given, *place]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2, lines
    assert lines[0].startswith("error: ") and what in lines[0]
    assert lines[1].startswith("fix: ") and fix in lines[1]
    assert "add +" not in " ".join(lines).replace("`", "") and "append" not in lines[1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(tmp_path, capsys):
    assert main(["trainer=gpu", f"hydra.run.dir={tmp_path / 'run'}"]) == 2
    assert "there is no GPU here" in capsys.readouterr().err


def test_pictures_that_are_not_there_or_not_readable(tiny, tmp_path, folder, capsys):
    for path, what in ((tmp_path / "none", "no such folder"), (tmp_path, "no picture in the folder")):
        assert main([*TINY, f"data.path={path}", f"hydra.run.dir={tmp_path / 'run' / path.name}"]) == 2
        assert what in capsys.readouterr().err
    broken = tmp_path / "broken"
    broken.mkdir()
    for picture in folder.glob("*.png"):
        (broken / picture.name).write_bytes(picture.read_bytes())
    (broken / "torn.png").write_bytes(b"no picture at all")
    assert main([*TINY, f"data.path={broken}", f"hydra.run.dir={tmp_path / 'run' / 'torn'}"]) == 2
    assert str(broken / "torn.png") in capsys.readouterr().err
    assert main([*tiny, "data.patch_size=64", f"hydra.run.dir={tmp_path / 'run' / 'patch'}"]) == 2
    assert "data.patch_size=64 is larger" in capsys.readouterr().err


def test_a_fault_of_our_own_is_two_lines_too_and_a_traceback_on_request(tiny, tmp_path, monkeypatch, capsys):
    from denoiser.training.module import Denoiser

    monkeypatch.setattr(Denoiser, "training_step", lambda *_: 1 / 0)
    assert main([*tiny, "trainer=smoke", f"hydra.run.dir={tmp_path / 'a'}"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    monkeypatch.setenv("DENOISER_DEBUG", "1")
    assert main([*tiny, "trainer=smoke", f"hydra.run.dir={tmp_path / 'b'}"]) == 1
    assert "Traceback" in capsys.readouterr().err
    assert json.loads((tmp_path / "b" / "results.json").read_text())["status"] == "failed"


def test_the_module_and_the_script_are_the_same(tiny, tmp_path):
    script = Path(sys.executable).parent / "denoiser"
    for i, command in enumerate(([str(script), "run"], [sys.executable, "-m", "denoiser.run"])):
        done = subprocess.run([*command, "model=unett"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2 and "no model 'unett'" in done.stderr, i


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["model=cifar_strided"],
            "data=cifar10, which model=cifar_strided is described for; data=NAME takes another\n",
        ),
        (
            ["model=mnist_basic", "seed=3"],
            "data=mnist, which model=mnist_basic is described for; data=NAME takes another\n",
        ),
        (["model=cifar_strided", "data=cifar10"], ""),
        (["experiment=cifar_strided"], ""),
        (["model=unet"], ""),
        ([], ""),
    ],
    ids=" ".join,
)
def test_data_that_the_recipe_names_is_said_in_one_line(words, said, capsys):
    _say_data(compose(words), words)
    assert capsys.readouterr().out == said
