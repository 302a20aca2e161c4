"""What was most likely meant by a missing key or group: each line of advice is also followed."""

import shlex

import pytest
from omegaconf import OmegaConf

from denoiser import evaluate, run
from denoiser.cli import advice
from denoiser.config import EVALUATE, RUN, compose, keys

MEANT = [
    ("sigma=25", "noise.sigma=25", 25),
    ("noise_std=15,25", "noise.sigma=15,25", None),
    ("lr=1e-4", "optimizer.lr=1e-4", 1e-4),
    ("learning_rate=1e-4", "optimizer.lr=1e-4", 1e-4),
    ("optimizer.learning_rate=1e-4", "optimizer.lr=1e-4", 1e-4),
    ("train.lr=1e-4", "optimizer.lr=1e-4", 1e-4),
    ("epochs=5", "trainer.max_epochs=5", 5),
    ("max_epochs=5", "trainer.max_epochs=5", 5),
    ("total_iter=100", "trainer.max_steps=100", 100),
    ("batch_size=8", "data.batch_size=8", 8),
    ("batch-size=8", "data.batch_size=8", 8),
    ("BS=8", "data.batch_size=8", 8),
    ("patch_size=48", "data.patch_size=48", 48),
    ("gt_size=48", "data.patch_size=48", 48),
    ("loss=l1", "objective.loss=l1", "l1"),
    ("criterion=l1", "objective.loss=l1", "l1"),
    ("workers=2", "data.num_workers=2", 2),
    ("num_workers=2", "data.num_workers=2", 2),
    ("path=my pictures", "data=folder 'data.path=my pictures'", "my pictures"),
    ("dataroot=pictures", "data=folder data.path=pictures", "pictures"),
    ("dataroot_lq=noisy", "data=pairs noise=none data.noisy=noisy", "noisy"),
    ("dataroot_gt=clean", "data=pairs noise=none data.clean=clean", "clean"),
    ("n_channels=1", "data.channels=1", 1),
    ("device=cpu", "trainer.accelerator=cpu", "cpu"),
    ("device=cuda", "trainer.accelerator=cuda", "cuda"),
    ("device=cuda:1", "trainer.accelerator=gpu 'trainer.devices=[1]'", [1]),
    ("gpus=2", "trainer.devices=2", 2),
    ("gpus=[0,1]", "'trainer.devices=[0,1]'", [0, 1]),
    ("gpus=0", "trainer.accelerator=cpu", "cpu"),
    ("gpu=0", "trainer=gpu", None),
    ("precision=32-true", "trainer.precision=32-true", "32-true"),
    ("fp16=true", "trainer.precision=16-mixed", "16-mixed"),
    ("patience=5", "callbacks.early_stopping.patience=5", 5),
    ("early_stopping=5", "callbacks.early_stopping.patience=5", 5),
    ("ema=0.999", "callbacks.ema.decay=0.999", 0.999),
    ("manual_seed=3", "seed=3", 3),
    ("noise.std=50", "noise.sigma=50", 50),
    ("data.bs=8", "data.batch_size=8", 8),
    ("trainer.gpus=2", "trainer.devices=2", 2),
    ("trainer.lr=1", "optimizer.lr=1", 1),
]
"""What is typed, the advice, and the value that the last key of the advice then has."""
GROUPS = [
    ("optimiser=adam", "optimizer=adam"),
    ("optim=AdamW", "optimizer=adamw, of "),
    ("dataset=mnist", "data=mnist"),
    ("dataset=CIFAR-10", "data=cifar10, of "),
    ("dataset=pictures/mine", "data=folder data.path=pictures/mine"),
    ("arch=DnCNN", "model=dncnn, of "),
    ("network=dncnn", "model=dncnn"),
    ("modle=unet", "model=unet"),
    ("denoiser=dncnn", "model=dncnn"),
    ("noise_type=Poisson", "noise=poisson, of "),
]
"""The same for words that are no group."""


@pytest.fixture(scope="module")
def known():
    return keys(compose())


def two_lines(capsys, application, *arguments):
    """The two lines of a command about arguments that it refuses with exit code 2."""
    main = {RUN: run.main, EVALUATE: evaluate.main}[application]
    assert main(list(arguments)) == 2
    problem, fix = capsys.readouterr().err.splitlines()
    return problem.removeprefix("error: "), fix.removeprefix("fix: ")


def followed(fix, application=RUN, others=()):
    """The configuration with the overrides of an advice."""
    overrides = [*others, *shlex.split(fix.partition(", of ")[0])]
    first_of_sweep = [word if "[" in word else word.partition(",")[0] for word in overrides]
    return compose(first_of_sweep, application)


@pytest.mark.parametrize(("typed", "fix", "value"), MEANT, ids=lambda text: str(text))
def test_the_key_that_was_meant(typed, fix, value, known):
    key, _, typed_value = typed.partition("=")
    assert advice.advice(key, typed_value, known, RUN) == (advice.KEY, fix)
    cfg = followed(fix)
    assert value is None or OmegaConf.select(cfg, shlex.split(fix)[-1].partition("=")[0]) == value


@pytest.mark.parametrize(("typed", "fix"), GROUPS)
def test_a_missing_group_is_no_key_of_another(typed, fix, known):
    key, _, value = typed.partition("=")
    missing, given = advice.advice(key, value, known, RUN)
    assert missing == advice.GROUP and given.startswith(fix)
    followed(given)


