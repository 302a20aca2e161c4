import torch
from torch import nn

from denoiser.metrics.cost import macs, parameters


def test_macs_of_a_convolution_are_counted_once_per_output_pixel_and_weight():
    layer = nn.Conv2d(3, 8, 3, padding=1)
    assert macs(layer, 3, torch.device("cpu")) == 256 * 256 * 3 * 8 * 9
    assert parameters(layer) == 3 * 8 * 9 + 8
