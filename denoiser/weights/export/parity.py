"""Parity: how far the outputs of an export and of its model are apart, on two of scikit-image's photographs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from denoiser.data.photos import TEST, Photos
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.metrics.psnr_ssim import psnr
from denoiser.noise.base import to_8_bit
from denoiser.noise.gaussian import Gaussian

if TYPE_CHECKING:
    from denoiser.inference.picture_model import PictureModel

Denoise = Callable[[Tensor, float], Tensor]
"""Denoises float32 `(B, C, H, W)`, nominally in [0, 1], of one noise level in grey levels of 255."""
SIGMA, SEED = 25, 0
TIMES = 3
"""Timed calls for each picture, of which the median counts."""
PICTURES = ("astronaut.png", "chelsea.png")
"""Photographs of 512x512 and of 300x451 pixels: the sides of the latter are no multiples of 8, one is odd."""
LIMIT = 1e-3
"""Largest difference allowed between outputs of the same weights, 1.0 is white; rounding comes to some 1e-6."""


def function(model: PictureModel) -> Denoise:
    """A model as a function of a picture and its noise level; models that take no noise level ignore it."""

    def denoise(noisy: Tensor, sigma: float) -> Tensor:
        with torch.inference_mode():
            return model(noisy, sigma) if model.takes_sigma else model(noisy)

    return denoise


def compare(original: Denoise, exported: Denoise, channels: int, timed: bool = True) -> list[dict[str, Any]]:
    """Compare the outputs on noisy photographs: sigma 25, seed 0, as in an evaluation on `data=photos`.

    Args:
        original: the model in torch.
        exported: the exported model, on the same number of threads.
        channels: channels of the pictures, 3 or 1.
        timed: measure the speed of both, too.

    Returns:
        For each picture its size, the largest (`max`) and the `mean` difference, where 1.0 is white, and the `psnr`
        between the outputs in dB, None where they are identical. If timed also `torch` and `onnxruntime`, seconds per
        megapixel: medians of 3 alternating calls, after one to warm up.
    """
    rows = []
    for name in PICTURES:
        noisy, _ = _pair(name, channels)
        first, second = original(noisy, SIGMA), exported(noisy, SIGMA)
        difference, (height, width) = (first - second).abs(), noisy.shape[-2:]
        between = float(psnr(second, first))
        row = {"picture": name, "height": height, "width": width, "sigma": SIGMA, "seed": SEED}
        row |= {"max": float(difference.max()), "mean": float(difference.mean())}
        row["psnr"] = between if between < float("inf") else None
        rows.append({**row, **(_seconds(original, exported, noisy) if timed else {})})
    return rows


def check(rows: Sequence[Mapping[str, Any]], what: str, limit: float = LIMIT) -> None:
    """Refuse an export whose output differs from the model's.

    Args:
        rows: the comparison, of `compare`.
        what: the exported file, for the error.
        limit: largest difference allowed, 1.0 is white.

    Raises:
        DenoiserError: the largest difference is above the limit, or NaN (exit code 1).
    """
    for row in rows:
        if not row["max"] <= limit:  # also true of NaN
            raise DenoiserError(
                f"{what} differs from torch by {row['max']:.2g} of 1, above {limit:g} ({row['picture']}); not written",
                "leave this format out (--format), and please report it",
                SOME_FAILED,
            )


def reference(model: PictureModel) -> dict[str, Any]:
    """One figure to check a copy of a file by: the PSNR of the first photograph at sigma 25, seed 0.

    It is the figure of `denoiser evaluate ... data=photos noise.sigma=25` for this picture: output clamped, 8 bits.
    """
    noisy, clean = _pair(TEST[0], model.channels)
    denoised = to_8_bit(function(model)(noisy, SIGMA))
    figures = {"psnr": float(psnr(denoised, clean)), "psnr_noisy": float(psnr(noisy, clean))}
    return {"picture": TEST[0], "channels": model.channels, "sigma": SIGMA, "seed": SEED, **figures}


def table(parity: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Lines of Markdown: a row for each format and picture."""
    yield "| file | picture | size | max difference | mean difference | PSNR between | torch | onnxruntime |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, rows in parity.items():
        for row in rows:
            between = "identical" if row["psnr"] is None else f"{row['psnr']:.1f} dB"
            speeds = [f"{row[key]:.2f} s/MP" if key in row else "" for key in ("torch", "onnxruntime")]
            size, difference = f"{row['height']}x{row['width']}", f"{row['max']:.1e} | {row['mean']:.1e}"
            yield f"| {name} | {row['picture']} | {size} | {difference} | {between} | {' | '.join(speeds)} |"


def _pair(name: str, channels: int) -> tuple[Tensor, Tensor]:
    """Noisy and clean `(1, C, H, W)`."""
    pairs = Photos(noise=Gaussian(SIGMA), seed=SEED, channels=channels).frozen("test")
    batch = pairs.__getitems__([TEST.index(name)])
    return batch.noisy, batch.clean


def _seconds(original: Denoise, exported: Denoise, noisy: Tensor) -> dict[str, float]:
    """Seconds per megapixel."""
    seconds: dict[str, list[float]] = {"torch": [], "onnxruntime": []}
    for _ in range(TIMES):
        for name, denoise in zip(seconds, (original, exported), strict=True):
            start = time.perf_counter()
            denoise(noisy, SIGMA)
            seconds[name].append(time.perf_counter() - start)
    megapixels = noisy[0, 0].numel() / 1e6
    return {name: statistics.median(times) / megapixels for name, times in seconds.items()}
