import pytest
import torch

from denoiser.noise.camera.drawing import log_uniform
from denoiser.noise.camera.mosaic import bilinear, malvar, mosaic, sites
from denoiser.noise.camera.sensor import add_noise, draw_read

PHASES = torch.arange(4)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_each_phase_has_its_pattern():
    red, green, blue = sites(2, 2, PHASES).unbind(1)
    assert red.flatten(1).argmax(1).tolist() == [0, 1, 2, 3]
    assert blue.flatten(1).argmax(1).tolist() == [3, 2, 1, 0]
    assert (red + green + blue == 1).all()


@pytest.mark.parametrize("size", [(8, 8), (7, 9)])
@pytest.mark.parametrize("demosaic", [bilinear, malvar])
def test_a_constant_comes_back_from_every_mosaic(demosaic, size):
    colour = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1).expand(4, 3, *size)
    masks = sites(*size, PHASES)
    grey = torch.full_like(colour, 0.4)
    torch.testing.assert_close(bilinear(mosaic(colour, masks), masks), colour)
    torch.testing.assert_close(demosaic(mosaic(grey, masks), masks), grey)


@pytest.mark.parametrize("demosaic", [bilinear, malvar])
def test_what_the_sensor_saw_stays(demosaic):
    light = torch.rand(4, 3, 12, 12, generator=generator())
    masks = sites(12, 12, PHASES)
    colours = demosaic(mosaic(light, masks), masks)
    torch.testing.assert_close(colours * masks, light * masks)


@pytest.mark.parametrize("demosaic", [bilinear, malvar])
def test_a_grey_ramp_is_interpolated(demosaic):
    ramp = torch.arange(16.0).view(1, 1, 1, 16).expand(4, 3, 16, 16)
    masks = sites(16, 16, PHASES)
    inside = demosaic(mosaic(ramp, masks), masks)[:, :, 3:-3, 3:-3]
    torch.testing.assert_close(inside, ramp[:, :, 3:-3, 3:-3])


def test_malvar_is_nearer_than_bilinear_on_a_textured_grey():
    grey = torch.rand(4, 1, 32, 32, generator=generator()).expand(-1, 3, -1, -1)
    masks = sites(32, 32, PHASES)
    near, far = ((d(mosaic(grey, masks), masks) - grey).square().mean() for d in (malvar, bilinear))
    assert near < 0.6 * far


@pytest.mark.parametrize("value", [0.0, 0.1, 0.8])
def test_the_variance_follows_light(value):
    shot, read = torch.tensor([0.01, 0.001]), torch.tensor([0.0004, 0.0])
    raw = torch.full((2, 1, 400, 400), value)
    noise = add_noise(raw, shot, read, torch.randn(raw.shape, generator=generator())) - raw
    torch.testing.assert_close(noise.flatten(1).var(1), value * shot + read, rtol=0.02, atol=1e-9)


def test_levels_lie_between_the_two_readings_of_the_fit():
    shot = log_uniform(4000, (1e-4, 0.012), generator())
    assert 1e-4 <= shot.min() and shot.max() <= 0.012
    read = draw_read(shot, generator(1))
    residual = read.log() - 2.18 * shot.log()
    assert 1.20 < residual.mean() < 1.20 * 2.303
    with pytest.raises(ValueError, match=r"\(0.01, 0.001\)"):
        log_uniform(1, (0.01, 0.001), generator())
    with pytest.raises(ValueError, match="above 0"):
        log_uniform(1, (0.0, 0.01), generator())
