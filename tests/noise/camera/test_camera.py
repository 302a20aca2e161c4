import pytest
import torch
from helpers.noises import check_refused, generator
from omegaconf import OmegaConf

from denoiser import build
from denoiser.noise.base import Noise
from denoiser.noise.camera.camera import Camera
from denoiser.noise.levels import SHOT, SIGMA
from denoiser.search_path import config_dir


def pair(noise, channels=3, sides=(33, 40), n=3, seed=0):
    clean = torch.rand(n, channels, *sides, generator=generator(1))
    return noise.pair(clean, noise.draw_levels(n, generator(2)), generator(seed))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "noise", [Camera(), Camera(resized=0.5), Camera(shot_range=[1e-4, 0.01], mosaic="bggr")], ids=str
)
def test_a_pair_is_a_pure_function_of_pictures_level_and_generator(noise, channels):
    before = torch.random.get_rng_state()
    noisy, target = pair(noise, channels)
    assert noisy.shape == target.shape == (3, channels, noise.pair_size(33), noise.pair_size(40))
    assert noisy.dtype == target.dtype == torch.float32
    assert all(torch.equal(a, b) for a, b in zip((noisy, target), pair(noise, channels), strict=True))
    assert not torch.equal(noisy, pair(noise, channels, seed=5)[0])
    assert torch.random.get_rng_state().equal(before)
    torch.testing.assert_close(noisy * 255, (noisy * 255).round(), atol=1e-3, rtol=0)
    assert not torch.equal(target * 255, (target * 255).round())


def test_the_target_lacks_only_noise_and_jpeg():
    plain = {"saved": 0, "resaved": 0, "read": 0}
    for shot, near in ((1e-9, True), (0.012, False)):
        noisy, target = pair(Camera(shot=shot, **plain))
        assert ((noisy - target).abs().max() < 2 / 255) == near
    saved, target = pair(Camera(shot=1e-9, read=0, saved=1, quality_range=[70, 70]))
    assert (saved - target).abs().max() > 4 / 255


@pytest.mark.parametrize("factor", [1.0, 1.1, 1.3, 1.6, 1.7, 2.0])
@pytest.mark.parametrize("size", [1, 37, 64, 101])
def test_a_source_gives_a_pair_of_its_size(size, factor):
    noise = Camera(resized=1, resize_range=[1, factor])
    assert noise.pair_size(noise.source_size(size)) == size <= noise.source_size(size) - 16


def test_whole_pictures_keep_their_size_unless_they_are_resized():
    assert Camera().source_size(Camera().whole_size(40)) == 56
    clean = torch.rand(1, 3, 21, 30, generator=generator())
    assert Camera()(clean, torch.tensor([0.004]), generator()).shape == clean.shape
    assert Camera()(torch.full_like(clean, 0.5), torch.tensor([0.004]), generator()).std() > 0.5 / 255
    resized = Camera(resized=0.5, resize_range=[1, 1.5])
    assert resized(clean, torch.tensor([0.004]), generator()).shape == (1, 3, 14, 20)


