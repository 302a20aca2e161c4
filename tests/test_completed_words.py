"""What is completed after a verb is all that its parser, its configuration and its folders know, and is accepted."""

import subprocess
import sys

import pytest

from denoiser import completion, denoise, export, report
from denoiser.cli.completions import described
from denoiser.completion import main, words
from denoiser.config import EVALUATE, RUN, keys
from denoiser.config import compose as composed
from denoiser.data import __main__ as data
from denoiser.evaluate import check, with_methods
from denoiser.evaluation.baseline import BASELINES
from denoiser.metrics.protocols import PROTOCOLS
from denoiser.objectives.losses import LOSSES, loss
from denoiser.run import compose
from denoiser.search_path import config_dirs, options
from denoiser.training.callbacks import STYLES
from denoiser.weights import shipped

PARSERS = {"data": data, "denoise": denoise, "export": export, "report": report, "completion": completion}


def completed(line):
    """The values of the last KEY= of a line."""
    return [word.rpartition("=")[2] for word in words(line)]


def test_actions_and_datasets(capsys):
    assert words("denoiser data ") == ["list", *data.ACTIONS] and words("denoiser data d") == ["download"]
    names = words("denoiser data list ")
    assert names == options("data") and data.main(["list", *names]) == 0
    assert words("denoiser data --root /pictures verify cbsd68 kodak24_") == ["kodak24_full"]
    assert words("denoiser data --root ") == []  # a folder


@pytest.mark.parametrize("verb", PARSERS)
def test_every_option(verb):
    known = {option for option in PARSERS[verb].command_parser()._option_string_actions if option.startswith("--")}
    assert set(words(f"denoiser {verb} -")) == known >= {"--help", "--version"}


def test_options_by_their_beginning():
    assert words("denoiser denoise --mod") == ["--model"] and words("denoiser report --la") == ["--label"]
    assert words("denoiser denoise photo.jpg -o clean.jpg --mod") == ["--model"]
    assert words("denoiser run --config-d") == ["--config-dir"] and words("denoiser run --cfg j") == ["job"]
    assert words("denoiser report --label ") == words("denoiser export photo ") == []  # anything


@pytest.mark.parametrize("option", ["--model", "--format", "--bits", "--axes", "--device", "--precision", "--pages"])
def test_values_of_options_are_accepted(option):
    values = words(f"denoiser denoise {option} ")
    assert len(values) > 1 and words(f"denoiser denoise {option}={values[-1]}") == [f"{option}={values[-1]}"]
    for value in values:
        assert denoise.parse(["photo.png", "-o", "clean", option, value])


def test_models_and_formats():
    assert words("denoiser denoise --model ") == words("denoiser export ") == shipped.list_weights()
    assert words("denoiser export photo --format s") == ["safetensors"]
    assert words("denoiser completion ") == list(completion.SCRIPTS)


def test_values_of_keys():
    losses = completed("denoiser run objective.loss=")
    assert set(losses) > {*LOSSES} and all(map(loss, losses))
    assert words("denoiser run objective.loss=m") == ["objective.loss=mse", "objective.loss=ms_ssim"]
    assert completed("denoiser run callbacks.progress.style=") == list(STYLES)
    assert completed("denoiser run protocol=") == completed("denoiser evaluate protocol=") == list(PROTOCOLS)
    assert completed("denoiser run init=") == completed("denoiser evaluate checkpoint=") == shipped.list_weights()


def test_values_are_those_of_the_choice_on_the_line():
    assert completed("denoiser run data=bsds500 data.split=") == ["benchmark", "official"]
    assert completed("denoiser run data=polyu data.split=") == ["all", "dev", "held_out"]
    assert completed("denoiser run trainer=cpu trainer.profiler=") == ["simple", "advanced", "pytorch"]  # of auto


@pytest.mark.parametrize("noise", ["gaussian", "camera"])
def test_values_that_comments_list_are_accepted(noise):
    chosen = [f"noise={noise}", "data=bsds500", "scheduler=plateau", "objective.loss=l1"]
    listed = {key: described(key, RUN, chosen, config_dirs()) for key in keys(compose(*chosen))}
    listed = {key: values for key, values in listed.items() if values}
    assert len(listed) >= 8 and listed["callbacks.best_checkpoint.monitor"][0] == "train/loss"
    for turn in range(max(map(len, listed.values()))):
        compose(*chosen, *(f"{key}={values[turn % len(values)]}" for key, values in listed.items()))


def test_methods_of_an_evaluation_are_accepted():
    methods = [*BASELINES, *shipped.NAMES]
    assert words("denoiser evaluate ")[: len(methods)] == methods
    assert completed("denoiser evaluate baseline=") == list(BASELINES)
    assert words("denoiser evaluate photo baseline=[nlm,b") == ["baseline=[nlm,bm3d"]
    for word in [word for word in words("denoiser evaluate nlm ") if "=" not in word and word in methods]:
        composed(with_methods([word]), EVALUATE)


def test_an_evaluation_is_not_offered_what_only_training_reads():
    offered = words("denoiser evaluate ")
    check(offered)
    config = composed((), EVALUATE)
    assert all(word[:-1] in config for word in offered if word.endswith(("=", ".")) and not word.startswith("hydra"))
    assert "data=" in offered and "optimizer=" not in offered


@pytest.mark.parametrize("flag", ["--config-dir {}", "--config-dir={}", "-cd {}", "hydra.searchpath=[{}]"])
def test_choices_of_a_folder_of_your_own(flag, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("defaults: [unet]\nname: mine  # mine | yours\n")
    for verb in ("run", "run -m"):
        assert words(f"denoiser {verb} {flag.format(tmp_path)} seed=3 model=mi") == ["model=mine"]
    assert words(f"denoiser run {flag.format(tmp_path)} model=mine model.name=y") == ["model.name=yours"]
    assert compose("model=mine", config_dir=tmp_path).model.name == "mine"
    assert words("denoiser run model=mi") == []


BAD = [
    "run --bogus 3 mod",
    "run --config-dir /none model=",
    "run 'obj",
    "run model=none mod",
    "none ",
    "data --none x ",
]


@pytest.mark.parametrize("line", BAD)
def test_a_line_that_is_not_understood_prints_no_error(line, monkeypatch, capfd):
    monkeypatch.setenv("COMP_LINE", f"denoiser {line}")
    assert main(["words"]) == 0
    assert capfd.readouterr().err == ""


def test_completing_does_not_import_torch():
    lines = ["run objective.loss=", "evaluate ", "data ", "denoise --", "export --", "report --", "run --config-d"]
    code = "import sys\nfrom denoiser.completion import words\n"
    code += f"assert all(words('denoiser ' + line) for line in {lines})\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
