"""Classical denoisers that need no training, and the estimate of a picture's noise level."""

from __future__ import annotations

import functools
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from denoiser.errors import ENVIRONMENT, DenoiserError, nearest
from denoiser.noise.levels import GREY_LEVELS

Image = NDArray[np.float32]
Baseline = Callable[[Tensor, float], Tensor]
LICENCE = (
    "note: bm3d is Tampere University's software, licensed for non-commercial use only "
    "(https://webpages.tuni.fi/foi/GCF-BM3D)"
)


def baseline(name: str) -> Baseline:
    """A classical denoiser as a function of a noisy picture and its noise level.

    The function takes float `(C, H, W)` with C = 1 or 3, nominally in [0, 1] and not clipped, and sigma in grey levels
    of 255; it gives float32 of the same shape, not clipped either, the same on every call. At sigma 0 it gives back
    the picture. The settings were chosen at sigma 5 to 75 on eight photographs of BSDS500's `train` folder (every
    25th), none of which is in a published test set.

    Args:
        name: one of `BASELINES`.

    Raises:
        DenoiserError: there is no such baseline (exit code 2), or its package is not installed (3).
    """
    if name not in BASELINES:
        near = nearest(name, BASELINES) or "nlm"
        raise DenoiserError(f"no baseline '{name}' (baseline={name})", f"baseline={near}, of {', '.join(BASELINES)}")
    if name == "bm3d":
        _bm3d_package()
    denoise = BASELINES[name]

    def denoised(noisy: Tensor, sigma: float) -> Tensor:
        if not sigma > 0:
            return noisy.float()
        # A copy, and of unit strides: what comes next may work in place.
        image = noisy.detach().cpu().float().permute(1, 2, 0).numpy().copy()
        output = denoise(image[..., 0] if image.shape[-1] == 1 else image, sigma / GREY_LEVELS)
        return torch.from_numpy(np.asarray(output, np.float32).reshape(image.shape)).permute(2, 0, 1).contiguous()

    return denoised


def noisy(image: Image, sigma: float) -> Image:
    """The input as it is."""
    return image


def nlm(image: Image, sigma: float) -> Image:
    """Non-local means (Buades, Coll and Morel, 2005): means over pixels whose patches look alike.

    Search window 13x13. Grey: h = 0.6 sigma, patches 5x5, above sigma 35 7x7. Colour: h = 0.5 sigma, patches 3x3,
    above sigma 20 5x5.

    Args:
        image: (H, W) or (H, W, 3).
        sigma: standard deviation of the noise in the image's own unit.
    """
    from skimage.restoration import denoise_nl_means

    colour = image.ndim == 3
    h, patch, larger_above = (0.5, 3, 20) if colour else (0.6, 5, 35)
    patch += 2 * (sigma * GREY_LEVELS > larger_above)
    options: dict[str, Any] = {"fast_mode": True, "channel_axis": -1 if colour else None}
    return denoise_nl_means(image, patch, 6, h * sigma, sigma=sigma, **options)  # type: ignore[no-any-return]


def tv(image: Image, sigma: float) -> Image:
    """Total variation (Rudin, Osher and Fatemi, 1992), minimised as Chambolle (2004) does.

    Its weight is 0.5 sigma where noise is weak and grows to sigma at 62.5 grey levels and above.

    Args:
        image: (H, W) or (H, W, 3), whose channels share their edges.
        sigma: standard deviation of the noise in the image's own unit.
    """
    from skimage.restoration import denoise_tv_chambolle

    weight = min(0.5 + sigma * GREY_LEVELS / 125, 1) * sigma
    options: dict[str, Any] = {"eps": 1e-5, "max_num_iter": 200, "channel_axis": -1 if image.ndim == 3 else None}
    return denoise_tv_chambolle(image, weight, **options)  # type: ignore[no-any-return, no-untyped-call]


def wavelet(image: Image, sigma: float) -> Image:
    """Soft thresholds of wavelet coefficients, one for each band: BayesShrink (Chang, Yu and Vetterli, 2000).

    Symlets of 8 vanishing moments, 4 levels (fewer below 240 pixels a side), colour as luma and two chromas.

    Args:
        image: (H, W) or (H, W, 3).
        sigma: standard deviation of the noise in the image's own unit.
    """
    from skimage.restoration import denoise_wavelet

    colour = image.ndim == 3
    levels = min(max(int(math.log2(min(image.shape[:2]) / 15)), 1), 4)
    options = {"channel_axis": -1, "convert2ycbcr": True} if colour else {}
    with warnings.catch_warnings():
        # In pictures smaller than the filter every coefficient feels the border, which is stated, not wrong.
        warnings.filterwarnings("ignore", message="Level value of")
        return denoise_wavelet(image, sigma, "sym8", "soft", levels, rescale_sigma=True, **options)  # type: ignore[no-any-return]


def bm3d(image: Image, sigma: float) -> Image:
    """BM3D (Dabov, Foi, Katkovnik and Egiazarian, 2007) of the package `bm3d` (Makinen, Azzari and Foi, 2020).

    Its default profile, on one thread, since the result depends a little on their number. Colour: C-BM3D's opponent
    space. A side below 8 pixels, the size of its blocks, is mirrored.

    Args:
        image: (H, W) or (H, W, 3).
        sigma: standard deviation of the noise in the image's own unit.
    """
    package = _bm3d_package()
    profile = package.BM3DProfile()
    profile.num_threads = 1
    denoise = package.bm3d_rgb if image.ndim == 3 else package.bm3d
    missing = [(0, max(0, profile.bs_ht - side)) for side in image.shape[:2]]
    whole = np.pad(image, [*missing, (0, 0)][: image.ndim], mode="symmetric")
    return denoise(whole, sigma, profile)[: image.shape[0], : image.shape[1]]  # type: ignore[no-any-return]


BASELINES: dict[str, Callable[[Image, float], Image]] = {
    function.__name__: function for function in (noisy, nlm, tv, wavelet, bm3d)
}


@functools.cache
def _bm3d_package() -> Any:
    """The package, whose licence is shown once."""
    try:
        import bm3d as package
    except ImportError as error:
        raise DenoiserError(
            f"the package bm3d is not installed, or not whole: {error} (baseline=bm3d)",
            "pip install bm3d; it is licensed for non-commercial use only",
            ENVIRONMENT,
        ) from error
    print(LICENCE, file=sys.stderr)
    return package
