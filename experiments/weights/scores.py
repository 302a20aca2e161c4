"""Scores of the camera network during training: on real pairs, and on the usual test set with Gaussian noise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

MULTIPLE = 8
Network = Callable[[Tensor], Tensor]


def picture(path: Path, channels: int) -> Tensor:
    """The picture in a file as `(1, C, H, W)`, in [0, 1]."""
    with Image.open(path) as opened:
        levels = np.array(opened.convert("RGB" if channels == 3 else "L"))
    return torch.from_numpy(levels).view(*levels.shape[:2], channels).permute(2, 0, 1)[None].float() / 255


def denoised(network: Network, pictures: Tensor) -> Tensor:
    """The network's output for pictures of any size, rounded to 8 bits; sides are padded by reflection."""
    height, width = pictures.shape[2:]
    padded = nn.functional.pad(pictures, (0, -width % MULTIPLE, 0, -height % MULTIPLE), "reflect")
    return (network(padded)[:, :, :height, :width].float().clamp(0, 1) * 255).round() / 255


def psnr(first: Tensor, second: Tensor) -> float:
    """PSNR in dB of pictures in [0, 1], all channels together."""
    return float(-10 * torch.log10((first - second).double().square().mean().clamp(min=1e-12)))


def real(network: Network, folder: Path, channels: int, device: torch.device) -> dict[str, float]:
    """Mean PSNR and gain on real pairs, the number that got worse, and the largest shift of a channel's mean."""
    gains, after, shifts = [], [], []
    for path in sorted((folder / "noisy").iterdir()):
        noisy, clean = (picture(folder / kind / path.name, channels).to(device) for kind in ("noisy", "clean"))
        output = denoised(network, noisy)
        after.append(psnr(output, clean))
        gains.append(after[-1] - psnr(noisy, clean))
        shifts.append(float((output - noisy).mean((2, 3)).abs().max()) * 255)
    worse = sum(gain < 0 for gain in gains)
    return {"real": float(np.mean(after)), "gain": float(np.mean(gains)), "worse": worse, "shift": max(shifts)}


def gaussian(network: Network, files: list[Path], channels: int, device: torch.device) -> dict[str, float]:
    """Mean PSNR at sigma 15, 25 and 50, unclipped, and the RMS change of clean pictures in grey levels."""
    clean = [picture(path, channels) for path in files]
    means = {}
    for sigma in (15, 25, 50):
        g = torch.Generator().manual_seed(sigma)
        noisy = [c + torch.randn(c.shape, generator=g) * sigma / 255 for c in clean]
        scores = [psnr(denoised(network, x.to(device)), c.to(device)) for x, c in zip(noisy, clean, strict=True)]
        means[f"awgn{sigma}"] = float(np.mean(scores))
    changes = [float((denoised(network, c.to(device)) - c.to(device)).square().mean().sqrt()) * 255 for c in clean]
    return {**means, "change": float(np.mean(changes))}
