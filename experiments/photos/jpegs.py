"""JPEGs written as JPEGs: what stays where nothing is removed, and what the noise of real pairs is after it.

    python experiments/photos/jpegs.py DATA/polyu-dev DATA/free-photos

The first tables are of a part of each photograph; in `a corner`, 16 x 16 pixels are made black and the others, from the
64th row and column on, are compared. The last rows are PSNR: noisy, and the default model's result as PNG, as JPEG and
as Pillow's JPEG.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from denoiser.data.images import reading, writing
from denoiser.data.images.formats.photo import Photo
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options

WHOLE, ODD = (400, 496), (389, 491)
"""Height and width of the part: whole blocks of 4:2:0 or not."""
ORIENTATION = 0x0112
KINDS = (("nothing", 1, False), ("nothing, turned", 6, False), ("a corner", 1, True), ("a corner, turned", 6, True))
"""What is changed, and the orientation."""
SAMPLINGS = {"4:2:0": 2, "4:2:2": 1, "4:4:4": 0}


def written(photo: Photo, folder: Path) -> NDArray[np.uint8]:
    """The pixels of a photo after it was written as JPEG and read again."""
    writing.write(folder / "out.jpg", photo)
    return reading.read(folder / "out.jpg").pixels


def corner(photo: Photo) -> Photo:
    """The photo with a black corner."""
    pixels = photo.pixels.copy()
    pixels[:16, :16] = 0
    return photo.with_pixels(pixels)


def stays(parts: list[Image.Image], turn: int, folder: Path, quality: int, sampling: str, changed: bool) -> str:
    """Share of values that are more than a level off, and the largest difference."""
    exif, off = Image.Exif(), []
    exif[ORIENTATION] = turn
    for part in parts:
        part.save(folder / "in.jpg", quality=quality, subsampling=SAMPLINGS[sampling], exif=exif)
        photo = reading.read(folder / "in.jpg")
        after = written(corner(photo) if changed else photo, folder)
        start = 64 if changed else 0
        off.append(np.abs(after[start:, start:].astype(int) - photo.pixels[start:, start:]).ravel())
    all_values = np.concatenate(off)
    return f"{100 * (all_values > 1).mean():.4f} %, {all_values.max()}"


def unchanged(photos: Path, folder: Path) -> None:
    """Print the tables of what stays."""
    pictures = [Image.open(path).convert("RGB") for path in sorted(photos.glob("*.jpg"))]
    for height, width in (WHOLE, ODD):
        parts = [each.crop((100, 100, 100 + width, 100 + height)) for each in pictures]
        for name, turn, changed in KINDS:
            for sampling in SAMPLINGS:
                cells = [stays(parts, turn, folder, quality, sampling, changed) for quality in (75, 90, 97)]
                print(f"| {height} x {width} | {name} | {sampling} |", " | ".join(cells), "|", flush=True)


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """PSNR in dB of 8-bit pictures, all channels together."""
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b).mean()))


def with_pillow(photo: Photo, folder: Path) -> NDArray[np.uint8]:
    """As `written`, but without what is known of the source, as Pillow encodes RGB with the same tables."""
    encoding = {key: value for key, value in photo.details.encoding.items() if key != "source"}
    return written(replace(photo, details=replace(photo.details, encoding=encoding)), folder)


def scores(photo: Photo, clean: NDArray[np.uint8], models: Models, folder: Path) -> list[float]:
    """PSNR of the noisy photo, of the default model's result, and of that as JPEG, by us and by Pillow."""
    after, _ = models.denoise(photo)
    results = (photo.pixels, after.pixels, written(after, folder), with_pillow(after, folder))
    return [psnr(each, clean) for each in results]


def synthetic(models: Models, photos: Path, folder: Path) -> None:
    """Print the mean PSNR of parts of photographs with white noise of sigma 8, saved as JPEG of 4:2:0."""
    for quality in (75, 90, 97):
        rows = []
        for seed, path in enumerate(sorted(photos.glob("*.jpg"))[2::8]):
            clean = np.asarray(Image.open(path).convert("RGB").resize((520, 400)).crop((100, 50, 356, 306)))
            noisy = clean + np.random.default_rng(seed).normal(0, 8, clean.shape)
            kind = {"quality": quality, "subsampling": 2}
            Image.fromarray(noisy.clip(0, 255).round().astype(np.uint8)).save(folder / "in.jpg", **kind)
            rows.append(scores(reading.read(folder / "in.jpg"), clean, models, folder))
        print(f"| synthetic, {quality} | {len(rows)} |", *np.mean(rows, axis=0).round(2), flush=True)


def real(models: Models, pairs: Path, folder: Path) -> None:
    """Print the mean PSNR of real pairs."""
    rows = []
    for path in sorted((pairs / "noisy").iterdir()):
        clean = reading.read(pairs / "clean" / path.name).pixels
        rows.append(scores(reading.read(path), clean, models, folder))
    print(f"| real, 75 | {len(rows)} |", *np.mean(rows, axis=0).round(3))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        unchanged(options.photos, Path(name))
        models = Models(ModelChoice(), torch.device("cpu"), Options(precision="32"))
        synthetic(models, options.photos, Path(name))
        real(models, options.pairs, Path(name))


if __name__ == "__main__":
    main()
