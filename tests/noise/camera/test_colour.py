"""Colours of sensors and curves of cameras, by their published figures (Brooks et al. 2019)."""

import pytest
import torch

from denoiser.noise.camera.colour import RGB_TO_XYZ, XYZ_TO_CAMERA, apply_matrix, draw_colours, unbalance
from denoiser.noise.camera.curves import gamma, inverse_gamma, inverse_tone, to_values, tone


@pytest.fixture
def colours():
    return draw_colours(4000, torch.Generator().manual_seed(0))


def test_white_balance_is_drawn_as_published(colours):
    green = colours.gains[:, 1]
    assert 1 <= green.min() and green.max() <= 2
    assert (1 / green).mean() == pytest.approx(0.8, abs=0.01) and (1 / green).std() == pytest.approx(0.1, abs=0.015)
    for channel, (low, high) in ((0, (1.9, 2.4)), (2, (1.5, 1.9))):
        ratio = colours.gains[:, channel] / green
        assert low - 1e-5 <= ratio.min() and ratio.max() <= high + 1e-5
        assert torch.histc(ratio, 4, low, high).div(4000).sub(0.25).abs().max() < 0.04


def test_matrices_lie_between_those_of_four_cameras(colours):
    own = torch.tensor(XYZ_TO_CAMERA) @ torch.tensor(RGB_TO_XYZ)
    own = own / own.sum(-1, keepdim=True)
    drawn = colours.to_camera
    assert (drawn >= own.amin(0) - 1e-4).all() and (drawn <= own.amax(0) + 1e-4).all()
    assert drawn.std(0).max() > 0.02


def test_a_matrix_is_applied_to_each_pixel(colours):
    pictures = torch.rand(3, 3, 4, 5)
    result = apply_matrix(pictures, colours.to_camera[:3])
    torch.testing.assert_close(result[1, :, 2, 3], colours.to_camera[1] @ pictures[1, :, 2, 3])


def test_white_stays_white_before_the_white_balance_and_shadows_are_divided():
    gains = torch.tensor([[2.0, 1.25, 1.6]])
    light = torch.tensor([0.2, 0.9, 0.95, 1.0]).view(1, 1, 1, 4).expand(1, 3, 1, 4)
    raw = unbalance(light, gains)[0, :, 0]
    torch.testing.assert_close(raw[:, :2], light[0, :, 0, :2] / gains.T)
    torch.testing.assert_close(raw[:, 3], torch.ones(3))
    torch.testing.assert_close(raw[:, 2], 0.95 * (0.25 + 0.75 / gains[0]))  # half of the way, squared


def test_the_curves_have_their_published_values():
    torch.testing.assert_close(tone(torch.tensor([-1, 0, 0.25, 0.5, 1, 2])), torch.tensor([0, 0, 0.15625, 0.5, 1, 1]))
    torch.testing.assert_close(inverse_tone(torch.tensor([-1, 0.15625, 0.5, 2])), torch.tensor([0, 0.25, 0.5, 1]))
    torch.testing.assert_close(gamma(torch.tensor([0.25, 1])), torch.tensor([0.25, 1]) ** (1 / 2.2))
    torch.testing.assert_close(inverse_gamma(torch.tensor([0.25, 1])), torch.tensor([0.25, 1]) ** 2.2)
    assert gamma(torch.tensor([-1.0, 0])).tolist() == pytest.approx([1e-8 ** (1 / 2.2)] * 2)
    light = torch.tensor([0.25, 1.5]).view(1, 1, 1, 2).expand(2, 3, 1, 2)
    plain, toned = to_values(light, torch.tensor([False, True]))
    torch.testing.assert_close(plain[0, 0], torch.tensor([0.25 ** (1 / 2.2), 1]))
    torch.testing.assert_close(toned, tone(plain))
