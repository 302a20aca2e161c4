"""The quantised coefficients of a JPEG, exactly as they are stored, and what blocks of pixels they stand for.

libjpeg gives pixels only, rounded and clipped to 8 bits. Told that the samples have 12 bits, and with larger steps in
the quantisation tables, it decodes the same scans to pixels that are fine enough to find the coefficients again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from denoiser.data.images.formats import jpeg_segments
from denoiser.data.images.formats.jpeg_scans import Coefficients
from denoiser.data.images.formats.jpeg_segments import BLOCK, Frame
from denoiser.data.images.formats.photo import strips

Plane = NDArray[np.float32]
DC, AC = (-1024, 1023), (-1023, 1023)
"""Smallest and largest coefficients in files of 8 bits."""
_SCALES = (13, 8, 4, 2, 1)
"""How much larger the tables are made: 13 leaves room for pixels from -29 to 285, which clipped ones have."""
_FINEST = 8
"""Smallest step of such a table: rounding of pixels to integers moves a coefficient by less than half of it."""
_LARGEST = 0xFFFF
_DEEP_ZERO, _DEEP_WHITE = 2048, 4095
_SPACES = {1: "GRAYSCALE", 3: "YCBCR"}


def zigzag() -> list[int]:
    """Positions in a block, row by row, in the order of the coefficients."""
    places = sorted(np.ndindex(BLOCK, BLOCK), key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    return [row * BLOCK + column for row, column in places]


def transform() -> NDArray[np.float32]:
    """Matrix `(64, 64)` from the pixels of blocks to coefficients in zigzag order; its transpose is the way back."""
    places = np.arange(BLOCK)
    cosines = np.cos((2 * places + 1) * places[:, None] * np.pi / (2 * BLOCK)) / 2
    cosines[0] /= np.sqrt(2)
    matrix: NDArray[np.float32] = np.kron(cosines, cosines)[zigzag()].T.astype(np.float32)
    return matrix


def to_blocks(plane: Plane) -> Plane:
    """A plane whose sides are whole blocks as its blocks, `(rows, columns, 64)`."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    return plane.reshape(rows, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(rows, columns, BLOCK * BLOCK)


def to_plane(blocks: Plane) -> Plane:
    """The inverse of `to_blocks`."""
    rows, columns, _ = blocks.shape
    return blocks.reshape(rows, columns, BLOCK, BLOCK).swapaxes(1, 2).reshape(rows * BLOCK, columns * BLOCK)


def extended(plane: Plane, rows: int, columns: int) -> Plane:
    """A plane of so many blocks: beyond its pixels, the last ones are repeated."""
    beyond = [(0, count * BLOCK - side) for count, side in zip((rows, columns), plane.shape, strict=True)]
    larger: Plane = np.pad(plane, beyond, mode="edge") if any(after for _, after in beyond) else plane
    return larger


def limited(coefficients: Plane) -> Coefficients:
    """Rounded coefficients `(..., 64)` in the range of 8-bit files."""
    result = np.rint(coefficients).clip(*AC).astype(np.int16)
    result[..., 0] = np.rint(coefficients[..., 0]).clip(*DC)
    return result


def read(data: bytes, frame: Frame) -> list[Coefficients] | None:
    """The coefficients of each component in whole groups of blocks, see `Frame.blocks`.

    Rounding is right for steps of 2 and more. For steps of 1, a coefficient of chroma may rarely be one off, which is
    at most a quarter of a level. Blocks that end beyond what decoders can be made to show are made of what they show.

    Returns:
        None where they cannot be found: for tables that change between scans, and very large or unfinished pictures.
    """
    tables = [each.quantisation for each in frame.components]
    if any(len(each) != BLOCK**2 or min(each) < 1 for each in tables) or jpeg_segments.has_later_tables(data):
        return None
    smallest, largest = min(map(min, tables)), max(map(max, tables))
    for scale in _SCALES:
        if scale * smallest >= _FINEST and scale * largest <= _LARGEST:
            planes = _decoded(data, frame, scale)
            if planes is not None:
                return [_of_component(plane, frame, i, scale) for i, plane in enumerate(planes)]
    return None


def _decoded(data: bytes, frame: Frame, scale: int) -> list[NDArray[np.uint16]] | None:
    """The pixels of each component, in 12 bits; None where some are clipped, or nothing can be decoded."""
    import imagecodecs

    space, pictures, planes = _SPACES[len(frame.components)], {}, []
    for i, part in enumerate(frame.components):
        size = frame.whole_size(part)
        try:
            if size not in pictures:
                deep = jpeg_segments.deep(data, scale, *size)
                pictures[size] = imagecodecs.jpeg8_decode(deep, colorspace=space, outcolorspace=space)
        except imagecodecs.Jpeg8Error:
            return None
        planes.append(pictures[size].reshape(*size, len(frame.components))[..., i])
    return None if any(each.min() == 0 or each.max() == _DEEP_WHITE for each in planes) else planes


def _of_component(deep: NDArray[np.uint16], frame: Frame, number: int, scale: int) -> Coefficients:
    part = frame.components[number]
    shared = frame.down // part.down, frame.across // part.across
    rows, columns = frame.blocks(part)
    matrix = transform() / (scale * np.array(part.quantisation, np.float32))
    result = np.empty((rows, columns, BLOCK**2), np.int16)
    for strip in strips(rows, columns * BLOCK**2):
        samples = _samples(deep, shared, strip.start * BLOCK, strip.stop * BLOCK) - np.float32(_DEEP_ZERO)
        result[strip] = limited(to_blocks(extended(samples, strip.stop - strip.start, columns)) @ matrix)
    return result


def _samples(deep: NDArray[np.uint16], shared: tuple[int, int], start: int, stop: int) -> Plane:
    """Rows of the stored samples, of the pixels that decoders make of them."""
    if max(shared) > 2:
        return deep[start * shared[0] : stop * shared[0] : shared[0], :: shared[1]].astype(np.float32)
    above = min(start, 1)
    pixels = deep[(start - above) * shared[0] : (stop + 1) * shared[0]].astype(np.float32)
    for axis in (0, 1):
        if shared[axis] == 2:
            pixels = np.moveaxis(_from_pairs(np.moveaxis(pixels, axis, 0)), 0, axis)
    return pixels[above : above + stop - start]


def _from_pairs(pixels: Plane) -> Plane:
    """The samples of which `subsampled` makes these rows: each from both its rows and the nearest of its neighbours."""
    if len(pixels) % 2:
        pixels = np.concatenate([pixels, pixels[-1:]])
    a, b = pixels[::2], pixels[1::2]
    before, after = np.concatenate([a[:1], b[:-1]]), np.concatenate([a[1:], b[-1:]])
    return (3 * (a + b) - before - after) / 4  # type: ignore[no-any-return]
