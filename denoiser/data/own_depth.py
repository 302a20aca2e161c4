"""Pictures as tensors at the depth of their files, for training and testing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from denoiser.data.depth import unit
from denoiser.data.images import eight_bit, reading
from denoiser.data.images.formats.photo import Pixels
from denoiser.errors import DenoiserError

_MAY_BE_DEEP = (b"\x89PNG", b"II", b"MM", b"P5", b"P6", b"\x93NUM")
"""Beginnings of files that can have more than 8 bits."""
_GREY = (19595, 38470, 7471)
"""Weights of R, G and B in grey, of 65536: those of Pillow's `convert("L")`, ITU-R BT.601."""


class Stored(NamedTuple):
    """What the header of a picture file says: height and width in pixels, upright, and bits of a channel, 8, 16 or 32.

    64-bit floats count as 32: they are held in float32, as training computes.
    """

    height: int
    width: int
    bits: int


def stored(path: Path) -> Stored:
    """The size and the depth of a picture, from its file's header.

    Raises:
        DenoiserError: the file cannot be read as a picture; names it and says what it is, as far as that is known.
    """
    with suppress(OSError), path.open("rb") as file:
        if file.read(4).startswith(_MAY_BE_DEEP) and (deep := _deep(path)) and deep.bits > 8:
            return deep
    try:
        return Stored(*eight_bit.size(path), 8)
    except DenoiserError:
        return _header(path)  # its error says what the file is


def _header(path: Path) -> Stored:
    header = reading.header(path)
    return Stored(header.height, header.width, min(header.bits, 32))


def _deep(path: Path) -> Stored | None:
    """What `reading` says about a file, None where it refuses a file that Pillow reads without a loss."""
    try:
        return _header(path)
    except DenoiserError:
        if eight_bit.loses(path):
            raise
        return None


def read(paths: Sequence[Path], channels: int, bits: Sequence[int]) -> Tensor:
    """Decode pictures of one size, upright, and stack their channels: the clean picture last, before it the noisy one.

    Transparency, further bands, metadata and the colour profile are left out. 8 bits are read by `eight_bit.read`.
    The white of integers is that of their type. That of floats is decided picture by picture as for `denoiser denoise`:
    1, or for values above it what `images/white.py` says. A noisy picture of floats has the white of its clean picture
    (1 if that has integers), so that both stay on one scale. What is clean is clamped to [0, 1], where noise models are
    defined; what is noisy is not.

    Args:
        paths: one file, or several of one size.
        channels: channels of each, 3 or 1; colour becomes grey by the weights of Pillow's `convert("L")`.
        bits: of each file, see `stored`.

    Returns:
        `(len(paths) * channels, H, W)` of the data type `depth.held_as(bits)`.

    Raises:
        DenoiserError: a file cannot be read; names it.
    """
    *noisy, clean = zip(paths, bits, strict=True)
    target, white = _read(*clean, channels)
    target = target.clamp_(0, 1) if target.is_floating_point() else target
    parts = [*(_read(*file, channels, white)[0] for file in noisy), target]
    return torch.cat(parts if len({part.dtype for part in parts}) == 1 else [unit(part) for part in parts])


def _read(path: Path, bits: int, channels: int, white: float | None = None) -> tuple[Tensor, float]:
    """A picture `(channels, H, W)`, and the white of floats in its file; `white` replaces that."""
    if bits == 8:
        try:
            return eight_bit.read(path, channels), 1
        except DenoiserError:
            if eight_bit.is_opened(path):
                raise  # else it is of a kind that Pillow does not know, such as an array of numpy
    photo = reading.read(path)
    pixels = _with_channels(photo.pixels, channels)
    if photo.pixels.dtype.kind != "f":
        return _planes(pixels), 1
    scale = photo.white if white is None else white
    return _planes((pixels / scale).astype(np.float32, copy=False)), scale


def _planes(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _with_channels(pixels: Pixels, channels: int) -> Pixels:
    """`(H, W, channels)` of `(H, W)` or `(H, W, 3)`, of the same data type."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], channels, axis=2)
    if channels == 3:
        return pixels
    if pixels.dtype.kind == "f":
        grey: Pixels = np.matmul(pixels, np.array(_GREY, pixels.dtype)[:, None] / 65536, dtype=pixels.dtype)
        return grey
    weighted: Pixels = np.matmul(pixels, np.array(_GREY, np.uint32)[:, None], dtype=np.uint32)
    rounded: Pixels = ((weighted + 32768) >> 16).astype(pixels.dtype)  # 65535 * 65536 + 32768 fits
    return rounded
