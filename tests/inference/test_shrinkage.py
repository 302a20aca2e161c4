"""A change that noise does not explain is taken back; one that noise explains stays."""

import pytest
import torch

from denoiser.inference import shrinkage
from denoiser.noise.level_function import NoiseLevelFunction

SIGMA = 0.04
NOISE = NoiseLevelFunction((0.0, 1.0), (SIGMA**2, SIGMA**2))


def draw(seed, channels):
    noise = torch.randn(1, channels, 96, 96, generator=torch.Generator().manual_seed(seed))
    return SIGMA * noise / noise.square().mean().sqrt()


def squares(error):
    """The mean square of an error, by that of the noise."""
    return float(error.square().mean()) / SIGMA**2


@pytest.mark.parametrize("channels", [1, 3])
class TestShrunk:
    def result(self, change, channels, noise=NOISE):
        """What is left of the noise where `change` is removed, which depends on the noise."""
        noisy = 0.5 + draw(0, channels)
        return shrinkage.shrunk(lambda x: x - change(x - 0.5), noise)(noisy) - 0.5

    def test_noise_is_removed(self, channels):
        assert squares(self.result(lambda noise: noise, channels)) < 0.002
        left = squares(self.result(lambda noise: 0.8 * noise, channels))
        assert abs(left - 0.04) < 0.002

    def test_a_bias_is_taken_back(self, channels):
        for bias in (2, 5, 50, 1e4):
            assert squares(self.result(lambda noise, bias=bias: noise + bias * SIGMA, channels)) < 1 + 1e-5

    def test_a_small_bias_is_better_than_noise(self, channels):
        assert squares(self.result(lambda noise: noise + 0.3 * SIGMA, channels)) < 0.12

    def test_what_is_no_part_of_the_noise_is_taken_back(self, channels):
        assert squares(self.result(lambda noise: draw(1, channels), channels)) < 1.05
        assert squares(self.result(lambda noise: -noise, channels)) < 1 + 1e-5

    def test_a_picture_without_noise_stays(self, channels):
        nothing = NoiseLevelFunction((0.0,), (0.0,))
        noisy = 0.5 + draw(0, channels)
        assert torch.allclose(shrinkage.shrunk(lambda x: x * 0.9, nothing)(noisy), noisy)

    def test_what_was_not_changed_counts_for_nothing(self, channels):
        def half(noise):
            return torch.where(torch.arange(96) < 48, noise, 0)

        left = self.result(half, channels)
        assert torch.equal(left[..., 48:], (0.5 + draw(0, channels))[..., 48:] - 0.5)
        assert squares(left[..., 44:48]) < 0.02


def test_where_it_is_bright_more_noise_is_explained():
    photons = NoiseLevelFunction((0.0, 10.0), (0.0, 100 * SIGMA**2))
    noise = 10 * draw(0, 1)
    for brightness, least, most in ((10.0, 0, 0.2), (1.0, 90, 95)):
        left = shrinkage.shrunk(lambda x, b=brightness: torch.full_like(x, b), photons)(brightness + noise) - brightness
        assert least <= squares(left) < most
