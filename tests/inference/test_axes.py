import numpy as np
import pytest
import torch

from denoiser.inference import axes

SIZES = {"N": 2, "C": 3, "H": 4, "W": 5}


@pytest.mark.parametrize("order", axes.AXES)
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_pictures_are_views_with_channels_last(order, kind):
    array = np.arange(np.prod([SIZES[letter] for letter in order]), dtype=np.float32)
    array = array.reshape([SIZES[letter] for letter in order])
    array = torch.from_numpy(array) if kind == "torch" else array
    found = axes.pictures(array, order)
    assert len(found) == (2 if "N" in order else 1)
    for number, picture in enumerate(found):
        at = {"N": number, "H": 1, "W": 2, "C": 0}
        assert tuple(picture.shape) == ((4, 5, 3) if "C" in order else (4, 5))
        assert picture[(1, 2, 0) if "C" in order else (1, 2)] == array[tuple(at[letter] for letter in order)]
        picture[...] = -1
    assert (array == -1).all()


@pytest.mark.parametrize(
    ("order", "shape", "reason"),
    [
        ("NHX", (2, 4, 5), "axes='NHX'; allowed: HW, HWC, CHW, NHW, NHWC, NCHW; did you mean NHW"),
        ("nhwc", (2, 4, 5, 3), r"axes='nhwc'; allowed: .*; did you mean NHWC\?"),
        (3, (2, 4, 5), "axes=3; allowed: HW,"),
        ("NHW", (4, 5), r"axes='NHW' has 3 axes, and an array of shape \(4, 5\) 2; allowed for it: HW$"),
        ("HW", (2, 4, 5), "allowed for it: HWC, CHW, NHW$"),
        ("HW", (1, 2, 3, 4, 5), "each with its shape"),
    ],
)
def test_other_axes_are_refused_with_those_that_fit(order, shape, reason):
    with pytest.raises(ValueError, match=reason):
        axes.pictures(np.zeros(shape), order)