@pytest.mark.parametrize(
    ("typed", "problem", "fix"),
    [
        ("sigma=25", "no key 'sigma' (sigma=25)", "noise.sigma=25"),
        ("+sigma=25", "nothing reads the key 'sigma' (+sigma=25)", "noise.sigma=25"),
        ("dataset=mnist", "no group 'dataset' (dataset=mnist)", "data=mnist"),
        ("+dataset=mnist", "no group 'dataset' (+dataset=mnist)", "data=mnist"),
    ],
)
def test_the_command_says_it_in_two_lines(typed, problem, fix, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert two_lines(capsys, RUN, typed) == (problem, fix)


@pytest.mark.parametrize(
    ("others", "typed", "fix"),
    [
        (["noise=poisson"], "sigma=25", "noise=gaussian noise.sigma=25"),
        (["noise=poisson"], "noise.std=25", "noise=gaussian noise.sigma=25"),
        (["data=pairs", "noise=none"], "noisy=x", "data.noisy=x"),
        (["data=folder"], "path=x", "data.path=x"),
    ],
)
def test_advice_depends_on_what_was_chosen(others, typed, fix):
    key, _, value = typed.partition("=")
    assert advice.advice(key, value, keys(compose(others)), RUN) == (advice.KEY, fix)
    followed(fix, others=[word for word in others if word.partition("=")[0] != fix.partition("=")[0]])


def test_a_key_that_only_other_choices_have_is_not_the_nearest_other_key():
    _, fix = advice.advice("patch_size", "64", keys(compose(["data=mnist"])), RUN)
    assert "folder" in fix and fix.startswith("data=bsds500|") and fix.endswith(" have data.patch_size")


def test_several_keys_of_one_name_are_all_named():
    _, fix = advice.advice("monitor", "val/psnr", keys(compose()), RUN)
    assert fix == "callbacks.best_checkpoint.monitor=val/psnr or callbacks.early_stopping.monitor=val/psnr"
    for one in fix.split(" or "):
        followed(one)


@pytest.mark.parametrize(
    ("typed", "fix", "value"),
    [
        ("sigma=25", "noise.sigma=25", 25),
        ("workers=2", "num_workers=2", 2),
        ("bs=4", "batch_size=4", 4),
        ("data.bs=4", "batch_size=4", 4),
        ("gpu=0", "device=cuda", "cuda"),
        ("accelerator=gpu", "device=cuda", "cuda"),
        ("ckpt=RUN", "checkpoint=RUN", "RUN"),
    ],
)
def test_an_evaluation_has_keys_of_its_own(typed, fix, value):
    key, _, typed_value = typed.partition("=")
    assert advice.advice(key, typed_value, keys(compose([], EVALUATE)), EVALUATE) == (advice.KEY, fix)
    assert OmegaConf.select(followed(fix, EVALUATE), fix.partition("=")[0]) == value


@pytest.mark.parametrize("typed", ["lr=1e-4", "patch_size=64", "epochs=3", "loss=l1"])
def test_what_only_training_reads_is_left_out_of_an_evaluation(typed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    problem, fix = two_lines(capsys, EVALUATE, "baseline=nlm", typed)
    assert problem == f"no key '{typed.partition('=')[0]}' ({typed})"
    assert fix == "leave it out: it only affects training"


@pytest.mark.parametrize("key", ["objective", "arch", "resume", "optim"])
def test_groups_of_training_are_left_out_of_an_evaluation(key):
    _, fix = advice.advice(key, "x", keys(compose([], EVALUATE)), EVALUATE)
    assert fix == "leave it out: it only affects training"


def test_every_synonym_means_something_that_is_there():
    known = {*keys(compose()), *keys(compose(["data=folder"])), *keys(compose(["data=pairs", "noise=none"]))}
    known |= {*keys(compose([], EVALUATE)), "hydra.run.dir"}
    assert {target.rpartition(" ")[2].partition("=")[0] for target in advice.SYNONYMS} <= known
    assert all(words == words.lower() for words in advice.SYNONYMS.values())


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("model=DnCNN", "model=dncnn, of "),
        ("model=UNet", "model=unet, of "),
        ("data=CBSD68", "data=cbsd68, of "),
        ("noise=Gaussian", "noise=gaussian, of "),
        ("optimizer=AdamW", "optimizer=adamw, of "),
        ("model=swinir", "model=NAME, one of bsds_deep, "),
        ("data=some/where", "data=folder data.path=some/where"),
    ],
)
def test_the_choice_that_was_meant(typed, fix, capsys):
    problem, given = two_lines(capsys, RUN, typed)
    group, _, name = typed.partition("=")
    assert problem == f"no {group} '{name}' ({typed})" and given.startswith(fix)
    if "NAME" not in fix:
        followed(given)


@pytest.mark.parametrize("application", [RUN, EVALUATE], ids=str)
def test_paths_below_the_home_folder(application, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    main = {RUN: run.main, EVALUATE: evaluate.main}[application]
    main(["data=folder", "data.path=~/pics", "--cfg", "job"])
    assert f"path: {tmp_path}/pics\n" in capsys.readouterr().out
    assert compose(["data=folder", "data.path=~"], application).data.path == str(tmp_path)


@pytest.mark.parametrize(
    ("override", "expanded"),
    [
        ("data.path=~/a b", "data.path={home}/a b"),
        ("data.path=~/a,~/b", "data.path={home}/a,{home}/b"),
        ("data.sources=[~/a,synthetic,~]", "data.sources=[{home}/a,synthetic,{home}]"),
        ("~callbacks", "~callbacks"),
        ("~data.flip=true", "~data.flip=true"),
        ("data.path=/a/b~/c~", "data.path=/a/b~/c~"),
        ("data.path=~nobody-of-this-name/a", "data.path=~nobody-of-this-name/a"),
    ],
)
def test_only_a_leading_tilde_is_the_home_folder(override, expanded, tmp_path, monkeypatch):
    from denoiser.config import home_expanded

    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_expanded(override) == expanded.format(home=tmp_path)
