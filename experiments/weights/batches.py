"""Batches for the camera network, computed on the device: crops of a pool of pictures, with several kinds of noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from denoiser.noise.camera import settings
from denoiser.noise.camera.correlated import correlated, draw_mixing
from denoiser.noise.camera.drawing import chance, per_picture, uniform
from denoiser.noise.camera.jpeg import jpeg
from denoiser.noise.camera.pipeline import BORDER, Shrink, grey, render

SIGMA = (0.0, 55.0)
LARGEST_SHRINK = 1.6


@dataclass(frozen=True)
class Shares:
    """Shares of the pictures of a batch; the remaining pictures have white Gaussian noise of `SIGMA`."""

    camera: float = 0.42
    resized: float = 0.10
    correlated: float = 0.08
    clean: float = 0.10
    saved: float = 0.0
    drawn: float = 0.15

    @property
    def kinds(self) -> dict[str, float]:
        """The kinds of pairs that are kept in a `Store`: all except fresh white noise."""
        names = ("camera", "resized", "correlated", "clean", "saved")
        return {name: getattr(self, name) for name in names if getattr(self, name) > 0}

    @property
    def stored(self) -> float:
        """Share of the pictures that are kept in a `Store`."""
        return sum(self.kinds.values())


class Pool:
    """The pictures of `gather.py` on a device."""

    def __init__(self, content: dict[str, Tensor], device: torch.device, drawn: float) -> None:
        self.pixels = content["bytes"].to(device)
        self.starts, self.heights, self.widths = (content[k].to(device) for k in ("starts", "heights", "widths"))
        photos = int(content["photos"])
        area = (content["heights"] * content["widths"]).double()
        area[:photos] *= (1 - drawn) / area[:photos].sum()
        area[photos:] *= drawn / area[photos:].sum().clamp(min=1)
        self.cumulative = (area.cumsum(0) / area.sum()).float().to(device)

    def crops(self, n: int, size: int, g: torch.Generator) -> Tensor:
        """Crops `(n, 3, size, size)` in [0, 1] at uniformly random positions, flipped and rotated at random."""
        u = torch.rand(n, 3, generator=g, device=g.device)
        i = torch.searchsorted(self.cumulative, u[:, 0].contiguous()).clamp(max=len(self.starts) - 1)
        top = (u[:, 1] * (self.heights[i] - size + 1)).long()
        left = (u[:, 2] * (self.widths[i] - size + 1)).long()
        flips = torch.rand(3, n, 1, 1, generator=g, device=g.device) < 0.5
        line = torch.arange(size, device=g.device)
        y, x = line[None, :, None], line[None, None, :]
        y, x = torch.where(flips[0], y, x), torch.where(flips[0], x, y)
        y, x = torch.where(flips[1], y, size - 1 - y), torch.where(flips[2], x, size - 1 - x)
        pixel = self.starts[i].view(-1, 1, 1) + 3 * (
            (top.view(-1, 1, 1) + y) * self.widths[i].view(-1, 1, 1) + left.view(-1, 1, 1) + x
        )
        indices = pixel[:, None] + torch.arange(3, device=g.device).view(3, 1, 1)
        return self.pixels[indices].float() / 255


def normal_draws(n: int, size: int, g: torch.Generator, channels: int = 1) -> Tensor:
    """Standard normal draws `(n, channels, size, size)`."""
    return torch.randn(n, channels, size, size, generator=g, device=g.device)


def camera_pairs(pool: Pool, n: int, size: int, g: torch.Generator, resized: bool) -> tuple[Tensor, Tensor]:
    """Pictures of cameras and their targets; resized, they are shrunk by up to `LARGEST_SHRINK`."""
    side = size + 2 * BORDER
    source = math.ceil(side * LARGEST_SHRINK) if resized else side
    shrink = Shrink((size, size), uniform(n, (1.0, LARGEST_SHRINK), g)) if resized else None
    camera = settings.draw(n, settings.Settings(), g)
    clean = pool.crops(n, source, g)
    return render(clean, camera, normal_draws(n, source, g), normal_draws(n, source, g), shrink)


def gaussian_pairs(clean: Tensor, g: torch.Generator, correlate: bool) -> tuple[Tensor, Tensor]:
    """Gaussian noise of `SIGMA`, white or correlated in space and colour."""
    n, channels, size, _ = clean.shape
    draws, sigma = normal_draws(n, size, g, channels), uniform(n, SIGMA, g)
    if not correlate:
        return clean + draws * per_picture(sigma / 255), clean
    mixing = draw_mixing(n, channels, chance(n, 0.3, g), g)
    return clean + correlated(draws, sigma * 0.6, uniform(n, (0.2, 1.2), g), mixing), clean


def saved_pairs(clean: Tensor, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """White noise of `SIGMA` that was saved as JPEG, half of it with chroma in 4:2:0."""
    n = len(clean)
    noisy, _ = gaussian_pairs(clean, g, False)
    return jpeg(noisy, uniform(n, (75, 99), g).round(), chance(n, 0.5, g)), clean


def clean_pairs(clean: Tensor, g: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures without noise, half of them as JPEGs of high quality; the target is the input."""
    n = len(clean)
    saved = jpeg(clean, uniform(n, (88, 99), g).round(), chance(n, 0.5, g))
    same = torch.where(per_picture(chance(n, 0.5, g)), saved, clean)
    return same, same


