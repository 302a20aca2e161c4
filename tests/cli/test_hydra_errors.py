"""The arguments that Hydra gets, and its errors as two lines with the nearest choice or key."""

import shlex
import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from denoiser.cli import hydra_errors
from denoiser.config import RUN, compose
from denoiser.errors import DenoiserError
from denoiser.run import main


def refusal(capsys, *arguments):
    """The two lines of `denoiser run` about arguments that it refuses with exit code 2."""
    assert main(list(arguments)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["error", "fix"], lines
    return lines


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["data=cifar10", "data.verfy=false"], "'data.verfy' (data=cifar10)", "did you mean data.verify?"),
        (["noise=poisson", "noise.paek=10"], "'noise.paek' (noise=poisson)", "did you mean noise.peak?"),
        (["model=dncnn", "model.network.nbb=3"], "model.network.nbb", "did you mean model.network.nb?"),
        (["optimizer=adam", "optimizer.vector_lr=1"], "optimizer.vector_lr", "one of lr, betas, weight_decay, fused"),
        (
            ["model=bsds_deep", "optimizer.vector_lr=1"],
            "optimizer.vector_lr",
            "; optimizer=muon has optimizer.vector_lr",
        ),
        (["data=mnist", "data.patch_size=14"], "data.patch_size", "root, split_seed, channels, batch_size, flip, "),
        (["-m", "model=unet,dncnn", "data=mnist,cifar10", "data.flp=true"], "data.flp", "did you mean data.flip?"),
        (
            ["-m", "noise=gaussian,none", "noise.sigma=5"],
            "(noise=gaussian,none)",
            "noise=correlated|gaussian|poisson_gaussian|speckle ",
        ),
        (
            ["-m", "model=choice(unet,dncnn)", "model.network.nb=3"],
            "model=choice(unet,dncnn)",
            "model=dncnn has model.network.nb",
        ),
        (["~callbacks", "callbacks.ema.decay=1"], "callbacks.ema.decay", "callbacks=default has callbacks.ema.decay"),
        (["hydra.run.dr=x"], "hydra.run.dr", "--cfg hydra"),
        (["~data"], "' not found", "lists groups and keys"),
        (["~foo"], "'foo' does not exist", "lists groups and keys"),
        (["noise.sigma=1,2"], "noise.sigma=1,2", "put -m before them for a sweep"),
        (["noise.sigma=choice(1,2)"], "several values", "put -m"),
        (["--config-name", "other"], "'other'", "--config-name"),
        (["data="], "no data '' (data=)", "data=NAME, one of bsd68, "),
        (["größe=25"], "not KEY=VALUE (größe=25)", "fix: KEY=VALUE; quote"),
        (["=3"], "error: ", "--help"),
    ],
)
def test_advice_is_of_the_groups_that_were_chosen(arguments, problem, fix, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = refusal(capsys, *arguments)
    assert problem in lines[0] and fix in lines[1]
    typed = arguments[-1].partition("=")[0]
    assert f"did you mean {typed}?" not in lines[1]


@pytest.mark.parametrize(
    ("arguments", "passed"),
    [
        (["a=1", "-m", "b=2,3"], ["--multirun", "a=1", "b=2,3"]),
        (["a=1", "--cfg", "job", "b=2"], ["--cfg=job", "a=1", "b=2"]),
        (["a=1", "-cn", "other", "b=2"], ["--config-name=other", "a=1", "b=2"]),
        (["a=-1", "b=2", "-c=job", "-p", "data"], ["--cfg=job", "--package=data", "a=-1", "b=2"]),
        (["a=1", "--info"], ["--info=all", "a=1"]),
    ],
    ids=" ".join,
)
def test_flags_can_stand_anywhere(arguments, passed, monkeypatch):
    before = ["as it was"]
    monkeypatch.setattr(sys, "argv", before)
    with hydra_errors.hydra_arguments(RUN, arguments):
        assert sys.argv == ["denoiser run", *passed]
    assert sys.argv is before


def test_a_flag_between_overrides_is_hydras(capsys):
    main(["model=cifar_shallow", "--cfg", "job", "seed=3"])
    shown = capsys.readouterr().out
    assert "name: cifar_shallow" in shown and "seed: 3" in shown


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["seed=1", "--multirn", "seed=2"], "--multirn", "did you mean --multirun?"),
        (["-x"], "-x", "denoiser run --help"),
        (["--cfg", "jobs"], "jobs", "--cfg job"),
        (["--cfg", "job", "-m"], "Only one of", "denoiser run --help"),
        (["--resolve"], "--resolve", "denoiser run --help"),
    ],
    ids=str,
)
def test_unknown_flags_get_two_lines(arguments, problem, fix, capsys):
    lines = refusal(capsys, *arguments)
    assert problem in lines[0] and fix in lines[1]


