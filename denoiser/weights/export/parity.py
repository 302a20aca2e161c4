"""What an exported network gives beside the one that it was made from, on photographs that need no network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from denoiser.data.base import Protocol
from denoiser.data.photos import TEST, Photos
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.metrics.psnr_ssim import psnr
from denoiser.noise.base import to_8_bit
from denoiser.noise.gaussian import Gaussian

if TYPE_CHECKING:
    from denoiser.inference.picture_model import PictureModel

Call = Callable[[Tensor, float], Tensor]
"""From noisy `(B, C, H, W)` and its sigma to the same shape."""
SIGMA, SEED, TIMES = 25, 0, 3
PICTURES = ("astronaut.png", "chelsea.png")
"""512x512, and 300x451: odd, and no multiple of anything."""
LIMIT = 1e-3
"""Of 1.0, for the same weights; other orders of the same sums come to some 1e-6."""


def caller(model: PictureModel) -> Call:
    """A model as a function of a picture and its noise level, which only some are told."""

    def call(noisy: Tensor, sigma: float) -> Tensor:
        with torch.inference_mode():
            return model(noisy, sigma) if model.takes_sigma else model(noisy)

    return call


def compared(own: Call, other: Call, channels: int, timed: bool = True) -> list[dict[str, Any]]:
    """How far two calls are apart on noisy photographs: sigma 25, seed 0, as in an evaluation on `data=photos`.

    Args:
        own: torch's.
        other: the same network elsewhere, on the same threads.
        channels: 3 or 1.
        timed: whether to measure both too.

    Returns:
        For each picture its size, the largest (`max`) and the `mean` difference, where 1.0 is white, the `psnr`
        between both in dB (None where they are identical) and, where they are timed, seconds per megapixel, medians
        of 3 alternating calls after one.
    """
    rows = []
    for name in PICTURES:
        noisy, _ = _pair(name, channels)
        first, second = own(noisy, SIGMA), other(noisy, SIGMA)
        difference, (height, width) = (first - second).abs(), noisy.shape[-2:]
        between = float(psnr(second, first))
        row = {"picture": name, "height": height, "width": width, "sigma": SIGMA, "seed": SEED}
        row |= {"max": float(difference.max()), "mean": float(difference.mean())}
        row["psnr"] = between if between < float("inf") else None
        rows.append({**row, **(_seconds(own, other, noisy) if timed else {})})
    return rows


def check(rows: Sequence[Mapping[str, Any]], what: str, limit: float = LIMIT) -> None:
    """Refuse an export that differs from its origin.

    Raises:
        DenoiserError: the largest difference is above the limit, or no number (exit code 1).
    """
    for row in rows:
        if not row["max"] <= limit:  # which is also so of NaN
            raise DenoiserError(
                f"{what} differs from torch by {row['max']:.2g} of 1, above {limit:g} ({row['picture']}); not written",
                "leave this format out (--format), and please report it",
                SOME_FAILED,
            )


def checked(model: PictureModel) -> dict[str, Any]:
    """One figure by which a file is known to denoise as it should: PSNR of the first photograph at sigma 25, seed 0.

    It is that of `denoiser evaluate ... data=photos noise.sigma=25` for this picture: output clamped, 8 bits.
    """
    noisy, clean = _pair(TEST[0], model.channels)
    denoised = to_8_bit(caller(model)(noisy, SIGMA))
    figures = {"psnr": float(psnr(denoised, clean)), "psnr_noisy": float(psnr(noisy, clean))}
    return {"picture": TEST[0], "channels": model.channels, "sigma": SIGMA, "seed": SEED, **figures}


def table(parity: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    """Lines of Markdown: a row for each format and picture."""
    yield "| file | picture | size | max difference | mean difference | PSNR between | torch | onnxruntime |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, rows in parity.items():
        for row in rows:
            between = "identical" if row["psnr"] is None else f"{row['psnr']:.1f} dB"
            paid = [f"{row[key]:.2f} s/MP" if key in row else "" for key in ("torch", "onnxruntime")]
            size, apart = f"{row['height']}x{row['width']}", f"{row['max']:.1e} | {row['mean']:.1e}"
            yield f"| {name} | {row['picture']} | {size} | {apart} | {between} | {' | '.join(paid)} |"


def _pair(name: str, channels: int) -> tuple[Tensor, Tensor]:
    """Noisy and clean `(1, C, H, W)`."""
    pairs = Photos(Protocol(Gaussian(), SEED, (SIGMA,), clip=False), channels=channels).frozen("test")
    batch = pairs.__getitems__([TEST.index(name)])
    return batch.noisy, batch.clean


def _seconds(own: Call, other: Call, noisy: Tensor) -> dict[str, float]:
    spent: dict[str, list[float]] = {"torch": [], "onnxruntime": []}
    for _ in range(TIMES):
        for name, call in zip(spent, (own, other), strict=True):
            started = time.perf_counter()
            call(noisy, SIGMA)
            spent[name].append(time.perf_counter() - started)
    megapixels = noisy[0, 0].numel() / 1e6
    return {name: statistics.median(times) / megapixels for name, times in spent.items()}
