"""What CONTRIBUTING.md tells to write is written into a copy of the package, and its commands are run."""

import json
import shlex

import pytest
from helpers.package_copy import COMMAND, PackageCopy, lines_to_write, sections

SECTIONS = sections()
TRAINED = ("A model", "A dataset", "A noise", "An objective")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy in which everything of the page is added."""
    copy = PackageCopy(tmp_path_factory.mktemp("copy"))
    for section in SECTIONS.values():
        copy.apply(section)
    return copy


def commands(heading):
    lines = [line for block in COMMAND.findall(SECTIONS[heading]) for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines]


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_addition_is_short(heading):
    assert 0 < lines_to_write(SECTIONS[heading]) <= 15


def test_a_model_a_dataset_a_noise_and_an_objective_are_trained(package):
    arguments = [word for heading in TRAINED for (command,) in [commands(heading)] for word in command[1:]]
    done = package.run("run", *dict.fromkeys(arguments), "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((package.folder / "work" / "out" / "results.json").read_text())["rows"]
    assert (row["method"], row["data"], row["noise"]) == ("one_convolution", "checks", "missing(share=0.2)")


def test_a_baseline_and_a_column_are_in_every_table(package, pictures_folder):
    arguments, _ = commands("A baseline")[0], commands("A column")[0]
    data = ["data=folder", f"data.path={pictures_folder(2)}"]
    evaluate = [*(word for word in arguments if not word.startswith("data=")), *data, "hydra.run.dir=scored"]
    done = package.run_all(evaluate, ["report", "scored", "-o", "compared"])
    assert done.returncode == 0, done.stderr
    heads = {
        "scored/results.csv": ",mae",
        "scored/results.json": '"mae": 0.',
        "scored/table.md": "| MAE |",
        "scored/table.tex": "& MAE &",
        "scored/report.html": 'title="Mean absolute error.">MAE',
        "compared/table.tex": "/ SSIM / MAE, ",
    }
    texts = {name: (package.folder / "work" / name).read_text(encoding="utf-8") for name in heads}
    assert [name for name, head in heads.items() if head not in texts[name] or "median" not in texts[name]] == []
    assert " MAE " in done.stdout


def test_a_new_baseline_is_known_to_help_and_to_errors(package):
    assert "baseline: bm3d, median, nlm" in package.run("evaluate", "--help").stdout
    assert "fix: baseline=median, of bm3d, median, nlm" in package.run("evaluate", "baseline=medain").stderr


def test_a_command_is_one_of_the_script(package, save_picture):
    save_picture(package.folder / "work" / "photo.png", 4, 6)
    ((verb, *arguments),) = commands("A command")
    assert (package.run(verb, *arguments).stdout, package.run(verb, "absent.png").returncode) == ("6 4\n", 2)
    assert verb in package.run("--help").stdout
