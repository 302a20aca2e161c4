"""Arrays of `numpy.ma`: what is masked changes nothing else, and stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoiser.inference import transparency


def filled(image: np.ma.MaskedArray[Any, Any]) -> NDArray[Any]:
    """A copy without a mask: masked values mirror those at their border, channel by channel where masks differ.

    Args:
        image: `(H, W)` or `(H, W, C)` of any type; what is under the mask may be anything, also NaN.
    """
    mask, values = np.ma.getmaskarray(image), np.ma.getdata(image).copy()
    if mask.ndim == 2 or (mask == mask[..., :1]).all():
        return _filled(values, mask if mask.ndim == 2 else mask[..., 0])
    return np.stack([_filled(values[..., i], mask[..., i]) for i in range(mask.shape[2])], axis=2)


def _filled(values: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    if mask.all():
        return np.zeros_like(values)  # whatever comes of it is masked
    visible = transparency.filled(values, ~mask)
    return values if visible is None else visible


def like(denoised: NDArray[Any], image: np.ma.MaskedArray[Any, Any]) -> np.ma.MaskedArray[Any, Any]:
    """A denoised picture with the mask of the image, its fill value, and what is under the mask."""
    hidden = np.ma.getmask(image)
    denoised[np.ma.getmaskarray(image)] = np.ma.getdata(image)[np.ma.getmaskarray(image)]
    mask = hidden if hidden is np.ma.nomask else hidden.copy()
    return np.ma.MaskedArray(denoised, mask=mask, fill_value=image.fill_value)
