"""Dead-leaves images: training pictures that need no download.

Leaves of random shape fall on a plane and occlude each other; sizes follow the density r^-3, which makes the picture
statistically the same at every scale, as photographs are (Matheron, 1975; Lee, Mumford and Huang, "Occlusion models
for natural images", 2001). Denoisers trained on such pictures work on photographs (Achddou, Gousseau and Ladjal,
"Synthetic images as a regularity prior for image restoration neural networks", 2021). There are two kinds of
leaves: large leaves are the objects of a scene, and each object has small leaves as details. Their contrast varies from
object to object, because photographs contain both smooth skies and rough grass.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from denoiser.data.dead_leaves.leaves import Floats, Ints, blur, fall, noise, paint
from denoiser.noise.levels import GREY_LEVELS

SMALLEST_SIZE = 8
"""Smallest side of a picture in pixels."""
SUPERSAMPLING = 2
"""Factor of the fine grid that leaves are painted on, so that edges are antialiased."""
SMALLEST, OBJECT, LARGEST = 0.5, (10.0, 40.0), 0.7
"""Radius of the smallest leaf and range of the smallest object in pixels; radius of the largest object in sides."""
OBJECTS_PER_OCTAVE, DETAILS_PER_OCTAVE = 0.5, 0.45
"""Number of times that an octave of sizes covers the plane, for objects and for details."""
COLOUR_SPREAD = (0.16, 0.06, 0.022)
"""Spread of the luminance, red-blue and green-magenta of objects around the smooth field."""
FIELD_SIGMA = (0.2, 0.06, 0.022)
"""Standard deviation of the smooth fields of luminance, red-blue and green-magenta."""
DETAIL = (1.0, 0.2, 0.08)
"""Contrast of details in luminance, red-blue and green-magenta."""
SPREAD_EXPONENT, CONTRAST_EXPONENT = 0.25, 0.3
"""Exponents by which both spreads decrease with the size of the leaf."""
CONTRAST, CONTRAST_SIGMA = 0.12, 0.8
"""Median and log-deviation of the contrast of an object's details."""
SHARE_WITHOUT_DETAILS, SHARE_CLIPPING_DETAILS, SHARE_ALIGNING_DETAILS = 0.35, 0.8, 0.35
"""Shares of objects without details, of objects that clip their details, and of objects that align them."""
TEXTURE, TEXTURE_SIGMA = 0.006, 1.4
"""Median and log-deviation of the amplitude of an object's 1/f texture."""
STRIPED, CROSSED = 0.3, 0.3
"""Share of objects with stripes, and share of these with a grid."""
STRIPES, STRIPES_SIGMA, PERIOD = 0.12, 0.7, (3.0, 24.0)
"""Median and log-deviation of the amplitude of stripes, and the range of their period in pixels."""
SHADING = 0.12
"""Change of luminance across an object."""
WARP = 2.0
"""Largest displacement of outlines in pixels."""
BLUR, DEFOCUS, DEFOCUSED = 0.5, (0.8, 1.6), 0.25
"""Largest blur of the lens and range of the blur out of focus, in pixels, and share of pictures out of focus."""
OPPONENT = np.array([[1, 1.2, -0.7], [1, 0, 1.4], [1, -1.2, -0.7]], np.float32)
"""RGB of luminance, red-blue and green-magenta, close to the principal axes of photographs."""


