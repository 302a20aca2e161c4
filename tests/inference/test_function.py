import pytest
import torch
from helpers.lively import unet


@pytest.mark.parametrize(("takes", "channels"), [(1, 3), (3, 1), (3, 3)])
def test_functions_for_other_channels_keep_what_tiles_need(takes, channels):
    function = unet(takes).function(precision="bf16", channels=channels)
    assert function.multiple == 4 and function.receptive_field is None
    noisy = torch.rand(1, channels, 24, 24)
    assert function(noisy).shape == noisy.shape == function.exact(noisy).shape
    assert function(noisy).dtype == torch.float32
    assert 1e-5 < (function(noisy) - function.exact(noisy)).abs().max() < 0.02
    assert unet(takes).function(channels=channels).exact is None