class Store:
    """Pairs whose noise is expensive: each is used several times, flipped and rotated, before it is replaced."""

    def __init__(self, pool: Pool, shares: Shares, size: int, channels: int, at_once: int, slots: int) -> None:
        self.pool, self.shares, self.size, self.channels = pool, shares, size, channels
        self.at_once, self.slots, self.next = at_once, slots, 0
        shape = (at_once * slots, channels, size, size)
        self.noisy, self.target = (torch.zeros(shape, device=pool.pixels.device) for _ in range(2))
        self.new = [torch.zeros((at_once, *shape[1:]), device=pool.pixels.device) for _ in range(2)]

    def make(self, g: torch.Generator) -> None:
        """Compute new pairs of each kind in proportion to their shares; the first kind takes what rounding leaves."""
        kinds, n = self.shares.kinds, self.at_once
        counts = {name: max(1, round(n * share / self.shares.stored)) for name, share in kinds.items()}
        counts[next(iter(counts))] += n - sum(counts.values())
        parts = [self._pairs(name, count, g) for name, count in counts.items()]
        for new, pictures in zip(self.new, zip(*parts, strict=True), strict=True):
            batch = torch.cat(pictures)
            new.copy_(batch if self.channels == 3 else grey(batch))

    def _pairs(self, kind: str, n: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
        if kind in ("camera", "resized"):
            return camera_pairs(self.pool, n, self.size, g, kind == "resized")
        clean = self.pool.crops(n, self.size, g)
        if kind == "correlated":
            return gaussian_pairs(clean, g, True)
        return saved_pairs(clean, g) if kind == "saved" else clean_pairs(clean, g)

    def put(self) -> None:
        """Replace the oldest pairs by the new ones."""
        slot = slice(self.next * self.at_once, (self.next + 1) * self.at_once)
        self.noisy[slot], self.target[slot] = self.new
        self.next = (self.next + 1) % self.slots

    def take(self, n: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `n` random pairs, flipped and rotated at random."""
        i = torch.randint(len(self.noisy), (n,), generator=g, device=g.device)
        pair = torch.stack([self.noisy[i], self.target[i]])
        for axes in ((3,), (4,)):
            pair = torch.where(torch.rand(n, 1, 1, 1, generator=g, device=g.device) < 0.5, pair.flip(axes), pair)
        rotated = torch.where(torch.rand(n, 1, 1, 1, generator=g, device=g.device) < 0.5, pair.mT, pair)
        return rotated[0], rotated[1]

    def batch(self, n: int, g: torch.Generator) -> tuple[Tensor, Tensor]:
        """Noisy pictures and targets `(n, channels, size, size)`; white noise is new each time."""
        stored = round(n * self.shares.stored)
        clean = self.pool.crops(n - stored, self.size, g)
        white = gaussian_pairs(clean if self.channels == 3 else grey(clean), g, False)
        if stored == 0:
            return white
        noisy, target = (torch.cat(x) for x in zip(self.take(stored, g), white, strict=True))
        return noisy, target
