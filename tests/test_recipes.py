"""Every row of the README's table of recipes is run, in small: its own words, and keys that make it tiny."""

import importlib
import json
import re
import shlex
from typing import NamedTuple

import numpy as np
import pytest
from helpers.tiny import pictures, store

import denoiser
from denoiser.search_path import PACKAGE

ROOT = PACKAGE.parent
TINY = ("trainer=smoke", "callbacks.progress.style=none", "data.batch_size=2")
"""What makes any training small; the keys of synthetic data are the smoke run's own."""
QUIET = ("logger=none", "model=cifar_shallow", "data=synthetic", "data.patch_size=32")
"""What makes it smaller, where the row does not say otherwise."""


class Row(NamedTuple):
    """How the row of a table is tested.

    Args:
        verb: the verb of commands that the row shortens to their keys.
        run: the numbers of the commands in the row that are run; None for all.
        words: more words for each of them.
        without: words of the row that are left out, because what they need is not here: BM3D may not be installed, and
            the published weights have a stand-in of three channels.
        see: tests of the other commands, as file::name.
    """

    verb: str = "run"
    run: tuple[int, ...] | None = None
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    see: tuple[str, ...] = ()


def elsewhere(*tests):
    return Row(run=(), see=tests)


ROWS = {
    "train the deep autoencoder on BSDS500": Row(),
    "train on my own images": Row(),
    "train on several sources, with shares of the crops": Row(),
    "train on real pairs of noisy and clean images": Row(),
    "use pairs as they lie: in one folder with subfolders, by the ends of their names, or in a table": Row(
        words=("data=pairs", "noise=none")
    ),
    "train on grey images and test on Set12": Row(words=("model=unet", "model.network.widths=[8,8,8]")),
    "check that everything runs": Row(),
    "set the noise level, or a range of levels": Row(),
    "use another noise model": Row(),
    "train and test on the noise of cameras, with mosaic and JPEG": Row(run=(0,), see=("test_notebooks.py",)),
    "draw one of several noises for each image": Row(run=(0,), see=("noise/test_mixed.py",)),
    "run a sweep with one summary and a table of all jobs at the end": elsewhere(
        "test_run.py::test_a_sweep_leaves_one_summary_and_tells_every_failure"
    ),
    "fine-tune weights": Row(run=(0,), see=("weights/test_initial.py::test_the_fix_of_another_width_fits",)),
    "use another loss, optimizer or scheduler": Row(),
    "use any loss, optimizer or scheduler of torch": Row(),
    "use any argument of Lightning's Trainer, or compile the network": Row(
        run=(0, 1), see=("training/test_trainer_keys.py::test_compiling_changes_training_steps_alone",)
    ),
    "repeat one of the original projects: model, data and noise": Row(
        run=(0,), words=("data.verify=false",), see=("test_conf.py",)
    ),
    "log with CSV, Weights & Biases or MLflow": Row(
        run=(0, 4), see=("training/test_loggers.py::test_every_key_reaches_the_logger",)
    ),
    "find out why a network does not learn, or what takes its time": Row(
        run=(0, 1),
        words=("trainer.max_epochs=1", "trainer.check_val_every_n_epoch=1"),
        see=("training/test_profiling.py::test_the_profile_is_in_the_folder_and_its_path_is_printed",),
    ),
    "change or disable early stopping": Row(),
    "resume an interrupted run": elsewhere(
        "test_run.py::test_resume_takes_the_newest_unfinished_run_and_only_trainer_keys",
        "test_run.py::test_a_run_can_be_resumed_from_another_folder",
    ),
    "view curves, images and the latent code": elsewhere(  # a server without end
        "runs/test_names.py::test_the_sub_folder_of_tensorboard_is_named_unless_the_user_named_it"
    ),
    "evaluate a run on published test images": Row("evaluate", run=(0,), see=("test_evaluate.py",)),
    "compare it with classical denoisers": Row(
        "evaluate", words=("data=cbsd68", "noise.sigma=25"), without=("bm3d", "...")
    ),
    "evaluate published weights": Row("evaluate", words=("data=cbsd68",), without=("data=bsd68",)),
    "evaluate on published real pairs": Row("evaluate", words=("draws=1",)),
    "evaluate on my own images, or on real pairs": Row("evaluate", words=("baseline=noisy",)),
    "rewrite a report, or compare several runs on one page": Row("report", run=(0, 1), see=("test_report.py",)),
    "list, download, verify or locate datasets": Row(
        "data", run=(0, 1, 3), see=("data/test_main.py::test_verify_of_what_was_published",)
    ),
    "denoise one image": Row("denoise"),
    "denoise a folder, and compare before and after": Row("denoise"),
    "denoise with my own model, or with published weights": Row(
        "denoise", run=(0,), see=("photos/test_model_choice.py",)
    ),
    "denoise an archive with several processes": elsewhere(
        "photos/batch/test_processes.py::test_two_processes_do_each_picture_once_and_what_is_left_over_goes_to_both"
    ),
    "complete commands in the shell": elsewhere("test_completion.py::test_bash_completes"),
    "export a network: ONNX, safetensors, model card": Row(
        "export", words=("--format", "safetensors"), see=("test_export.py",)
    ),
    "use it from Python": elsewhere("test_recipes.py::test_python", "test_notebooks.py"),
    "measure the speed of this machine": elsewhere("bench/test_bench.py::test_three_contenders_are_measured_in_turns"),
    "list every key with its default": Row(),
}


