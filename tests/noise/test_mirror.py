import numpy as np
import torch

from denoiser.noise.mirror import mirrored


def test_pictures_are_mirrored_by_any_amount_as_numpy_does():
    picture = torch.arange(12.0).view(1, 3, 4)
    extended = mirrored(picture, 3 + 2 * 7, 4 + 2 * 9)
    assert np.array_equal(extended[0], np.pad(picture[0], ((7, 7), (9, 9)), "symmetric"))
    assert mirrored(picture, 2, 4) is picture
    assert mirrored(picture.to("meta"), 9, 9).device.type == "meta"
