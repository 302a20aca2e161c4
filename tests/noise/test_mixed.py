import pytest
import torch
from helpers.noises import check_refused, generator

from denoiser.noise.mixed import Mixed

THREE = {"none": 1, "gaussian": {"share": 2, "sigma_range": [10, 20]}, "salt_pepper": {"share": 1, "amount": 0.5}}


def drawn(noise, n=600, side=12, seed=0):
    clean = torch.full((n, 1, side, side), 0.5)
    return noise.pair(clean, noise.draw_levels(n, generator()), generator(seed))


def test_each_picture_draws_one_part_by_its_share():
    noisy, target = drawn(Mixed(parts=THREE))
    assert target.eq(0.5).all()
    error = (noisy - target).flatten(1)
    none, salted = error.eq(0).all(1), error.abs().eq(0.5).any(1)
    deviation = error[~none & ~salted].std(1) * 255
    assert none.float().mean() == pytest.approx(0.25, abs=0.06)
    assert salted.float().mean() == pytest.approx(0.25, abs=0.06)
    assert 7 < deviation.min() < 12 and 17 < deviation.max() < 24
    assert error[salted].eq(0).float().mean() == pytest.approx(0.5, abs=0.02)


def test_pictures_need_not_be_square():
    clean = torch.full((6, 1, 12, 20), 0.5)
    for noisy in (Mixed(parts=THREE).pair(clean, clean, generator())[0], Mixed(parts=THREE)(clean, clean, generator())):
        assert noisy.shape == clean.shape and 0 < noisy.ne(clean).flatten(1).any(1).sum() <= 6


def test_a_share_of_zero_is_never_drawn_and_shares_are_relative():
    assert drawn(Mixed(parts={"none": 0, "gaussian": 7}))[0].flatten(1).std(1).min() > 0.05
    assert drawn(Mixed(parts={"none": 7, "gaussian": 0}))[0].eq(0.5).all()


@pytest.mark.parametrize("share", [1e300, 1e-300])
def test_only_the_ratio_of_shares_counts(share):
    one, other = (drawn(Mixed(parts={"none": x, "gaussian": 3 * x}))[0] for x in (1, share))
    assert torch.equal(one, other)


def test_a_pair_is_pure_and_parts_of_other_sources_fit_together():
    noise = Mixed(parts={"camera": {"share": 1, "resized": 0.5}, "gaussian": 1})
    side = noise.source_size(20)
    assert side == noise.noises[0].source_size(20) > 36
    clean = torch.rand(16, 3, side, side, generator=generator())
    noisy, target = noise.pair(clean, noise.draw_levels(16, generator()), generator())
    again = noise.pair(clean, noise.draw_levels(16, generator()), generator())
    assert noisy.shape == target.shape == (16, 3, 20, 20)
    assert torch.equal(noisy, again[0]) and torch.equal(target, again[1])
    middle = clean[:, :, (side - 20) // 2 : (side - 20) // 2 + 20, (side - 20) // 2 : (side - 20) // 2 + 20]
    plain = target.eq(middle).flatten(1).all(1)  # Gaussian noise leaves the middle as it is
    assert 4 <= plain.sum() <= 12


def test_clip_is_passed_to_the_parts_that_have_none_of_their_own():
    noise = Mixed(parts={"gaussian": {"share": 1, "sigma": 100}})
    assert drawn(noise)[0].max() > 1 >= drawn(noise.clipped(True))[0].max()
    own = Mixed(parts={"gaussian": {"share": 1, "sigma": 100, "clip": True}})
    assert drawn(own)[0].max() <= 1


def test_levels_and_name():
    noise = Mixed(parts={"camera": 0.6, "gaussian": {"share": 0.4, "sigma_range": [0, 55]}})
    assert noise.levels(None) == (None,) and noise.training_levels() is None
    assert noise.draw_levels(2, generator()).isnan().all()
    check_refused(lambda: noise.levels([25]), ["test.sigma=[25] is not for noise=mixed", "test.sigma=null"])
    assert str(noise) == "mixed(camera 0.6, gaussian 0.4 sigma_range=[0,55])"


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (None, ["needs the shares", "'noise.parts={camera:0.6,gaussian:0.4}'"]),
        ({}, ["needs the shares"]),
        ({"camera": -0.6, "gaussian": 1}, ["the share of camera is -0.6"]),
        ({"camera": "much"}, ["the share of camera is much"]),
        ({"gaussian": {"sigma": 25}}, ["the share of gaussian is None"]),
        ({"camera": 0, "gaussian": 0.0}, ["sum to 0"]),
        ({"camer": 1}, ["no noise 'camer'", "noise.parts={camera:1}"]),
        ({"gausian": 1}, ["no noise 'gausian'", "noise.parts={gaussian:1}"]),
        ({"xqzt": 1}, ["no noise 'xqzt'", "noise.parts={camera:1}"]),
        ({"mixed": 1}, ["no noise 'mixed'"]),
        (
            {"gaussian": {"share": 1, "sgima": 25}},
            ["has no key 'sgima'", "{gaussian:{share:1,sigma:...}}"],
        ),
        ({"gaussian": {"share": 1, "xqzt": 25}}, ["has no key 'xqzt'", "{share:1,sigma_range:...}"]),
        ({"gaussian": {"share": 1, "sigma": -3}}, ["gaussian.sigma=-3", "{gaussian:{share:1,sigma:25"]),
        (
            {"gaussian": {"share": 1, "sigma": 0.5}},
            ["gaussian.sigma=0.5 is", "level (noise.parts): noise levels are", "{share:1,sigma:127.5}"],
        ),
        (
            {"camera": {"share": 1, "quality_range": [0, 101]}},
            [
                "camera.quality_range=[0, 101] is not",
                " (noise.parts)\n",
                "'noise.parts={camera:{share:1,quality_range:[70,99]}}'",
            ],
        ),
        ({1: 1}, ["no noise '1'"]),
    ],
)
def test_wrong_parts_are_refused(parts, lines):
    check_refused(lambda: Mixed(parts=parts), lines)


def test_beside_a_camera_every_part_is_clipped_in_tests():
    assert Mixed(parts={"camera": 1, "gaussian": 1}).stored and not Mixed(parts={"gaussian": 1}).stored
    noise, clean = Mixed(parts={"gaussian": 1}).clipped(True), torch.ones(1, 1, 8, 8)
    assert noise(clean, torch.tensor([torch.nan]), torch.Generator().manual_seed(0)).max() == 1
