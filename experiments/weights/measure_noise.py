"""Compare the noise that `denoiser denoise` prints with the truth.

    python experiments/weights/measure_noise.py PAIRS PHOTOS

PAIRS holds the folders noisy and clean; PHOTOS holds clean photographs, to which a simulated camera and white noise are
added. See noise.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import denoiser
from denoiser.noise.camera import settings
from denoiser.noise.camera.likeness import autocorrelation
from denoiser.noise.camera.pipeline import render
from denoiser.noise.camera.smoothing import to_ycc
from denoiser.photos import noise_measure

NEAR, SIDE = 0.25, 400
Pair = tuple[Tensor, Tensor]


def picture(path: Path) -> Tensor:
    """A picture `(3, H, W)` in grey levels."""
    with Image.open(path) as opened:
        return torch.from_numpy(np.array(opened.convert("RGB"))).permute(2, 0, 1).float()


def real(folder: Path) -> Iterator[Pair]:
    """Noisy and clean pictures of real pairs."""
    for path in sorted((folder / "noisy").iterdir()):
        yield picture(path), picture(folder / "clean" / path.name)


def simulated(folder: Path, sigma: float | None) -> Iterator[Pair]:
    """The middle of each photograph, downscaled by 2, with a simulated camera's noise, or white noise of `sigma`."""
    for seed, path in enumerate(sorted(folder.glob("*.jpg"))):
        with Image.open(path) as opened:
            small = opened.convert("RGB").resize((opened.width // 2, opened.height // 2), Image.Resampling.LANCZOS)
        left, top = (max(0, (side - SIDE) // 2) for side in small.size)
        clean = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None, :, top : top + SIDE, left : left + SIDE] / 255
        g = torch.Generator().manual_seed(seed)
        if sigma is None:
            draws = (torch.randn(1, 1, *clean.shape[2:], generator=g) for _ in range(2))
            noisy, clean = render(clean, settings.draw(1, settings.Settings(), g), *draws)
        else:
            noisy = (clean + sigma / 255 * torch.randn(clean.shape, generator=g)).clamp(0, 1)
        yield (noisy[0] * 255).round(), clean[0] * 255


def report(name: str, pairs: Iterator[Pair]) -> None:
    """Print the share of estimates that are near the truth."""
    function = denoiser.load("camera").function(None, "32", 3)
    deviations, lengths, white = [], [], 0
    for noisy, clean in pairs:
        noise = noise_measure.measure(noisy.byte().permute(1, 2, 0).contiguous().numpy(), 255.0, function)
        luma = to_ycc((noisy - clean)[None])[0, 0]
        values = autocorrelation(luma, torch.ones_like(luma, dtype=torch.bool), noise_measure.LAGS)
        deviations.append(np.array(noise.deviation) / (noisy - clean).flatten(1).std(1).numpy())
        lengths.append(noise.correlation_length / noise_measure.length([float(v) for v in values]))
        white += noise.is_white
    ratios = np.array(deviations)
    shares = [np.mean(np.abs(x - 1) < NEAR) for x in (ratios.mean(1), ratios, np.array(lengths))]
    every = np.mean((np.abs(ratios - 1) < NEAR).all(1))
    print(f"{name}: n {len(ratios)}, white {white}; near: mean {shares[0]:.2f}, each {shares[1]:.2f}, ", end="")
    print(f"all three {every:.2f}, length {shares[2]:.2f}", flush=True)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    report("real", real(options.pairs))
    report("simulated cameras", simulated(options.photos, None))
    for sigma in (3, 8, 20):
        report(f"white, sigma {sigma}", simulated(options.photos, sigma))


if __name__ == "__main__":
    main()
