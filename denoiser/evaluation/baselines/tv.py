"""Total variation (Rudin, Osher and Fatemi, 1992), minimised by the algorithm of Chambolle (2004)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import denoise_tv_chambolle

from denoiser.noise.levels import GREY_LEVELS


def denoise(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Minimise the total variation; the channels of a colour picture share their edges.

    The weight is 0.5 sigma for weak noise and grows to 1 sigma at 62.5 grey levels and above.
    """
    weight = min(0.5 + sigma * GREY_LEVELS / 125, 1) * sigma
    options: dict[str, Any] = {"eps": 1e-5, "max_num_iter": 200, "channel_axis": -1 if image.ndim == 3 else None}
    return denoise_tv_chambolle(image, weight, **options)  # type: ignore[no-any-return, no-untyped-call]
