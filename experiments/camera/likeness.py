"""The noise of real pairs beside that of simulated cameras: a table, how far they are, and a figure, likeness.png.

    python experiments/camera/likeness.py polyu-dev free-photos

The statistics are those of `denoiser.noise.camera.likeness`. Photographs are downscaled by 1.5, cropped to 224 x 224
and each photographed by a random camera.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from denoiser.noise.camera.likeness import BRIGHTNESS, LAGS, statistics
from denoiser.noise.camera.pipeline import render
from denoiser.noise.camera.settings import Settings, draw

SIDE, SCALE, AT_ONCE = 224, 1.5, 8
PLANES = {"luma": "luma", "blue": "blue difference", "red": "red difference"}
CHANNELS = ("R, R", "G, G", "B, B", "R, G", "R, B", "G, B")
NAMES = {
    "psnr": ["PSNR of the noisy picture, dB"],
    "deviation": [f"deviation of {plane}" for plane in PLANES.values()],
    "levels": [f"deviation of luma, brightness {a} to {b}" for a, b in pairwise(BRIGHTNESS)],
    "correlation": [f"correlation of {pair}" for pair in CHANNELS[3:]],
    "covariance": [f"covariance of {pair}, relative" for pair in CHANNELS],
    **{name: [f"autocorrelation of {plane}, lag {lag}" for lag in LAGS] for name, plane in PLANES.items()},
}
GROUPS = {
    "autocorrelation of luma": ["luma"],
    "autocorrelation of blue and red difference": ["blue", "red"],
    "correlation and covariance of channels": ["correlation", "covariance"],
    "deviation and PSNR": ["psnr", "deviation"],
    "deviation of luma by brightness": ["levels"],
}
LEVELS = torch.tensor([0.1, 0.5, 0.9])
LOOKS = {"real": {"color": "#c2410c", "marker": "s"}, "synthetic": {"color": "#1d4ed8", "marker": "o"}}
Rows = list[dict[str, Tensor]]


def picture(path: Path) -> Image.Image:
    """The picture in a file, as RGB."""
    with Image.open(path) as opened:
        return opened.convert("RGB")


def tensor(image: Image.Image) -> Tensor:
    """`(3, H, W)` in [0, 1]."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


def real(folder: Path, skip: str | None) -> Rows:
    """Statistics of each real pair, without those whose names contain `skip`."""
    files = [file for file in sorted((folder / "noisy").iterdir()) if skip is None or skip not in file.name]
    return [statistics(tensor(picture(f)), tensor(picture(folder / "clean" / f.name))) for f in files]


def crop(path: Path, g: torch.Generator) -> Tensor:
    """A random crop of a downscaled photograph."""
    photo = picture(path)
    small = photo.resize((round(photo.width / SCALE), round(photo.height / SCALE)), Image.Resampling.LANCZOS)
    y, x = (int(torch.randint(0, n - SIDE + 1, (1,), generator=g)) for n in (small.height, small.width))
    return tensor(small.crop((x, y, x + SIDE, y + SIDE)))


def synthetic(photos: list[Path], n: int, settings: Settings, g: torch.Generator) -> Rows:
    """Statistics of synthetic pairs."""
    rows = []
    for start in range(0, n, AT_ONCE):
        clean = torch.stack([crop(photos[i % len(photos)], g) for i in range(start, start + AT_ONCE)])
        noise = [torch.randn(AT_ONCE, 1, SIDE, SIDE, generator=g) for _ in range(2)]
        pairs = render(clean, draw(AT_ONCE, settings, g), *noise)
        rows += [statistics(noisy, target) for noisy, target in zip(*pairs, strict=True)]
    return rows


def values(rows: Rows, name: str) -> Tensor:
    """A statistic of all pairs, `(pairs, n)`; NaN where it was not measured."""
    return torch.stack([row[name].reshape(-1) for row in rows])


def quantiles(rows: Rows, name: str) -> Tensor:
    """10 %, median and 90 % of a statistic, `(3, n)`."""
    return torch.nanquantile(values(rows, name), LEVELS, dim=0)


def distances(name: str, pairs: Rows, made: Rows) -> tuple[Tensor, Tensor]:
    """How far the synthetic noise is from the real noise in a statistic, `(n,)` each.

    Returns:
        The difference of the medians, synthetic - real, in units of the real range from 10 to 90 %; and the share of
        the real pairs that lie between 10 and 90 % of the synthetic ones, in percent.
    """
    (low, middle, high), (lowest, centre, highest) = quantiles(pairs, name), quantiles(made, name)
    measured = values(pairs, name)
    inside = ((measured >= lowest) & (measured <= highest)).sum(0) / (~measured.isnan()).sum(0)
    return (centre - middle) / (high - low), 100 * inside


