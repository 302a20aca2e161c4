"""Random cameras have the parameters that their settings say."""

import math
from dataclasses import fields, replace

import pytest
import torch

from denoiser.noise.camera import sensor
from denoiser.noise.camera.settings import PHASES, Parameters, Settings, draw

N = 20_000


def drawn(settings=None, shot=None):
    return draw(N, settings or Settings(), torch.Generator().manual_seed(0), shot)


@pytest.fixture
def camera():
    return drawn()


SHARES = {
    "exposure": ("exposed", lambda x: x != 1),
    "guided": ("guided", lambda x: x > 0),
    "cleaned": ("cleaned", lambda x: x > 0),
    "sharpen": ("sharpened", lambda x: x > 0),
    **dict.fromkeys(("toned", "malvar", "saved", "resaved", "subsampled"), (None, lambda x: x)),
    "resubsampled": ("subsampled", lambda x: x),
}
"""For each parameter of a step that some pictures take: the setting of its share, and who takes it."""
RANGES = {
    "luma": ("luma_range", 1),
    "chroma": ("chroma_range", 1),
    "sharpen": ("sharpen_range", 1),
    "sharpen_sigma": ("sharpen_sigma_range", 1),
    "radius": ("radius_range", 1),
    "quality": ("quality_range", 1),
    "resave_quality": ("resave_range", 1),
    "exposure": ("exposure_range", math.log),
    "guided": ("guided_range", math.log),
    "cleaned": ("cleaned_range", math.log),
    "reach": ("reach_range", math.log),
}
"""For each parameter with a range: the setting of the range, and whether its logarithm is uniform."""
WHOLE = ("radius", "reach", "quality", "resave_quality")


@pytest.mark.parametrize("name", SHARES)
def test_a_step_applies_to_its_share_of_the_pictures(name, camera):
    setting, taken = SHARES[name]
    share = getattr(Settings(), setting or name)
    assert taken(getattr(camera, name)).float().mean().item() == pytest.approx(share, abs=5 * 0.5 / math.sqrt(N))


@pytest.mark.parametrize("name", RANGES)
def test_a_parameter_is_uniform_in_its_range(name, camera):
    setting, scale = RANGES[name]
    low, high = getattr(Settings(), setting)
    values = getattr(camera, name)
    values = values[SHARES[name][1](values)] if name in SHARES else values
    assert (
        low - 1e-6 <= values.min() < low + 0.1 * (high - low)
        and high - 0.1 * (high - low) < values.max() <= high + 1e-6
    )
    if name in WHOLE:
        assert torch.equal(values, values.round())
    else:
        flat = values.log() if scale is math.log else values
        low, high = (math.log(low), math.log(high)) if scale is math.log else (low, high)
        counts = torch.histc(flat, 4, low, high) / len(flat)
        assert counts.sub(0.25).abs().max() < 0.02


def test_colours_of_the_mosaic_and_the_grid_of_the_second_jpeg_are_any(camera):
    assert torch.bincount(camera.phase, minlength=4).div(N).sub(0.25).abs().max() < 0.02
    assert camera.offset.shape == (N, 2) and torch.bincount(camera.offset.flatten()).tolist() == pytest.approx(
        [N / 4] * 8, rel=0.1
    )
    for number, phase in enumerate(PHASES):
        assert drawn(Settings(mosaic=phase)).phase.eq(number).all()


def test_shot_and_read_noise_are_drawn_or_given(camera):
    low, high = sensor.SHOT_RANGE
    counts = torch.histc(camera.shot.log(), 4, math.log(low), math.log(high)) / N
    assert counts.sub(0.25).abs().max() < 0.02 and low <= camera.shot.min() and camera.shot.max() <= high * (1 + 1e-6)
    assert torch.corrcoef(torch.stack([camera.shot.log(), camera.read.log()]))[0, 1] > 0.9
    given = drawn(Settings(read=0.01), torch.full((N,), 0.004))
    assert given.shot.eq(0.004).all() and given.read.eq(0.01).all()


def test_shares_of_0_and_1_switch_a_step_off_and_on():
    steps = ("exposed", "toned", "malvar", "guided", "cleaned", "sharpened", "saved", "subsampled", "resaved")
    for share in (0, 1):
        camera = drawn(replace(Settings(), **dict.fromkeys(steps, share)))
        taken = [taken(getattr(camera, name)).float().mean().item() for name, (_, taken) in SHARES.items()]
        assert taken == [share] * len(SHARES)


def test_parameters_are_drawn_for_each_picture_by_itself(camera):
    values = {
        one.name: getattr(camera, one.name) for one in fields(Parameters) if one.name not in ("colours", "offset")
    }
    assert all(value.shape == (N,) for value in values.values())
    related = {"shot", "read"}
    columns = torch.stack([value.float() for name, value in values.items() if name not in related])
    assert torch.corrcoef(columns).fill_diagonal_(0).abs().max() < 0.05
