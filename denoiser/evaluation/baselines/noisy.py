"""The noisy input as it is."""

import numpy as np
from numpy.typing import NDArray


def denoise(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Return the input."""
    return image
