"""Gather what the camera network trains on: free photographs downscaled thrice, and drawn pictures, in one file.

    python experiments/weights/gather.py PHOTOS pool.pt

Each photograph is downscaled by 1.5, 2.2 and 3.3 with Lanczos, which averages out the noise and the JPEG that it has
left. Nothing else is changed, and nothing is stored as JPEG again.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from denoiser.data.scenes import dead_leaves

SCALES = (1.5, 2.2, 3.3)
SMALLEST = 360
"""Pixels of the shorter side that every picture has at least: crops must fit."""
DRAWN, SIDE, AT_ONCE = 256, 360, 8


def downscaled(path: Path) -> list[NDArray[np.uint8]]:
    """A photograph at each of `SCALES` that leaves it large enough, `(H, W, 3)`."""
    with Image.open(path) as opened:
        photo = opened.convert("RGB")
    sizes = [(round(photo.width / s), round(photo.height / s)) for s in SCALES]
    large = [size for size in sizes if min(size) >= SMALLEST]
    return [np.asarray(photo.resize(size, Image.Resampling.LANCZOS)) for size in large]


def drawn(seed: int) -> list[NDArray[np.uint8]]:
    """A few dead-leaves pictures `(H, W, 3)`."""
    torch.set_num_threads(1)
    return list(dead_leaves(AT_ONCE, SIDE, 3, seed).permute(0, 2, 3, 1).numpy())


def pool(photos: list[Path], leaves: int) -> dict[str, torch.Tensor]:
    """All pictures in one row of bytes, with `starts`, `heights` and `widths`; drawn ones come last, `photos` first."""
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        parts = [workers.map(downscaled, photos), workers.map(drawn, range(leaves // AT_ONCE))]
        pictures, made = ([p for some in part for p in some] for part in parts)
    every = [*pictures, *made]
    sizes = torch.tensor([p.size for p in every])
    return {
        "bytes": torch.from_numpy(np.concatenate([p.ravel() for p in every])),
        "starts": sizes.cumsum(0) - sizes,
        "heights": torch.tensor([p.shape[0] for p in every]),
        "widths": torch.tensor([p.shape[1] for p in every]),
        "photos": torch.tensor(len(pictures)),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--drawn", type=int, default=DRAWN)
    parser.add_argument("--limit", type=int, help="of photographs, for a trial")
    options = parser.parse_args()
    found = pool(sorted(options.photos.glob("*.jpg"))[: options.limit], options.drawn)
    torch.save(found, options.out)
    print(
        f"{int(found['photos'])} pictures of photographs and {options.drawn} drawn, {len(found['bytes']) / 3e6:.0f} MP"
    )


if __name__ == "__main__":
    main()
