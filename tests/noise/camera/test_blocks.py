import numpy as np
from scipy.fft import dct

from denoiser.noise.camera import blocks


def test_the_integer_transform_is_a_cosine_transform_to_13_bits():
    expected = dct(np.eye(8), norm="ortho", axis=0) * 2**13 * np.sqrt(8)
    assert np.abs(np.array(blocks.transform.__wrapped__()) - expected).max() < 2
