"""What each option of `denoiser denoise` does to a portrait and a landscape with a camera's noise.

    python experiments/photos/settings.py free-photos -o experiments/photos

A square of each photograph goes through one random camera (seed 0, shot noise 0.003, JPEG of quality 95), and is
denoised by `camera` with several settings. Writes a picture for each and prints tables.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.noise.camera.pipeline import BORDER, render
from denoiser.noise.camera.settings import Settings, draw
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options

Pixels = NDArray[np.uint8]
SIDE = 512
"""Side in pixels of the square that is denoised."""
SHOWN = 256
"""Side of the part of it that is shown, with every pixel."""
PHOTOGRAPHS = {
    "portrait": ("kitten-on-lawn.jpg", (440, 560), (100, 140)),
    "landscape": ("picosdeeuropa_by_Aitzol_Berasategi.jpg", (300, 700), (100, 120)),
}
"""File, top and left of the square, and top and left of what is shown of it."""
SHOT = 0.003
CAMERA = Settings(
    exposed=0,
    malvar=1,
    sharpened=0,
    saved=1,
    quality_range=(95, 95),
    subsampled=0,
    resaved=0,
    guided=0,
    cleaned=0,
    chroma_range=(1, 1),
    luma_range=(0.6, 0.6),
)
SETTINGS = (
    {"strength": 0.5},
    {},
    {"strength": 1.5},
    {"strength": 2},
    {"texture": 1},
    {"strength": 2, "texture": 0.5},
    {"strength": 2, "texture": 1},
    {"chroma_only": True},
    {"chroma_strength": 2},
    {"strength": 0.5, "chroma_strength": 1.5},
)
TILES = (
    {"strength": 0.5},
    {},
    {"strength": 1.5},
    {"strength": 2},
    {"strength": 2, "texture": 1},
    {"chroma_only": True},
)
"""The settings that the picture shows between the input and the clean picture."""


def photographed(path: Path, corner: tuple[int, int]) -> tuple[Pixels, Pixels]:
    """A camera's noisy picture of a square of a photograph, and its picture without noise, `(SIDE, SIDE, 3)`."""
    top, left = (at - BORDER for at in corner)
    side = SIDE + 2 * BORDER
    with Image.open(path) as opened:
        square = np.array(opened.convert("RGB").crop((left, top, left + side, top + side)))
    generator = torch.Generator().manual_seed(0)
    light = torch.from_numpy(square).permute(2, 0, 1)[None].float() / 255
    draws = torch.randn(1, 1, side, side, generator=generator)
    noisy, clean = render(light, draw(1, CAMERA, generator, torch.tensor([SHOT])), draws)
    return tuple((each[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy() for each in (noisy, clean))


def rms(one: Pixels, other: Pixels) -> tuple[float, float]:
    """Root mean square of the difference: of luma, and of all channels without it."""
    difference = one.astype(float) - other
    luma = difference @ [0.299, 0.587, 0.114]
    return float(np.sqrt(np.square(luma).mean())), float(np.sqrt(np.square(difference - luma[..., None]).mean()))


def psnr(one: Pixels, other: Pixels) -> float:
    """PSNR in dB, all channels together."""
    return float(-10 * np.log10(np.square(one / 255.0 - other / 255.0).mean()))


def sheet(tiles: dict[str, Pixels], corner: tuple[int, int]) -> Image.Image:
    """The same part of several pictures in rows of four, each with its name below."""
    font, below = ImageFont.load_default(14), 20
    columns = 4
    rows = -(-len(tiles) // columns)
    page = Image.new("RGB", (columns * (SHOWN + 4), rows * (SHOWN + below)), "white")
    for i, (name, pixels) in enumerate(tiles.items()):
        left, top = i % columns * (SHOWN + 4), i // columns * (SHOWN + below)
        part = pixels[corner[0] : corner[0] + SHOWN, corner[1] : corner[1] + SHOWN]
        page.paste(Image.fromarray(part), (left, top))
        ImageDraw.Draw(page).text((left + 2, top + SHOWN + 1), name, "black", font)
    return page


def main() -> None:
    """Write a picture for each photograph, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    for kind, (file, square, shown) in PHOTOGRAPHS.items():
        noisy, clean = photographed(options.photographs / file, square)
        photo = Photo(noisy, 255, Details("PNG"))
        print(f"\n| {kind} | PSNR, dB | RMS change of luma | of chroma |\n|---|---|---|---|")
        print(f"| input | {psnr(noisy, clean):.2f} | 0 | 0 |")
        results = {}
        for setting in SETTINGS:
            chosen = Options(precision="32", **setting)
            after, _ = Models(ModelChoice("camera"), torch.device("cpu"), chosen).denoise(photo)
            name = chosen.settings or "strength 1"
            results[name] = after.pixels
            luma, chroma = rms(after.pixels, noisy)
            print(f"| {name} | {psnr(after.pixels, clean):.2f} | {luma:.2f} | {chroma:.2f} |", flush=True)
        named = [Options(**setting).settings or "strength 1" for setting in TILES]
        tiles = {"input": noisy, **{name: results[name] for name in named}, "clean": clean}
        sheet(tiles, shown).save(options.out / f"{kind}.jpg", quality=80, subsampling=0)


if __name__ == "__main__":
    main()
