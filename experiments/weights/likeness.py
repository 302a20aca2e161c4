"""The noise of real pairs beside the synthetic noise of cameras: median, 10 % and 90 % of `statistics`.

    python experiments/weights/likeness.py polyu-dev free-photos

Photographs are downscaled by 1.5, cropped to 224 x 224 and each photographed by a random camera.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from denoiser.noise.camera.likeness import BRIGHTNESS, LAGS, statistics
from denoiser.noise.camera.pipeline import render
from denoiser.noise.camera.settings import Settings, draw

SIDE, SCALE, AT_ONCE = 224, 1.5, 8
NAMES = {
    "psnr": ["PSNR of the noisy picture, dB"],
    "deviation": ["deviation of luma", "of blue difference", "of red difference"],
    "correlation": ["correlation of R and G", "of R and B", "of G and B"],
    "levels": [f"deviation of luma, brightness {a} to {b}" for a, b in pairwise(BRIGHTNESS)],
    "luma": [f"autocorrelation of luma, lag {lag}" for lag in LAGS],
    "blue": [f"of blue difference, lag {lag}" for lag in LAGS],
    "red": [f"of red difference, lag {lag}" for lag in LAGS],
}


def picture(path: Path) -> Image.Image:
    """The picture in a file, as RGB."""
    with Image.open(path) as opened:
        return opened.convert("RGB")


def tensor(image: Image.Image) -> Tensor:
    """`(3, H, W)` in [0, 1]."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def real(folder: Path) -> list[dict[str, Tensor]]:
    """Statistics of each real pair."""
    files = sorted((folder / "noisy").iterdir())
    return [statistics(tensor(picture(f)), tensor(picture(folder / "clean" / f.name))) for f in files]


def crop(path: Path, g: torch.Generator) -> Tensor:
    """A random crop of a downscaled photograph."""
    photo = picture(path)
    small = photo.resize((round(photo.width / SCALE), round(photo.height / SCALE)), Image.Resampling.LANCZOS)
    y, x = (int(torch.randint(0, n - SIDE + 1, (1,), generator=g)) for n in (small.height, small.width))
    return tensor(small.crop((x, y, x + SIDE, y + SIDE)))


def synthetic(photos: list[Path], n: int, g: torch.Generator) -> list[dict[str, Tensor]]:
    """Statistics of synthetic pairs."""
    rows = []
    for start in range(0, n, AT_ONCE):
        clean = torch.stack([crop(photos[i % len(photos)], g) for i in range(start, start + AT_ONCE)])
        noise = [torch.randn(AT_ONCE, 1, SIDE, SIDE, generator=g) for _ in range(2)]
        pairs = render(clean, draw(AT_ONCE, Settings(), g), *noise)
        rows += [statistics(noisy, target) for noisy, target in zip(*pairs, strict=True)]
    return rows


def spread(rows: list[dict[str, Tensor]], name: str, i: int) -> str:
    """Median (10 % to 90 %)."""
    values = torch.stack([row[name].reshape(-1)[i] for row in rows])
    low, middle, high = torch.nanquantile(values, torch.tensor([0.1, 0.5, 0.9])).tolist()
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--synthetic", type=int, default=96, help="number of synthetic pairs")
    options = parser.parse_args()
    g = torch.Generator().manual_seed(0)
    rows = real(options.pairs), synthetic(sorted(options.photos.glob("*.jpg")), options.synthetic, g)
    print("| | real | synthetic |\n|---|---|---|")
    for name, titles in NAMES.items():
        for i, title in enumerate(titles):
            print(f"| {title} | {spread(rows[0], name, i)} | {spread(rows[1], name, i)} |")


if __name__ == "__main__":
    main()