@pytest.mark.parametrize(("flag", "output"), [("--help", "latest"), ("--info", "Hydra")])
def test_flags_that_only_print_something_succeed(flag, output):
    code = f"import sys; from denoiser.run import main; sys.exit(main([{flag!r}]))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert output in done.stdout


def test_help_lists_the_groups_and_does_not_import_torch():
    code = (
        "import sys; from denoiser.run import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: assert not stop.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    for part in ("model: bsds_deep, ", "logger: csv, ", "--cfg job", "resume=FOLDER", "outputs/", "-m noise.sigma="):
        assert part in done.stdout, part


@pytest.mark.parametrize(
    ("override", "fix"),
    [
        ("noise.sigma=15,25", "put -m before them for a sweep"),
        ("model=unet,dncnn", "put -m before them for a sweep"),
        ("test.sigma=15,25", "put -m before them for a sweep, or write 'test.sigma=[15,25]' for a list"),
        ("objective.loss=mse,l1", "put -m before them for a sweep"),
    ],
)
def test_a_list_is_offered_where_the_key_takes_one(override, fix):
    with pytest.raises(DenoiserError) as caught:
        hydra_errors._refuse_sweeps([override])
    assert (caught.value.what, caught.value.fix) == (f"several values without -m ({override})", fix)


@pytest.mark.parametrize(
    ("arguments", "key", "values"),
    [
        (["noise.sigma_range=0,55"], "noise.sigma_range", [0, 55]),
        (["noise=camera", "noise.shot_range=1e-4,0.012"], "noise.shot_range", [1e-4, 0.012]),
        (["data=mix", "data.sources=photos,synthetic"], "data.sources", ["photos", "synthetic"]),
        (["data=mix", "data.shares=1,3"], "data.shares", [1, 3]),
        (["optimizer=adam", "optimizer.betas=0.9,0.99"], "optimizer.betas", [0.9, 0.99]),
        (["model=unet", "model.network.widths=8,16"], "model.network.widths", [8, 16]),
    ],
    ids=str,
)
def test_where_a_key_takes_a_list_alone_the_brackets_are_the_advice(arguments, key, values, capsys):
    fix = refusal(capsys, *arguments)[1].removeprefix("fix: ")
    assert fix == f"'{key}=[{arguments[-1].partition('=')[2]}]'"
    assert OmegaConf.select(compose([*arguments[:-1], *shlex.split(fix)]), key) == values


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("data.path=/a (1)/b", "/a (1)/b"),
        ("data.path=~/x/y=z", "{home}/x/y=z"),
        ("data.path=it's, here", "it's, here"),
        ("noise.sigma_range=(0,55)", [0, 55]),
    ],
)
def test_a_value_that_hydra_does_not_understand_is_quoted_by_the_advice(override, value, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    problem, fix = refusal(capsys, "data=folder", override)
    assert problem.startswith("error: not KEY=VALUE (")
    followed = compose(["data=folder", *shlex.split(fix.removeprefix("fix: "))])
    value = value.format(home=tmp_path) if isinstance(value, str) else value
    assert OmegaConf.select(followed, override.partition("=")[0]) == value


def test_flags_and_overrides_are_left_to_a_hydra_whose_parser_has_another_name(monkeypatch):
    arguments = ["seed=1", "-m", "--config-dir", "x"]
    assert hydra_errors.sorted_arguments("denoiser run", arguments) == (["--multirun", "--config-dir=x"], ["seed=1"])
    monkeypatch.delattr(hydra_errors.hydra_internals, "get_args_parser")
    assert hydra_errors.sorted_arguments("denoiser run", arguments) == (arguments, [])
