"""Pictures of any size in bounded memory: tiles whose overlap covers the network's effective receptive field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.inference import receptive_field, watching
from denoiser.inference.function import TileFunction
from denoiser.inference.padding import padded_side
from denoiser.inference.tile_layout import Span, Tiling, blend, check_tile, overlap_for, spans, tile_shape
from denoiser.machine import memory

FREE_SHARE = 0.6
"""Share of a device's free memory that a tile takes at most."""
HIDDEN, HIDDEN_CPU = 1.75, 2.0
"""Bytes in use for each byte that `memory.peak` sees, on a GPU and on a CPU.

Measured 1.0 to 1.65 on a GPU; on a CPU with `memory.keep_blocks` mostly up to 2.1."""
LONGEST = 4096
"""Longest side of a square tile in pixels, on any device: CUDA's convolutions count elements in 32 bits."""
USUAL_BYTES = 2000
"""Memory in bytes for each pixel of a tile where it cannot be measured; that of the shipped networks is 150 to 204."""
STRIP_BYTES = 32 * 10**6
"""Memory of the rows that are written at a time, in bytes, so that copies of them stay small too."""
TOLERANCE = {"32": 5e-6, "bf16": 1e-4}
"""Change that an artificial border is allowed to make where output is used, for each precision; 1.0 = white.

It is a root mean square, see `receptive_field.radius`. Single pixels then change by less than 1e-4, and in bfloat16 by
less than its own rounding changes them."""