class _Objects:
    """The large leaves of a scene, the visible one at each point of the fine grid (`map`), and their properties."""

    def __init__(self, rng: np.random.Generator, size: int, planes: int) -> None:
        side = size * SUPERSAMPLING
        drawn = float(np.exp(rng.uniform(*np.log(OBJECT))))  # from crowds to close-ups
        self.smallest = min(SUPERSAMPLING * drawn, LARGEST * side / 4)
        self.leaves = fall(rng, side, self.smallest, LARGEST * side, OBJECTS_PER_OCTAVE)
        n = len(self.leaves.y)
        self.map = self._outlines(rng, size)
        self.colour = self._colours(rng, size, planes)
        turn = rng.uniform(0, 2 * np.pi, n)
        slope = np.abs(rng.laplace(0, SHADING / np.sqrt(2), n)) / self.leaves.radius
        self.gradient = (slope * np.stack([np.cos(turn), np.sin(turn)])).astype(np.float32)
        contrast = CONTRAST * np.exp(CONTRAST_SIGMA * rng.standard_normal(n))
        self.contrast = np.where(rng.random(n) < SHARE_WITHOUT_DETAILS, 0, contrast).astype(np.float32)
        self.texture = (TEXTURE * np.exp(TEXTURE_SIGMA * rng.standard_normal((2, n)))).astype(np.float32)
        self.clips_details = rng.random(n) < SHARE_CLIPPING_DETAILS
        self.aligns_details = rng.random(n) < SHARE_ALIGNING_DETAILS
        self.angle = rng.uniform(0, np.pi, n).astype(np.float32)

    def _outlines(self, rng: np.random.Generator, size: int) -> Ints:
        """The index of the visible object at each point of the fine grid, with bent outlines."""
        side = size * SUPERSAMPLING
        top = paint(self.leaves, side)
        top[top < 0] = np.argmax(self.leaves.radius)
        reach = WARP * SUPERSAMPLING * rng.random()
        shifts = [np.rint(noise(rng, size, 1.7) * reach).astype(np.int32) for _ in range(2)]
        dy, dx = (s.repeat(SUPERSAMPLING, 0).repeat(SUPERSAMPLING, 1) for s in shifts)
        grid = np.arange(side)
        bent: Ints = top[np.clip(grid[:, None] + dy, 0, side - 1), np.clip(grid + dx, 0, side - 1)]
        return bent

    def _colours(self, rng: np.random.Generator, size: int, planes: int) -> Floats:
        """Opponent colours (planes, n): a smooth field where the object lies, plus a spread that grows with it."""
        field = np.stack([noise(rng, size, 1.6) * s for s in FIELD_SIGMA[:planes]])
        field[0] *= np.exp(0.3 * rng.standard_normal())
        mean = rng.standard_normal(3) * (0.13, 0.05, 0.02) + (0.45, 0.01, 0)
        y, x = (centre // SUPERSAMPLING for centre in self.leaves.at(size * SUPERSAMPLING))
        size_factor = (self.leaves.radius / (size * SUPERSAMPLING)) ** SPREAD_EXPONENT
        spread = np.array(COLOUR_SPREAD[:planes])[:, None] / np.sqrt(2) * size_factor
        return (mean[:planes, None] + field[:, y, x] + rng.laplace(0, spread, (planes, len(y)))).astype(np.float32)

    def shade(self, j: Ints, y: Floats, x: Floats) -> Floats:
        """The luminance that the shading of objects `j` adds at points."""
        gy, gx = self.gradient
        luminance: Floats = gy[j] * (y - self.leaves.y[j]) + gx[j] * (x - self.leaves.x[j])
        return luminance


def _details(rng: np.random.Generator, objects: _Objects, side: int) -> tuple[Floats, Ints]:
    """Colours (planes, n + 1) of the small leaves, and the visible one at each point, -1 (the last colour) for none."""
    leaves = fall(rng, side, SMALLEST * SUPERSAMPLING, objects.smallest, DETAILS_PER_OCTAVE)
    owner = objects.map[leaves.at(side)]
    leaves, owner = leaves.take(objects.contrast[owner] > 0), owner[objects.contrast[owner] > 0]
    n, aligned = len(owner), objects.aligns_details[owner]
    angle = objects.angle[owner] + 0.25 * rng.standard_normal(n, dtype=np.float32)
    angle = np.where(aligned, angle, leaves.angle)
    leaves = replace(leaves, angle=angle, aspect=leaves.aspect * (1 - 0.5 * aligned))
    planes = len(objects.colour)
    scale = objects.contrast[owner] * (leaves.radius / objects.smallest) ** CONTRAST_EXPONENT / np.sqrt(2)
    ratio = np.array(DETAIL[:planes], np.float32)[:, None]
    colour = objects.colour[:, owner] + ratio * scale * rng.laplace(0, 1, (planes, n)).astype(np.float32)
    colour[0] += objects.shade(owner, leaves.y, leaves.x)
    top = paint(leaves, side)
    seen = top >= 0
    seen[seen] = ~objects.clips_details[objects.map[seen]] | (owner[top[seen]] == objects.map[seen])
    return np.append(colour, np.zeros((planes, 1), np.float32), 1), np.where(seen, top, -1)


def _stripes(rng: np.random.Generator, objects: _Objects, size: int) -> Floats:
    """Luminance of stripes and grids, such as tigers, fences and knitwear, on the fine grid."""
    n, side = len(objects.angle), size * SUPERSAMPLING
    period = SUPERSAMPLING * np.exp(rng.uniform(np.log(PERIOD[0]), np.log(PERIOD[1]), n))
    amplitude = STRIPES * np.exp(STRIPES_SIGMA * rng.standard_normal(n))
    wavy, steep, duty = rng.uniform(0, 0.5, n), np.exp(rng.uniform(0, 2, n)), rng.uniform(-0.6, 0.6, n)
    crossed, field = rng.random(n) < CROSSED, noise(rng, size, 1.7)
    points = np.flatnonzero((rng.random(n) < STRIPED)[objects.map])
    j, (y, x) = objects.map.ravel()[points], np.divmod(points, side)
    bend = wavy[j] * field[y // SUPERSAMPLING, x // SUPERSAMPLING]
    cos, sin = np.cos(objects.angle)[j] / period[j], np.sin(objects.angle)[j] / period[j]
    wave = np.sin(2 * np.pi * (x * cos + y * sin + bend))
    grid = np.where(crossed[j], np.sin(2 * np.pi * (y * cos - x * sin + bend)), -1)
    stripes = np.zeros(side * side, np.float32)
    stripes[points] = amplitude[j] * np.clip(steep[j] * (np.maximum(wave, grid) - duty[j]), -1, 1)
    return stripes.reshape(side, side)


def _scene(rng: np.random.Generator, size: int, planes: int) -> Floats:
    """Opponent planes (planes, size, size) of one scene through a perfect lens, with luminance around 0.45."""
    objects, side = _Objects(rng, size, planes), size * SUPERSAMPLING
    colour, top = _details(rng, objects, side)
    grid = np.arange(side, dtype=np.float32)
    image = objects.colour[:, objects.map]
    image[0] += objects.shade(objects.map, grid[:, None], grid) + _stripes(rng, objects, size)
    image = np.where(top >= 0, np.take(colour, top, 1), image)
    image = image.reshape(planes, size, SUPERSAMPLING, size, SUPERSAMPLING).mean((2, 4))
    seen = objects.map[::SUPERSAMPLING, ::SUPERSAMPLING]
    image[0] += objects.texture[0][seen] * noise(rng, size, rng.uniform(0.2, 1))
    stretch, angle = rng.uniform(1, 5), rng.uniform(0, np.pi)
    image[0] += objects.texture[1][seen] * noise(rng, size, rng.uniform(0.6, 1.6), stretch, angle)
    seen_image: Floats = image
    return seen_image


def _picture(size: int, channels: int, seed: int, i: int) -> NDArray[np.uint8]:
    """Picture `i` of `seed`: a scene through a lens and a tone curve."""
    rng = np.random.default_rng([seed, i])
    image = blur(_scene(rng, size, channels), rng.uniform(0, BLUR))
    if rng.random() < DEFOCUSED:
        far = np.clip(noise(rng, size, 2.0) * 1.5 + 0.5, 0, 1)
        image = image + far * (blur(image, rng.uniform(*DEFOCUS)) - image)
    if channels == 3:
        image[1:] = blur(image[1:], 1.0)  # cameras and JPEG record colour at a lower resolution
        image = np.tensordot(OPPONENT, image, 1)
    image = 0.5 + 0.55 * np.tanh((image - 0.5) / 0.55)  # compresses highlights and shadows before they clip
    grey_levels: NDArray[np.uint8] = np.clip(np.rint(image * GREY_LEVELS), 0, GREY_LEVELS).astype(np.uint8)
    return grey_levels


def dead_leaves(n: int, size: int, channels: int, seed: int) -> torch.Tensor:
    """Draw `n` dead-leaves pictures; picture i depends only on `seed`, i, `size` and `channels`.

    Args:
        n: number of pictures, at least 1.
        size: height and width in pixels, at least 8.
        channels: 1 for grey, 3 for colour.
        seed: seed of the pictures, not negative.

    Returns:
        The pictures, uint8 (n, channels, size, size).

    Raises:
        ValueError: `channels` is neither 1 nor 3, `n` or `size` is too small, or `seed` is negative.
    """
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; dead leaves are grey (1) or colour (3)")
    if n < 1 or size < SMALLEST_SIZE or seed < 0:
        raise ValueError(f"n {n}, size {size}, seed {seed}; allowed are n >= 1, size >= {SMALLEST_SIZE}, seed >= 0")
    with ThreadPoolExecutor() as pool:  # NumPy releases the lock of the interpreter while it computes
        return torch.from_numpy(np.stack(list(pool.map(lambda i: _picture(size, channels, seed, i), range(n)))))
