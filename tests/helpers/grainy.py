"""Pictures with grain, and copies of them as JPEG."""

import io

import numpy as np
import torch
from PIL import Image

from denoiser.data.pairs import Pictures


def photo(height, width, seed, channels=3):
    """A smooth picture with fine grain, uint8 `(C, H, W)`."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((width, height), 3)
    grain = rng.normal(0, 8, (height, width, 1))
    image = Image.fromarray((np.asarray(coarse) + grain).clip(0, 255).astype(np.uint8))
    array = np.asarray(image.convert("RGB" if channels == 3 else "L")).reshape(height, width, channels)
    return torch.from_numpy(array.copy()).permute(2, 0, 1)


def encoded(image, quality=75):
    """The picture after JPEG compression."""
    file = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).reshape(*image.shape[1:], -1).permute(2, 0, 1)


def named(images, prefix=""):
    """`Pictures` with numbers as keys."""
    return Pictures([f"{prefix}{i}" for i in range(len(images))], images)