def fit(
    function: TileFunction, channels: int, device: torch.device, tile: int | None = None, precision: str = "32"
) -> Tiling:
    """Choose the tiling for a function: the overlap by its receptive field, the tile by the free memory.

    The receptive field is measured (`receptive_field.radius`), and at most half of the theoretical one where
    that is known. Networks that look at all of the picture, by attention or normalisation, count as looking as far as
    `receptive_field.LIMIT`; their tiles then differ from the whole picture by what lies beyond.

    Args:
        function: the denoiser.
        channels: number of channels that it takes.
        device: the device that it runs on.
        tile: side of a tile in pixels; None chooses it by the free memory.
        precision: `32` or `bf16`, in which the function computes.

    Raises:
        DenoiserError: the tile is too small for the network's receptive field, or the memory for a picture of 256x256.
    """
    try:
        radius, pixel_bytes = _measure(function, channels, device, TOLERANCE[precision])
    except Exception as error:
        if not memory.is_exhausted(error):
            raise
        raise _too_large(receptive_field.SIDE, receptive_field.SIDE, device) from error
    if function.receptive_field is not None:
        radius = min(radius, function.receptive_field // 2)
    multiple, overlap = function.multiple, overlap_for(radius, function.multiple)
    smallest = Tiling(0, overlap, multiple).smallest
    if tile is not None:
        check_tile(tile, smallest)
        return Tiling(max(tile // multiple * multiple, smallest), overlap, multiple)
    cost = max(pixel_bytes, 1) * (HIDDEN_CPU if device.type == "cpu" else HIDDEN)
    side = min(LONGEST, math.isqrt(int(FREE_SHARE * memory.free(device) / cost)))
    side = max(side // multiple * multiple, smallest)
    return Tiling(side, overlap, multiple, cost if device.type == "cpu" else 0)


@torch.inference_mode()
def _measure(function: TileFunction, channels: int, device: torch.device, threshold: float) -> tuple[int, float]:
    """Effective radius in pixels, and bytes of memory per pixel."""
    image = receptive_field.probe(channels, device)
    whole, peak_bytes = memory.peak(lambda: function(image))
    exact = function.exact or function.call  # in bfloat16 rounding would hide the receptive field
    if function.exact:
        whole = exact(image)
    pixel_bytes = USUAL_BYTES if peak_bytes is None else peak_bytes / image[0, 0].numel()
    return receptive_field.radius(exact, image, whole, function.multiple, threshold), pixel_bytes


def denoise(
    function: Callable[[Tensor], Tensor],
    image: Tensor,
    white: float,
    tiling: Tiling,
    device: torch.device,
    write: Callable[[int, Tensor], None],
) -> Tiling:
    """Denoise a picture, whole where it fits into a tile, and write its rows as they are finished.

    Where the memory is too small, tiles are halved, and the rows not yet written are denoised with the smaller ones.

    Args:
        function: the denoiser, from float32 `(1, C, h, w)` on the device, 1.0 = white, to the same shape.
        image: `(C, H, W)` of any data type, on any device; a strided view is allowed.
        white: the value of white in the image.
        tiling: the tiling of `fit`.
        device: the device that the function runs on.
        write: called for the rows from the top, each once: with the index of the first row, and float32 `(C, h, W)`
            on the CPU, not clamped, 1.0 = white. It may keep or change them.

    Returns:
        The last tiling in use, for the next picture.

    Raises:
        DenoiserError: even the smallest tiles do not fit into memory.
    """
    written, (height, width) = 0, image.shape[1:]
    while True:
        bands = _bands(function, image, white, tiling, device, written)
        while (rows := _next(bands)) is not None:
            for strip in torch.split(rows, max(1, STRIP_BYTES // (4 * rows.shape[0] * width)), dim=1):
                write(written, strip)
                written += strip.shape[1]
            del rows, strip  # before the next are computed
        if written == height:
            return tiling
        del bands
        memory.release(device)
        picture_side = math.isqrt(padded_side(height, tiling.multiple) * padded_side(width, tiling.multiple))
        failed = min(tiling.tile_beside(image), picture_side)
        if failed <= tiling.smallest:
            raise _too_large(width, height, device)
        tiling = replace(tiling, tile=max(failed // 2, tiling.smallest))


def _next(bands: Iterator[Tensor]) -> Tensor | None:
    """The next band; None at the end, and where the memory was too small."""
    try:
        return next(bands, None)
    except Exception as error:
        if memory.is_exhausted(error):
            return None
        raise


def _too_large(width: int, height: int, device: torch.device) -> DenoiserError:
    fix = "close other programs, or use a machine with more" if device.type == "cpu" else "--device cpu"
    return DenoiserError(f"a picture of {width}x{height} pixels is too large for the memory of {device}", fix)


def _bands(
    function: Callable[[Tensor], Tensor],
    image: Tensor,
    white: float,
    tiling: Tiling,
    device: torch.device,
    first: int,
) -> Iterator[Tensor]:
    """Finished rows from the row `first` on, those of one row of tiles at a time."""
    channels, height, width = image.shape
    tile, overlap, multiple = tiling.tile_beside(image), tiling.overlap, tiling.multiple
    tile_height, tile_width = tile_shape(channels, height, width, tile, tiling.smallest, overlap, multiple)
    columns = spans(width, tile_width, overlap, multiple)
    end = torch.empty(0)
    for row in spans(height, tile_height, overlap, multiple, first):
        band = _band(function, image, white, device, row, columns)
        end = blend(band.transpose(1, 2), end, row)
        yield band[:, : band.shape[1] - row.blend_out]
        del band


def _band(
    function: Callable[[Tensor], Tensor],
    image: Tensor,
    white: float,
    device: torch.device,
    row: Span,
    columns: list[Span],
) -> Tensor:
    """The cores of one row of tiles, blended from left to right: float32 `(C, height of the cores, W)`."""
    # A pixel's channels lie together, as they do in the picture that is filled from these rows.
    band = torch.empty(row.core_stop - row.core_start, image.shape[2], image.shape[0]).permute(2, 0, 1)
    end = torch.empty(0)
    for column in columns:
        tile = _denoise_tile(function, image[:, row.tile, column.tile], white, device)
        core = band[:, :, column.core_start : column.core_stop]
        core.copy_(tile[:, row.core_in_tile, column.core_in_tile])
        end = blend(core, end, column)
        watching.add(core.numel())
    return band


@torch.inference_mode()
def _denoise_tile(function: Callable[[Tensor], Tensor], tile: Tensor, white: float, device: torch.device) -> Tensor:
    return function(tile.to(device).to(torch.float32)[None] / white)[0].cpu()
