"""Write the training pictures of the camera network to one file: downscaled photographs, and drawn pictures.

    python experiments/weights/gather.py PHOTOS pool.pt

Each photograph is downscaled by 1.5, 2.2 and 3.3 with Lanczos, which averages out the rest of its noise and its JPEG
artefacts. Nothing else is changed, and nothing is stored as JPEG again.
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

from denoiser.data.dead_leaves.scenes import dead_leaves

SCALES = (1.5, 2.2, 3.3)
SMALLEST = 360
"""Least length of the shorter side in pixels, so that crops fit."""
DRAWN, SIDE, AT_ONCE = 256, 360, 8


def downscaled(path: Path) -> list[NDArray[np.uint8]]:
    """A photograph `(H, W, 3)` at each of `SCALES` at which it is large enough."""
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
    """All pictures in one row of bytes, with `starts`, `heights` and `widths`; the first `photos` are photographs."""
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        parts = [workers.map(downscaled, photos), workers.map(drawn, range(leaves // AT_ONCE))]
        pictures, leaf_pictures = ([p for some in part for p in some] for part in parts)
    every = [*pictures, *leaf_pictures]
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
    parser.add_argument("--limit", type=int, help="number of photographs, for a trial")
    options = parser.parse_args()
    content = pool(sorted(options.photos.glob("*.jpg"))[: options.limit], options.drawn)
    torch.save(content, options.out)
    megapixels = len(content["bytes"]) / 3e6
    print(f"{int(content['photos'])} pictures of photographs and {options.drawn} drawn, {megapixels:.0f} MP")


if __name__ == "__main__":
    main()
