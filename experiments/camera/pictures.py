"""One photograph through the steps of a simulated camera: a figure, steps.jpg, and a table of the noise after each.

    python experiments/camera/pictures.py

The photograph is `chelsea` of scikit-image (by Stefan van der Walt, CC0).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from denoiser.data.photos import photographs
from denoiser.noise.camera.curves import gamma
from denoiser.noise.camera.likeness import statistics
from denoiser.noise.camera.pipeline import BORDER, Shrink
from denoiser.noise.camera.settings import Parameters, Settings, draw
from denoiser.noise.camera.steps import steps
from denoiser.noise.levels import SHOT_LEVELS

CAMERA = Settings(
    read=2e-4,
    mosaic="rggb",
    exposed=0,
    toned=1,
    malvar=1,
    luma_range=(0.6, 0.6),
    guided=1,
    guided_range=(0.8, 0.8),
    radius_range=(2, 2),
    chroma_range=(1, 1),
    cleaned=1,
    cleaned_range=(2, 2),
    reach_range=(6, 6),
    sharpened=1,
    sharpen_range=(1, 1),
    sharpen_sigma_range=(1, 1),
    saved=1,
    quality_range=(85, 85),
    subsampled=1,
    resaved=0,
)
FACTOR = 1.3
TITLES = {
    "clean": "clean picture",
    "light": "light on the sensor",
    "mosaic": "Bayer mosaic",
    "noisy mosaic": "+ shot and read noise",
    "bilinear": "demosaicked: bilinear",
    "malvar": "demosaicked: Malvar",
    "developed": "white balance, matrix, tone",
    "denoised": "denoised by the camera",
    "sharpened": "sharpened",
    "resized": f"resized by {FACTOR}",
    "saved": "JPEG 85, 4:2:0: noisy picture",
    "target": "target: no noise, no JPEG",
}
LINEAR = ("light", "mosaic", "noisy mosaic", "bilinear", "malvar")
"""Steps in linear light, which are shown twice as bright and with a gamma of 2.2."""
MIDDLE, SIDE = (112, 172), 64
"""Row and column of the middle of what is shown, and its side, in pixels of the sensor."""


def part(name: str, pictures: Tensor, whole: Tensor) -> Tensor:
    """What is shown of a step, `(side, side, 3)`: the same part of the scene in all steps."""
    factor = 1.0 if pictures.shape == whole.shape else FACTOR
    side = round(SIDE / factor)
    middles = zip(MIDDLE, whole.shape[2:], pictures.shape[2:], strict=True)
    top, left = (round((m - BORDER - n / 2) / factor + new / 2 - side / 2) for m, n, new in middles)
    shown = pictures[0, :, top : top + side, left : left + side].permute(1, 2, 0)
    return (gamma(2 * shown) if name in LINEAR else shown).clamp(0, 1)


def draw_figure(path: Path, pictures: dict[str, Tensor]) -> None:
    """Save the figure."""
    figure = Figure(figsize=(10.6, 8.6), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(3, 4).flat, TITLES.items(), strict=True):
        axes.imshow(part(name, pictures[name], pictures["clean"]).numpy(), interpolation="nearest")
        axes.set_title(title, fontsize=12)
        axes.axis("off")
    figure.savefig(path, dpi=100, pil_kwargs={"quality": 80})


def row(title: str, noisy: Tensor, clean: Tensor) -> str:
    """A row of the table: deviations, autocorrelation at a lag of 1 and correlation of channels."""
    measured = statistics(noisy[0], clean[0])
    cells = (*measured["deviation"], measured["luma"][0], measured["blue"][0], measured["correlation"][0])
    return f"| {title} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |"


def table(clean: Tensor, camera: Parameters, draws: Tensor, shrink: Shrink) -> None:
    """Print the noise after each step: its difference from that without noise, and for JPEG from the target."""
    print("| after | luma | blue | red | lag 1, luma | lag 1, blue | R, G |\n|---|---|---|---|---|---|---|")
    for name, chosen in (("bilinear", False), ("Malvar", True)):
        way = replace(camera, malvar=torch.tensor([chosen]))
        noisy, without = (steps(clean, way, x, shrink) for x in (draws, torch.zeros_like(draws)))
        print(row(f"white balance, matrix, tone; {name}", noisy["developed"], without["developed"]))
    for name in ("denoised", "sharpened", "resized", "saved"):
        target = without["resized" if name == "saved" else name]
        print(row(TITLES[name].removesuffix(": noisy picture"), noisy[name], target))


def main() -> None:
    """The command."""
    g = torch.Generator().manual_seed(0)
    clean = photographs(["chelsea.png"], 3).images[0][None].float() / 255
    camera = draw(1, CAMERA, g, torch.tensor([SHOT_LEVELS["high"]]))
    draws = torch.randn(1, 1, *clean.shape[2:], generator=g)
    height, width = (int(side / FACTOR) - 2 * BORDER for side in clean.shape[2:])
    shrink = Shrink((height, width), torch.tensor([FACTOR]))
    target = steps(clean, camera, torch.zeros_like(draws), shrink)["resized"]
    draw_figure(Path(__file__).with_name("steps.jpg"), {**steps(clean, camera, draws, shrink), "target": target})
    table(clean, camera, draws, shrink)


if __name__ == "__main__":
    main()
