"""Speed of denoising a folder of photographs, beside bare calls of the same model."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from denoiser import denoise
from denoiser.bench.evaluation import silent
from denoiser.data.photos import FOLDER
from denoiser.errors import DenoiserError
from denoiser.machine import hardware
from denoiser.machine.terminal import say
from denoiser.weights.load import load

BAR = 0.9
"""Lowest ratio of a folder's speed to the speed of the bare model that meets the bar."""
SIZE = (4000, 3000)
"""Width and height of a photograph in pixels, 12 megapixels."""
ROUNDS = 3
MODEL = "photo"
SIDE = 1000
"""Side of the squares that the bare model is given, in pixels; larger ones are hardly faster."""
SIGMA = 15
"""Noise level of the photographs in grey levels of 255."""


def measure(pictures: int) -> dict[str, Any]:
    """Denoise a folder of 12-megapixel JPEGs from file to file, and 12 megapixels by the model alone, in turns.

    Args:
        pictures: number of pictures in the folder.

    Returns:
        Megapixels per second of `folder` and `bare`, medians over rounds; median `ratio` of the rounds, with `lowest`
        and `highest`; the bar, and whether it is met.

    Raises:
        DenoiserError: a picture could not be denoised.
    """
    with tempfile.TemporaryDirectory() as name:
        photographs(Path(name) / "photos", pictures, SIZE)
        bare = _bare()
        rounds = [(_folder(Path(name), f"round{i}", pictures), bare()) for i in range(ROUNDS)]
    ratios = [folder / alone for folder, alone in rounds]
    folder, alone = (statistics.median(speeds) for speeds in zip(*rounds, strict=True))
    ratio = statistics.median(ratios)
    result = {"pictures": pictures, "rounds": ROUNDS, "folder": folder, "bare": alone, "ratio": ratio}
    return {**result, "lowest": min(ratios), "highest": max(ratios), "bar": BAR, "met": ratio >= BAR}


def show(result: dict[str, Any]) -> None:
    """Print the result of `measure`."""
    say(f"\n{result['pictures']} JPEGs of 12 megapixels from file to file by --model {MODEL}, and its bare call")
    say(f"  {result['folder']:.2f} MP/s / {result['bare']:.2f} MP/s = {result['ratio']:.3f}", end="")
    say(f"  ({result['lowest']:.3f} to {result['highest']:.3f}, {result['rounds']} rounds)")
    say(f"  bar {'met' if result['met'] else 'missed'}: {result['bar']:g} of the bare model")


def photographs(folder: Path, count: int, size: tuple[int, int]) -> None:
    """Write noisy JPEGs: an enlarged photograph of scikit-image, each time with other Gaussian noise.

    Args:
        folder: the folder to create.
        count: number of pictures.
        size: width and height in pixels.
    """
    folder.mkdir(parents=True)
    with Image.open(FOLDER / "astronaut.png") as opened:
        clean = np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BICUBIC))
    rng = np.random.default_rng(0)
    for i in range(count):
        noise = SIGMA * rng.standard_normal(clean.shape, np.float32)
        noisy = (clean + noise).round().clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{i:03d}.jpg", quality=92, subsampling=0)  # for a colour model


def _bare() -> Callable[[], float]:
    """A function that measures the model's megapixels per second, on 12 megapixels in squares of `SIDE`."""
    device = hardware.device("auto")
    precision = "bf16" if hardware.has_bfloat16(device.type) else "32"  # as for 8-bit pictures
    function = load(MODEL).to(device).function(precision=precision)
    image = torch.rand(1, 3, SIZE[1], SIZE[0], device=device)
    corners = [(top, left) for top in range(0, SIZE[1], SIDE) for left in range(0, SIZE[0], SIDE)]
    tiles = [image[..., top : top + SIDE, left : left + SIDE] for top, left in corners]

    def speed() -> float:
        started = time.perf_counter()
        for tile in tiles:
            function(tile).sum().item()  # waits for the device
        return SIZE[0] * SIZE[1] / 1e6 / (time.perf_counter() - started)

    speed()
    return speed


def _folder(folder: Path, name: str, pictures: int) -> float:
    """Megapixels per second of the command, including the loading of the model."""
    started = time.perf_counter()
    with silent():
        code = denoise.main([str(folder / "photos"), "-o", str(folder / name), "--model", MODEL])
    if code or len(list((folder / name).glob("*.jpg"))) != pictures:
        raise DenoiserError("not all photographs could be denoised (--photos)", "run denoiser denoise to see why")
    return pictures * SIZE[0] * SIZE[1] / 1e6 / (time.perf_counter() - started)
