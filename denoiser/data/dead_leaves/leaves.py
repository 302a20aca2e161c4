"""Parts of dead-leaves pictures: leaves of random shape that occlude each other, 1/f fields, and a blur."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
"""Arrays of float32 and of int32."""


@dataclass(frozen=True)
class Leaves:
    """Leaves in painting order, one entry per leaf in each field; positions and radii on the fine grid."""

    y: Floats
    x: Floats
    radius: Floats
    angle: Floats
    aspect: Floats
    bend: Floats
    taper: Floats
    square: Floats

    def take(self, keep: NDArray[np.bool_]) -> "Leaves":
        """The leaves that `keep` selects, in the same order."""
        return Leaves(**{name: values[keep] for name, values in vars(self).items()})

    def at(self, side: int) -> tuple[Ints, Ints]:
        """Rows and columns of the centres, clipped to a grid of `side`."""
        return np.clip(self.y, 0, side - 1).astype(np.int32), np.clip(self.x, 0, side - 1).astype(np.int32)


def fall(rng: np.random.Generator, side: int, low: float, high: float, per_octave: float) -> Leaves:
    """Draw leaves with radii of density r^-3 between `low` and `high` on a grid of `side`."""
    mean_square = 2 * np.log(high / low) / (low**-2 - high**-2)
    n = max(1, int(side**2 * per_octave * np.log2(high / low) / (1.2 * mean_square)))

    def uniform(a: float, b: float) -> Floats:
        return a + (b - a) * rng.random(n, dtype=np.float32)

    def sometimes(share: float, values: Floats, otherwise: Floats | float) -> Floats:
        return np.where(rng.random(n) < share, values, otherwise).astype(np.float32)

    return Leaves(
        y=uniform(-0.05, 1.05) * side,
        x=uniform(-0.05, 1.05) * side,
        radius=(low**-2 + uniform(0, 1) * (high**-2 - low**-2)) ** -0.5,
        angle=uniform(0, np.pi),
        aspect=sometimes(0.15, np.exp(uniform(np.log(0.06), np.log(0.3))), uniform(0.25, 1)),
        bend=sometimes(0.5, uniform(-0.6, 0.6), 0),
        taper=sometimes(0.5, uniform(-0.95, 0.95), 0),
        square=sometimes(0.35, uniform(-1, -1), uniform(-1, 0.6)),
    )


def paint(leaves: Leaves, side: int) -> Ints:
    """The index of the topmost leaf at each point of a grid of `side`, -1 where there is none."""
    extent = 1 + np.abs(leaves.taper) + 0.5 * np.abs(leaves.bend)
    length = 1.25 * leaves.radius / np.sqrt(1 + (leaves.aspect * extent) ** 2)
    rows = np.cos(leaves.angle) / length, np.sin(leaves.angle) / length
    shape = np.stack([*rows, 1 / leaves.aspect, leaves.bend, leaves.taper, leaves.square]).astype(np.float32)
    top = np.full(side * side, -1, np.int32)
    reach = np.ceil(np.sqrt(2) ** np.ceil(2 * np.log2(np.maximum(leaves.radius, 1)))).astype(np.int32)
    for r in np.unique(reach):
        window = np.arange(-r, r + 1, dtype=np.int32)
        members = np.flatnonzero(reach == r).astype(np.int32)
        pieces = min(len(members), 1 + len(members) * len(window) ** 2 // 60_000)  # each fits in the cache
        for j in np.array_split(members, pieces):
            _paint_similar(top, side, j, leaves, shape[:, j, None, None], window)
    return top.reshape(side, side)


def _paint_similar(top: Ints, side: int, j: Ints, leaves: Leaves, shape: Floats, window: Ints) -> None:
    """Paint leaves `j`, which lie within `window` of their centres, on `top`; later leaves occlude earlier ones."""
    rows, dy = _offsets(leaves.y[j], window, side)
    columns, dx = _offsets(leaves.x[j], window, side)
    inside = _inside(shape, dy[:, :, None], dx[:, None, :])
    inside &= ((rows >= 0) & (rows < side))[:, :, None] & ((columns >= 0) & (columns < side))[:, None, :]
    hit = np.flatnonzero(inside)
    points = (rows[:, :, None] * side + columns[:, None, :]).ravel()[hit]
    np.maximum.at(top, points, j[hit // inside[0].size])


def _offsets(centres: Floats, window: Ints, side: int) -> tuple[Ints, Floats]:
    """Grid lines within `window` of each centre and their distances from it, without lines that are outside for all."""
    lines = np.rint(centres).astype(np.int32)[:, None] + window
    lines = lines[:, ((lines >= 0) & (lines < side)).any(axis=0)]
    return lines, lines.astype(np.float32) - centres[:, None]


def _inside(shape: Floats, dy: Floats, dx: Floats) -> NDArray[np.bool_]:
    """Whether points at an offset are inside leaves: discs, ellipses, squircles or boxes, bent and tapered."""
    cos, sin, flat, bend, taper, square = shape
    u = dx * cos + dy * sin
    v = (dy * cos - dx * sin) * flat
    uu = u * u
    v -= bend * (uu - 0.5)
    v /= np.maximum(1 + taper * u, 1e-3)
    v *= v
    # u^2 + v^2 - s^2 u^2 v^2 = 1 is Fernandez-Guasti's squircle: a disc at square = 0, a box at -1
    inside: NDArray[np.bool_] = (uu < 1) & (v < 1.5) & (uu + v + square * uu * v < 1)
    return inside


def noise(rng: np.random.Generator, side: int, slope: float, stretch: float = 1.0, angle: float = 0.0) -> Floats:
    """Gaussian field with an amplitude spectrum of 1 / f^slope, mean 0 and standard deviation 1."""
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    along, across = fx * np.cos(angle) + fy * np.sin(angle), fy * np.cos(angle) - fx * np.sin(angle)
    f = np.sqrt(along**2 * stretch + across**2 / stretch)
    f[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((side, side), dtype=np.float32))
    field: Floats = np.fft.irfft2(white * f**-slope, s=(side, side)).astype(np.float32)
    field /= field.std()
    return field


def blur(image: Floats, sigma: float) -> Floats:
    """Gaussian blur of an image (C, H, W), `sigma` in pixels."""
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / max(sigma, 0.1)) ** 2).astype(np.float32)
    kernel /= kernel.sum()
    for axis in (1, 2):
        padded = np.pad(image, [(4, 4) if a == axis else (0, 0) for a in range(3)], mode="reflect")
        image = sum(k * np.take(padded, np.arange(i, i + image.shape[axis]), axis) for i, k in enumerate(kernel))
    return image