def table(pairs: Rows, made: Rows) -> None:
    """Print both, and how far they are."""
    print("| statistic | real | synthetic | difference | inside |\n|---|---|---|---|---|")
    for name, titles in NAMES.items():
        spreads = [quantiles(rows, name).T.tolist() for rows in (pairs, made)]
        texts = [[f"{m:.2f} ({a:.2f} to {b:.2f})".replace("-0.00", "0.00") for a, m, b in side] for side in spreads]
        for cells in zip(titles, *texts, *(x.tolist() for x in distances(name, pairs, made)), strict=True):
            print("| {} | {} | {} | {:+.2f} | {:.0f} % |".format(*cells))


def summary(pairs: Rows, made: Rows) -> None:
    """Print how far groups of statistics are."""
    print("\n| statistics | mean of \\|difference\\| | largest | inside, mean | smallest |\n|---|---|---|---|---|")
    for title, names in GROUPS.items():
        both = [distances(name, pairs, made) for name in names]
        apart, inside = torch.cat([x.abs() for x, _ in both]), torch.cat([x for _, x in both])
        print(f"| {title} | {apart.mean():.2f} | {apart.max():.2f} | {inside.mean():.0f} % | {inside.min():.0f} % |")


def curves(axes: Axes, name: str, sides: dict[str, Rows]) -> None:
    """Draw the autocorrelation of a plane by lag: medians and bands from 10 to 90 %."""
    for label, rows in sides.items():
        low, middle, high = (torch.cat([torch.ones(1), line]) for line in quantiles(rows, name))
        axes.fill_between((0, *LAGS), low, high, color=LOOKS[label]["color"], alpha=0.18, linewidth=0)
        axes.plot((0, *LAGS), middle, label=label, **LOOKS[label], markersize=4.5, linewidth=1.6)
    axes.set(title=f"autocorrelation of {PLANES[name]}", xlabel="lag, pixels", ylim=(-0.06, 1.04), xlim=(0, LAGS[-1]))


def bars(axes: Axes, sides: dict[str, Rows]) -> None:
    """Draw the covariance of the channels: medians and bars from 10 to 90 %."""
    for shift, (label, rows) in zip((-0.14, 0.14), sides.items(), strict=True):
        low, middle, high = quantiles(rows, "covariance")
        at = torch.arange(len(CHANNELS)) + shift
        axes.errorbar(at, middle, (middle - low, high - middle), **LOOKS[label], ls="", ms=5, lw=2.2, label=label)
    axes.set_xticks(range(len(CHANNELS)), CHANNELS)
    axes.set(title="covariance of the channels / mean of their variances", ylim=(-0.1, None))


def draw_figure(path: Path, sides: dict[str, Rows]) -> None:
    """Save the figure."""
    figure = Figure(figsize=(10, 7.4), layout="constrained")
    axes = figure.subplots(2, 2).flat
    for panel, name in zip(axes, PLANES, strict=False):
        curves(panel, name, sides)
    bars(axes[3], sides)
    for panel in axes:
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    counted = {label: f"{label}: median and 10 to 90 % of {len(rows)} pairs" for label, rows in sides.items()}
    axes[0].legend(axes[0].get_lines(), counted.values(), frameon=False)
    figure.savefig(path, dpi=100)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path, help="folder with the folders noisy and clean")
    parser.add_argument("photos", type=Path, help="folder of JPEG files")
    parser.add_argument("--synthetic", type=int, default=376, help="number of synthetic pairs, a multiple of 8")
    parser.add_argument("--figure", type=Path, default=Path(__file__).with_name("likeness.png"))
    parser.add_argument("--skip", help="leave out the real pairs whose names contain this")
    for name in ("red", "blue"):
        bounds = getattr(Settings, f"{name}_range")
        parser.add_argument(f"--{name}", type=float, nargs=2, default=bounds, help="range of its gain")
    options = parser.parse_args()
    settings = Settings(red_range=tuple(options.red), blue_range=tuple(options.blue))
    photos, g = sorted(options.photos.glob("*.jpg")), torch.Generator().manual_seed(0)
    sides = {
        "real": real(options.pairs, options.skip),
        "synthetic": synthetic(photos, options.synthetic, settings, g),
    }
    table(*sides.values())
    summary(*sides.values())
    draw_figure(options.figure, sides)


if __name__ == "__main__":
    main()
