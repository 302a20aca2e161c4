import pytest
import torch
from helpers.lively import unet

from denoiser.inference import function


@pytest.mark.parametrize(("takes", "channels"), [(1, 3), (3, 1), (3, 3)])
def test_functions_say_their_multiple_whatever_the_channels(takes, channels):
    matched = function.matched(unet(takes).function(precision="bf16"), takes, channels)
    assert matched.multiple == 4
    noisy = torch.rand(1, channels, 24, 24)
    assert matched(noisy).shape == noisy.shape == matched.exact(noisy).shape
    assert matched(noisy).dtype == torch.float32
    assert 1e-5 < (matched(noisy) - matched.exact(noisy)).abs().max() < 0.02
