import torch
from torch import nn

from denoiser.metrics.cost import macs, parameters


def test_macs_of_a_convolution_are_counted_once_per_output_pixel_and_weight():
    layer = nn.Conv2d(3, 8, 3, padding=1)
    assert macs(layer, 3, torch.device("cpu")) == 256 * 256 * 3 * 8 * 9
    assert parameters(layer) == 3 * 8 * 9 + 8


def test_macs_are_a_whole_number_of_one_image_on_the_device():
    seen, layer = [], nn.Conv2d(1, 2, 1).to("meta")

    def forward(image):
        seen.append((tuple(image.shape), image.device.type))
        return layer(image)

    counted = macs(forward, 1, torch.device("meta"))
    assert type(counted) is int and counted == 256 * 256 * 2
    assert seen == [((1, 1, 256, 256), "meta")]