def table():
    """The commands of each row of the README: its code, in the order of the text."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Recipes")[2].partition("\n\n|")[2]
    rows = (line.strip("| ").split(" | ", 1) for line in text.partition("\n\n")[0].splitlines()[2:])
    return {wanted: re.findall(r"(?<!\[)`([^`]+)`", commands) for wanted, commands in rows}


def test_every_row_has_an_entry_and_every_entry_a_row():
    assert set(table()) == set(ROWS)


@pytest.mark.parametrize("wanted", [wanted for wanted, row in ROWS.items() if row.see])
def test_what_is_tested_elsewhere_is(wanted):
    for place in ROWS[wanted].see:
        file, _, name = place.partition("::")
        text = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert f"def {name}(" in text if name else "def test_" in text, place


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A folder with all that the rows name: data, pairs, pictures, published weights and a run."""
    base = tmp_path_factory.mktemp("recipes")
    root, rng = store(base / "store"), np.random.default_rng(0)
    pictures([base / "photo.jpg", *(base / "holiday" / f"{i}.png" for i in range(2))], rng)
    pictures([root / "named" / f"{i}_{kind}.png" for i in range(12) for kind in ("real", "mean")], rng)
    lines = ["noisy,clean", *(f"noisy/{i:02d}.png,clean/{i:02d}.png" for i in range(12))]
    (root / "pairs.csv").write_text("\n".join(lines) + "\n")
    (base / "dncnn_25.pth").write_bytes((ROOT / "tests" / "golden" / "dncnn.pth").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.setenv("DENOISER_DATA", str(root))
        assert command("run", [*QUIET, *TINY, "hydra.run.dir=RUN_FOLDER"]) == 0
    return base


def command(verb, words):
    name = "denoiser.data.__main__" if verb == "data" else f"denoiser.{verb}"
    return importlib.import_module(name).main(words)


def split(shown, row):
    """Verb and words of a command as the README shows it."""
    words = [word.replace(",bm3d", "") for word in shlex.split(shown) if word not in row.without]
    if words[:2] == ["python", "-m"]:
        return words[2].rpartition(".")[2], words[3:]
    return (words[1], words[2:]) if words[0] == "denoiser" else (row.verb, words)


def placed(words, root):
    """The words with folders of this test instead of those that stand for the user's own."""
    named = any("*" in word for word in words)
    places = {"data.path=DIR": root / ("named" if named else "" if "data.noisy=noisy" in words else "path")}
    places |= {f"data.{kind}=DIR": root / kind for kind in ("noisy", "clean")}
    found = [f"{word.partition('=')[0]}={places[word]}" if word in places else word for word in words]
    found = [
        word.replace("[DIR,", f"[{root / 'path'},").replace("csv=FILE", f"csv={root / 'pairs.csv'}") for word in found
    ]
    return ["RUN_FOLDER" if word in ("RUN", "SWEEP") else "page" if word == "FOLDER" else word for word in found]


def tiny(verb, words, row, folder):
    """The words, with those that make the command small."""
    if verb not in ("run", "evaluate") or "--cfg" in words:
        return [*words, *row.words]
    typed = {word.partition("=")[0] for word in (*words, *row.words)}
    small = [*TINY, *(word for word in QUIET if word.partition("=")[0] not in typed)] if verb == "run" else []
    small += ["data.test=kodak24"] if verb == "run" and not {"data", "data.test", "experiment"} & typed else []
    if "experiment" in typed:  # which is model and data
        small = [word for word in small if not word.startswith(("model=", "data="))]
        small = [word for word in small if word != "data.patch_size=32"]
    return [*small, *row.words, *words, f"hydra.run.dir={folder}"]


CASES = [
    pytest.param(wanted, number, id=f"{wanted} {number}")
    for wanted, shown in table().items()
    for number in range(len(shown))
    if wanted in ROWS and (ROWS[wanted].run is None or number in ROWS[wanted].run)
]


@pytest.mark.parametrize(("wanted", "number"), CASES)
def test_it_runs(wanted, number, here, tmp_path, monkeypatch, capsys):
    row = ROWS[wanted]
    verb, words = split(table()[wanted][number], row)
    monkeypatch.chdir(here)
    monkeypatch.setenv("DENOISER_DATA", str(here / "store"))
    assert command(verb, tiny(verb, placed(words, here / "store"), row, tmp_path / "out")) == 0, capsys.readouterr().err
    if verb in ("run", "evaluate") and "--cfg" not in words:
        results = json.loads((tmp_path / "out" / "results.json").read_text())
        assert results["status"] == "ok" and results["rows"]


def test_python():
    image = np.full((16, 16, 3), 100, np.uint8)
    clean = denoiser.load("photo")(image)
    assert clean.shape == image.shape and clean.dtype == image.dtype
