"""BM3D (Dabov, Foi, Katkovnik and Egiazarian, 2007) of the package `bm3d` (Makinen, Azzari and Foi, 2020)."""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.machine.terminal import say

LICENCE = (
    "note: bm3d is Tampere University's software, licensed for non-commercial use only "
    "(https://webpages.tuni.fi/foi/GCF-BM3D)"
)


def denoise(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Run BM3D with its default profile on one thread: the result depends a little on the number of threads.

    Colour: the opponent space of C-BM3D. Sides below 8 pixels, the size of its blocks, are padded by reflection.
    """
    package = _package()
    profile = package.BM3DProfile()
    profile.num_threads = 1
    run = package.bm3d_rgb if image.ndim == 3 else package.bm3d
    missing = [(0, max(0, profile.bs_ht - side)) for side in image.shape[:2]]
    padded = np.pad(image, [*missing, (0, 0)][: image.ndim], mode="symmetric")
    return run(padded, sigma, profile)[: image.shape[0], : image.shape[1]]  # type: ignore[no-any-return]


def check() -> None:
    """Require the package, and print its licence once.

    Raises:
        DenoiserError: it is not installed (exit code 3).
    """
    _package()


@functools.cache
def _package() -> Any:
    try:
        import bm3d
    except ImportError as error:
        raise DenoiserError(
            f"the package bm3d is missing or broken: {error} (baseline=bm3d)",
            "pip install bm3d; it is licensed for non-commercial use only",
            ENVIRONMENT,
        ) from error
    say(LICENCE, error=True)
    return bm3d
