"""The values that keys allow."""

import pytest

from denoiser.cli import keys
from denoiser.config import EVALUATE, RUN, compose
from denoiser.errors import DenoiserError


def check(*overrides):
    keys.check_values(compose(overrides), overrides)


@pytest.mark.parametrize(
    ("override", "fix"),
    [
        ("seed=-1", "seed=0"),
        ("seed=null", "seed=0"),
        ("seed=1.5", "seed=0"),
        ("seed=4294967296", "seed=0"),
        ("noise.clip=maybe", "noise.clip=false"),
        ("noise.clip=1", "noise.clip=false"),
        ("data.flip=maybe", "data.flip=true"),
        ("trainer.deterministic=maybe", "trainer.deterministic=false"),
        ("noise.sigma=many", "noise.sigma=25"),
        ("data.batch_size=true", "data.batch_size=32"),
        ("optimizer.lr=nan", "optimizer.lr=0.01"),
        ("callbacks.early_stopping.patience=long", "callbacks.early_stopping.patience=null"),
        ("callbacks.early_stopping.patience=-1", "callbacks.early_stopping.patience=null"),
        ("callbacks.early_stopping.monitor=val/pnsr", "callbacks.early_stopping.monitor=val/psnr"),
        ("callbacks.best_checkpoint.monitor=loss", "callbacks.best_checkpoint.monitor=val/loss"),
        ("callbacks.images.count=-1", "callbacks.images.count=4"),
        ("callbacks.projector.images=-1", "callbacks.projector.images=0"),
        ("callbacks.ema.decay=2", "callbacks.ema.decay=null"),
    ],
)
def test_values_that_a_key_does_not_allow_are_refused(override, fix):
    key, _, value = override.partition("=")
    with pytest.raises(DenoiserError) as refused:
        check(override)
    assert f"{key}={value} is no" in refused.value.what and refused.value.fix == fix


def test_a_negative_cache_is_refused():
    with pytest.raises(DenoiserError, match=r"data\.cache_gb=-1"):
        check("data=bsds500", "data.cache_gb=-1")


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["~callbacks", "~logger"],
        ["callbacks.early_stopping.patience=2", "callbacks.early_stopping.monitor=val/psnr"],
        ["trainer.max_time=00:00:05:00", "trainer.deterministic=warn", "data.num_workers=1"],
        ["data=bsds500", "data.cache_gb=0.5", "noise.clip=true", "callbacks.images.count=0"],
        ["model=mnist_basic", "data=mnist", "noise.sigma=0", "seed=4294967295", "callbacks.ema.decay=0.9"],
        ["logger=none", "~callbacks.ema", "trainer=smoke"],
    ],
    ids=" ".join,
)
def test_values_that_keys_allow_pass(overrides):
    check(*overrides)


@pytest.mark.parametrize("application", [RUN, EVALUATE])
@pytest.mark.parametrize(
    ("override", "fix"),
    [
        ("+xyzzy=1", "--cfg job lists all keys"),
        ("++xyzzy=null", "--cfg job lists all keys"),
        ("+sed=1", "did you mean seed?"),
        ("+test.sgima=15", "did you mean test.sigma?"),
        ("+a.b=1", "--cfg job lists all keys"),
    ],
)
def test_added_keys_that_nothing_reads_are_refused(application, override, fix):
    with pytest.raises(DenoiserError) as refused:
        keys.check_values(compose([override], application), [override], application)
    assert f"nothing reads the key '{override.lstrip('+').partition('=')[0]}' ({override})" in refused.value.what
    assert refused.value.fix.endswith(fix)


@pytest.mark.parametrize("override", ["+model.nmae=x", "+callbacks.mine=3", "+recipe.simga=15"])
def test_added_keys_of_groups_that_nothing_reads_are_refused_too(override):
    with pytest.raises(DenoiserError, match="nothing reads the key"):
        check(override)


@pytest.mark.parametrize(
    "override",
    [
        "+trainer.profiler=simple",
        "+optimizer.betas=[0.9,0.99]",
        "+recipe.sigma=30",
        "+callbacks.mine._target_=denoiser.training.callbacks.EpochLog",
        "++seed=3",
    ],
)
def test_added_keys_that_are_read_are_allowed(override):
    check(override)
