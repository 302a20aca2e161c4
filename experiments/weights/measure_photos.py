"""What `denoiser denoise` does by default to real pairs and to pictures without noise; see defaults.md.

    python experiments/weights/measure_photos.py PAIRS PHOTOS

PAIRS holds the folders noisy and clean; PHOTOS holds clean photographs, which are downscaled by 4.
"""

from __future__ import annotations

import argparse
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from denoiser.data.dead_leaves.scenes import dead_leaves
from denoiser.data.images import reading
from denoiser.data.images.formats.photo import Photo
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options

Pixels = NDArray[np.uint8]
SUBSAMPLING = {"JPEG 95 4:2:0": 2, "JPEG 95 4:4:4": 0}


def stored(pixels: Pixels, kind: str, folder: Path) -> Photo:
    """A picture after it was saved as PNG or JPEG and read again."""
    path, options = folder / ("a.png" if kind == "PNG" else "a.jpg"), {}
    if kind != "PNG":
        options = {"quality": 95, "subsampling": SUBSAMPLING[kind]}
    memory = io.BytesIO()
    Image.fromarray(pixels).save(memory, "PNG" if kind == "PNG" else "JPEG", **options)
    path.write_bytes(memory.getvalue())
    return reading.read(path)


def psnr(a: Pixels, b: Pixels) -> float:
    """PSNR in dB of 8-bit pictures, all channels together."""
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b).mean()))


def pairs(models: Models, folder: Path) -> None:
    """Print PSNR, gain and shift of brightness on real pairs; outputs are 8-bit, as saved to PNG."""
    rows, used = [], Counter[str]()
    for path in sorted((folder / "noisy").iterdir()):
        noisy, clean = reading.read(path), reading.read(folder / "clean" / path.name).pixels
        after, model = models.denoise(noisy)
        used[model] += 1
        shift = np.abs(after.pixels.mean((0, 1)) - noisy.pixels.mean((0, 1))).max()
        rows.append((psnr(noisy.pixels, clean), psnr(after.pixels, clean), shift))
    before, afterwards, shifts = np.array(rows).T
    gains = afterwards - before
    print(
        f"{len(rows)} pairs, {dict(used)}: {before.mean():.2f} -> {afterwards.mean():.2f} dB; worse {sum(gains < 0)}, ",
        end="",
    )
    print(f"least gain {gains.min():.2f}, largest shift of a channel {shifts.max():.2f} grey levels", flush=True)


def clean_pictures(models: Models, name: str, pictures: Iterable[Pixels], folder: Path) -> None:
    """Print the RMS change of pictures without noise, in grey levels."""
    several = list(pictures)
    for kind in ("PNG", *SUBSAMPLING):
        changes, used = [], Counter[str]()
        for pixels in several:
            photo = stored(pixels, kind, folder)
            after, model = models.denoise(photo)
            used[model] += 1
            changes.append(float(np.sqrt(np.square(after.pixels.astype(float) - photo.pixels).mean())))
        text = f"mean {np.mean(changes):.2f}, largest {max(changes):.2f}"
        print(f"{name}, {kind}, n {len(several)}, {dict(used)}: RMS change {text}", flush=True)


def downscaled(folder: Path, factor: int) -> Iterator[Pixels]:
    """Photographs downscaled, which averages out their noise."""
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as opened:
            size = opened.width // factor, opened.height // factor
            yield np.array(opened.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def main() -> None:
    """The command."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    models = Models(ModelChoice(), torch.device("cpu"), Options(precision="32"))
    with tempfile.TemporaryDirectory() as name:
        drawn = dead_leaves(8, 256, 3, 0).permute(0, 2, 3, 1).contiguous().numpy()
        clean_pictures(models, "drawn", drawn, Path(name))
        clean_pictures(models, "photographs / 4", downscaled(options.photos, 4), Path(name))
    pairs(models, options.pairs)


if __name__ == "__main__":
    main()
