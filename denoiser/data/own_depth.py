"""Pictures as tensors at the depth of their files, for training and testing: read as `denoiser denoise` reads them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from denoiser.data.depth import unit
from denoiser.data.images import reading
from denoiser.data.images.formats.colour_spaces import stretched
from denoiser.data.images.formats.photo import Pixels
from denoiser.data.images.white import TWELVE_BITS

_GREY = np.array([19595, 38470, 7471], np.uint32)
"""Weights of R, G and B in grey, of 65536: those of Pillow's `convert("L")`, ITU-R BT.601."""


class Stored(NamedTuple):
    """What the header of a picture file says: height and width in pixels, upright, and bits of a channel, 8, 16 or 32.

    64-bit floats count as 32: they are held in float32, as training computes. `is_twelve_bits` is of the dataset: no
    picture of 16 bits in it has a larger value than 4095, which is white then.
    """

    height: int
    width: int
    bits: int
    is_twelve_bits: bool = False


def stored(paths: Sequence[Path]) -> dict[Path, Stored]:
    """The sizes and depths of all pictures of a dataset, from their files' headers.

    White of 16 bits is 65535. It is 4095 if no picture of 16 bits has a larger value, as for `denoiser denoise`; a
    warning says so. All pictures decide together, so that they stay as bright as they are beside one another. They are
    decoded for that, up to the first with a larger value.

    Raises:
        DenoiserError: a file cannot be read as one picture; names it and says what it is, as far as that is known.
    """
    headers = map(reading.header, paths)
    found = {path: Stored(one.height, one.width, min(one.bits, 32)) for path, one in zip(paths, headers, strict=True)}
    deep = [path for path, one in found.items() if one.bits == 16]
    if deep and _are_twelve_bits(deep):
        found.update({path: found[path]._replace(is_twelve_bits=True) for path in deep})
    return found


def _are_twelve_bits(paths: Sequence[Path]) -> bool:
    above = next((path for path in paths if reading.read(path).white != TWELVE_BITS), None)
    if above is None:
        several = "" if len(paths) == 1 else f" and {len(paths) - 1} other picture(s) of 16 bits"
        what = f"no value is above {TWELVE_BITS:g}, which is taken as white (12 bits): {paths[0]}{several}"
    else:
        what = f"values above {TWELVE_BITS:g} in {above}: white is 65535 in all pictures of 16 bits, as in {paths[0]}"
    if above != paths[0]:
        warnings.warn(what, stacklevel=2)
    return above is None


def read(paths: Sequence[Path], channels: int, stored: Sequence[Stored]) -> Tensor:
    """Decode pictures of one size, upright, and stack their channels: the clean picture last, before it the noisy one.

    Transparency, further bands, metadata and the colour profile are left out. The white of floats is decided picture by
    picture as for `denoiser denoise`: 1, or for values above it what `images/white.py` says. A noisy picture of floats
    has the white of its clean picture (1 if that has integers), so that both stay on one scale. What is clean is
    clamped to [0, 1], where noise models are defined; what is noisy is not.

    Args:
        paths: one file, or several of one size.
        channels: channels of each, 3 or 1; colour becomes grey by the weights of Pillow's `convert("L")`.
        stored: of each file, see `stored`.

    Returns:
        `(len(paths) * channels, H, W)` of the data type `depth.held_as(bits)`. 12 bits are stretched to 16.

    Raises:
        DenoiserError: a file cannot be read; names it.
    """
    *noisy, clean = zip(paths, stored, strict=True)
    target, white = _read(*clean, channels)
    target = target.clamp_(0, 1) if target.is_floating_point() else target
    if not noisy:
        return target
    parts = [*(_read(*file, channels, white)[0] for file in noisy), target]
    return torch.cat(parts if len({part.dtype for part in parts}) == 1 else [unit(part) for part in parts])


def _read(path: Path, stored: Stored, channels: int, white: float | None = None) -> tuple[Tensor, float]:
    """A picture `(channels, H, W)`, and the white of floats in its file; `white` replaces that."""
    photo = reading.read(path)
    pixels = _with_channels(photo.pixels, channels)
    if pixels.dtype.kind == "f":
        scale = photo.white if white is None else white
        return _planes((pixels / scale).astype(np.float32, copy=False)), scale
    return _planes(stretched(pixels, int(TWELVE_BITS)) if stored.is_twelve_bits else pixels), 1


def _planes(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _with_channels(pixels: Pixels, channels: int) -> Pixels:
    """`(H, W, channels)` of `(H, W)` or `(H, W, 3)`, of the same data type."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], channels, axis=2)
    return pixels if channels == 3 else _grey(pixels)[..., None]


def _grey(pixels: Pixels) -> Pixels:
    if pixels.dtype == np.uint8:
        return np.array(Image.fromarray(pixels).convert("L"))  # torch takes writable arrays
    red, green, blue = (pixels[..., channel] for channel in range(3))
    if pixels.dtype.kind == "f":
        r, g, b = _GREY.astype(pixels.dtype) / 65536
        grey: Pixels = red * r + green * g + blue * b
        return grey
    r, g, b = _GREY
    rounded: Pixels = red * r + green * g + blue * b + np.uint32(32768)  # 65535 * 65536 + 32768 fits
    return (rounded >> 16).astype(pixels.dtype)
