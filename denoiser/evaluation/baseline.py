"""A classical denoiser by its name; importing this module does not import torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser import build
from denoiser.errors import DenoiserError, nearest
from denoiser.noise.levels import GREY_LEVELS

if TYPE_CHECKING:
    from torch import Tensor

BASELINES = tuple(sorted(path.stem for path in Path(__file__).with_name("baselines").glob("[!_]*.py")))
"""Names of the baselines: the files in `baselines`."""


def baseline(name: str) -> Callable[[Tensor, float], Tensor]:
    """A classical denoiser as a function of a noisy picture and its noise level.

    The function takes float `(C, H, W)` with C = 1 or 3, nominally in [0, 1] and not clipped, and sigma in grey levels
    of 255. It returns float32 of the same shape, not clipped either, and the same on every call; at sigma 0 it returns
    the picture. The settings were chosen at sigma 5 to 75 on eight photographs of BSDS500's `train` folder (every
    25th), none of which is in a published test set.

    The dotted path of a function in a trusted package names a baseline of your own. It takes a picture as a float32
    array, `(H, W)` or `(H, W, 3)`, nominally in [0, 1], and sigma in the same unit, and returns an array of its shape.

    Args:
        name: one of `BASELINES`, or a dotted path.

    Raises:
        DenoiserError: there is no such baseline (exit code 2), or its package is not installed (3).
    """
    import numpy as np
    import torch

    denoise_array = build.target("baseline", name) if "." in name else _ours(name)

    def denoise(noisy: Tensor, sigma: float) -> Tensor:
        if not sigma > 0:
            return noisy.float()
        # A contiguous copy, which the baseline may change in place.
        image = noisy.detach().cpu().float().permute(1, 2, 0).numpy().copy()
        denoised = denoise_array(image[..., 0] if image.shape[-1] == 1 else image, sigma / GREY_LEVELS)
        return torch.from_numpy(np.asarray(denoised, np.float32).reshape(image.shape)).permute(2, 0, 1).contiguous()

    return denoise


def _ours(name: str) -> Callable[..., Any]:
    if name not in BASELINES:
        near = nearest(name, BASELINES) or "nlm"
        raise DenoiserError(f"no baseline '{name}' (baseline={name})", f"baseline={near}, of {', '.join(BASELINES)}")
    module = importlib.import_module(f"denoiser.evaluation.baselines.{name}")
    if hasattr(module, "check"):
        module.check()
    function: Callable[..., Any] = module.denoise
    return function
