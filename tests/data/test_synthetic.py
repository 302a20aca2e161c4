import pytest
import torch

from denoiser.config import compose
from denoiser.data import from_config
from denoiser.data.dead_leaves.scenes import dead_leaves
from denoiser.errors import DenoiserError


def synthetic(*overrides):
    return from_config.training_data(compose(["data.images=3", "data.size=64", *overrides]))


@pytest.mark.parametrize("channels", [1, 3])
def test_it_trains_on_leaves_and_is_judged_on_photographs(channels):
    data = synthetic(f"data.channels={channels}", "data.split_seed=4")
    assert torch.equal(data.split("train").images, dead_leaves(3, 64, channels, 4))
    assert "coins" in data.split("val").keys and "camera" in data.split("test").keys
    assert not set(data.split("val").keys) & set(data.split("test").keys)
    assert all(len(image) == channels for name in ("val", "test") for image in data.split(name).images)


def test_a_seed_sweep_keeps_the_pictures():
    assert torch.equal(synthetic("seed=1").split("train").images, synthetic("seed=2").split("train").images)


@pytest.mark.parametrize(
    ("override", "fix"),
    [
        ("data.images=0", "data.images=256"),
        ("data.size=7", "data.size=256"),
        ("data.split_seed=-1", "data.split_seed=0"),
    ],
)
def test_pictures_that_cannot_be_drawn_are_refused(override, fix):
    with pytest.raises(DenoiserError) as refusal:
        synthetic(override)
    assert override in refusal.value.what and refusal.value.fix == fix


def test_leaves_are_no_test():
    with pytest.raises(DenoiserError, match=r"data\.test=photos"):
        synthetic("data.test=null").split("test")
