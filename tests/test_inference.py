import pytest
import torch
from lively import unet

from denoiser import inference


@pytest.mark.parametrize(("takes", "channels"), [(1, 3), (3, 1), (3, 3)])
def test_functions_say_their_multiple_whatever_the_channels(takes, channels):
    function = inference.matched(unet(takes).function(precision="bf16"), takes, channels)
    assert function.multiple == 4
    noisy = torch.rand(1, channels, 24, 24)
    assert function(noisy).shape == noisy.shape == function.exact(noisy).shape
    assert function(noisy).dtype == torch.float32
    assert 1e-5 < (function(noisy) - function.exact(noisy)).abs().max() < 0.02