def test_resizing_makes_some_pictures_smaller():
    step = (torch.arange(80) // 8 % 2).float().expand(1, 3, 80, 80)  # stripes 8 pixels wide
    calm = {"shot": 1e-9, "read": 0, "saved": 0, "resaved": 0, "exposed": 0}
    changes = []
    for resized in (0, 1):
        noise = Camera(resized=resized, resize_range=[2, 2], **calm)
        _, target = noise.pair(step, torch.tensor([1e-9]), generator())
        bright = target[0, 1, 10] > 0.5
        changes.append(int((bright[1:] != bright[:-1]).sum()) / len(bright))
    assert changes[1] == pytest.approx(2 * changes[0], rel=0.2)


def test_pictures_of_a_batch_have_independent_noise():
    noise, grey = Camera(mosaic="rggb", saved=0, resaved=0), torch.full((2, 3, 96, 96), 0.5)
    noisy, target = noise.pair(grey, torch.full((2,), 0.004), generator())
    assert torch.corrcoef((noisy - target).mean(1).flatten(1))[0, 1].abs() < 0.1


def test_the_noise_grows_with_the_level():
    clean = torch.full((8, 3, 64, 64), 0.5)
    spread = []
    for level in (0.001, 0.004, 0.012):
        noisy, target = Camera().pair(clean, torch.full((8,), level), generator())
        spread.append((noisy - target).std().item())
    assert spread == sorted(spread) and spread[2] > 2 * spread[0] > 0


def test_levels():
    assert Camera.level_kind is SHOT and Noise.level_kind is SIGMA
    assert Camera().levels(None) == (0.004,) and Camera(shot=0.01).levels(None) == (0.01,)
    assert Camera(shot_range=[1e-4, "high"]).levels(None) == (0.001, 0.004, 0.012)
    assert Camera().levels(["low", 0.003, "low"]) == (0.001, 0.003) and Camera().levels("high") == (0.012,)
    assert Camera(shot="low").draw_levels(2, generator()).tolist() == pytest.approx([0.001] * 2)
    drawn = Camera(shot_range=[1e-4, 0.01]).draw_levels(20_000, generator()).log10()
    assert -4 <= drawn.min() and drawn.max() <= -2 and drawn.mean() == pytest.approx(-3, abs=0.02)
    assert Camera(shot_range=[1e-4, "high"]).training_levels() == (1e-4, 0.012)
    assert Camera().training_levels() == (0.004, 0.004)


@pytest.mark.parametrize(
    ("wrong", "lines"),
    [
        ({"shot": "hihg"}, ["noise.shot=hihg is not a level", "fix: noise.shot=high"]),
        ({"shot": 25}, ["noise.shot=25", "noise.shot=0.004"]),
        ({"shot": 0}, ["noise.shot=0 "]),
        ({"shot": True}, ["noise.shot=True"]),
        ({"shot": ["low", "high"]}, ["noise.shot=['low', 'high'] is not one level", "test.shot takes several"]),
        ({"shot_range": [0.01, 0.001]}, ["not [lowest, highest]", "noise.shot_range=[1e-4,0.012]"]),
        ({"shot_range": []}, ["no level of shot noise"]),
        ({"shot_range": [0, 0.01]}, ["noise.shot_range=0 is not"]),
        ({"resized": 2}, ["noise.resized=2 is not a share, 0 to 1 (noise.resized)", "noise.resized=0.3"]),
        ({"resize_range": [0.5, 1]}, ["within 1 to 2", "noise.resize_range=[1,1.6]"]),
        ({"luma_range": [0, 1e9]}, ["up to 64", "noise.luma_range=[0.3,1.2]"]),
        ({"quality_range": [0, 90]}, ["within 1 to 100", "noise.quality_range=[70,99]"]),
        ({"mosaic": "rgbg"}, ["noise.mosaic=rggb"]),
        ({"clip": False}, ["noise.clip=False", "8 bits"]),
    ],
)
def test_wrong_parameters_are_refused(wrong, lines):
    check_refused(lambda: Camera(**wrong), lines)


def test_the_yaml_has_every_parameter_at_its_default_with_a_comment():
    path = config_dir() / "noise" / "camera.yaml"
    config = OmegaConf.load(path)
    noise, plain = build.make("noise", config), Camera()
    assert {key for key in config if key != "_target_"} == vars(plain).keys() - {"clip"}
    assert str(noise) == str(plain) == "camera" and noise.shot == plain.shot
    assert all("  # " in line for line in path.read_text().splitlines() if not line.startswith(("#", "_target_")))


def test_name_in_tables():
    assert str(Camera(shot=0.01, shot_range=[0.001, 0.01])) == "camera"
    assert (
        str(Camera(mosaic="rggb", quality_range=[90, 99], malvar=1))
        == "camera(mosaic=rggb, malvar=1, quality_range=[90,99])"
    )
    assert Camera().clipped(False) == Camera()
