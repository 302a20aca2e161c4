"""Pictures of any size in bounded memory: tiles that overlap as far as the network looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from denoiser.errors import DenoiserError
from denoiser.inference import receptive_field
from denoiser.inference.tile_layout import Span, Tiling, check_tile, margin_for, padded, sides, spans
from denoiser.machine import memory

Function = Callable[[Tensor], Tensor]
"""Float32 `(B, C, h, w)` of any size on a device, nominally in [0, 1], to the same."""
FREE_SHARE = 0.6
"""Of a device's free memory, for a tile."""
HIDDEN, HIDDEN_CPU = 1.75, 2.0
"""Bytes in use for each that `memory.peak` sees; measured 1.0 to 1.65, with `memory.keep_blocks` mostly up to 2.1."""
LONGEST = 4096
"""Side of a tile on any device: CUDA's convolutions count elements in 32 bits."""
STRIP_BYTES = 32 * 10**6
"""Of the rows that are handed over at a time, so that what is made of them stays small too."""
CHANGES = {"32": 5e-6, "bf16": 1e-4}
"""Of white, what an artificial border may change (`receptive.radius`): single pixels then change by less than 1e-4, and
in bfloat16 by less than its own rounding changes them."""
MULTIPLE = 16
"""Taken for functions that do not say theirs (`function.multiple`)."""


def fit(
    function: Function, channels: int, device: torch.device, tile: int | None = None, precision: str = "32"
) -> Tiling:
    """The tiling for a function: margin by how far it looks, tile by what memory is free.

    The margin is measured (`receptive.radius`), and bounded by half of `function.receptive_field` where it says its
    theoretical one, in pixels across. Networks without a finite field, by attention or normalisation over all of the
    picture, are taken to look as far as `receptive.LIMIT`, and their tiles differ from the whole by what lies beyond.

    Args:
        function: what denoises `(1, channels, h, w)`; `function.multiple` says what it pads sides to, and
            `function.exact` is the same in float32, where rounding does not hide how far it looks.
        channels: that it takes.
        device: that it runs on.
        tile: side that is asked for, in pixels; None chooses.
        precision: `32` or `bf16`, that the function computes in.

    Raises:
        DenoiserError: the tile is smaller than the network allows, or there is no memory for a picture of 256x256.
    """
    multiple = getattr(function, "multiple", MULTIPLE)
    try:
        reach, pixel_bytes = _measured(function, channels, device, multiple, CHANGES[precision])
    except Exception as error:
        if not memory.is_exhausted(error):
            raise
        raise _too_large(receptive_field.SIDE, receptive_field.SIDE, device) from error
    field = getattr(function, "receptive_field", None)
    margin = margin_for(reach if field is None else min(reach, field // 2), multiple)
    least = Tiling(0, margin, multiple).smallest
    if tile is not None:
        check_tile(tile, least)
        return Tiling(max(tile // multiple * multiple, least), margin, multiple)
    cost = max(pixel_bytes, 1) * (HIDDEN_CPU if device.type == "cpu" else HIDDEN)
    chosen = min(LONGEST, math.isqrt(int(FREE_SHARE * memory.free(device) / cost)))
    return Tiling(max(chosen // multiple * multiple, least), margin, multiple, cost if device.type == "cpu" else 0)


@torch.inference_mode()
def _measured(
    function: Function, channels: int, device: torch.device, multiple: int, threshold: float
) -> tuple[int, float]:
    """Effective radius, and bytes for a pixel."""
    image = receptive_field.probe(channels, device)
    whole, most = memory.peak(lambda: function(image))
    if (exact := getattr(function, "exact", function)) is not function:
        whole = exact(image)
    return receptive_field.radius(exact, image, whole, multiple, threshold), most / receptive_field.SIDE**2


def denoise(
    function: Function,
    image: Tensor,
    white: float,
    tiling: Tiling,
    device: torch.device,
    take: Callable[[int, Tensor], None],
) -> Tiling:
    """Denoise a picture, whole where it fits into a tile, and hand over its rows as they are finished.

    Where memory does not suffice, tiles are halved and the rows not yet taken are done with those.

    Args:
        function: what denoises float32 `(1, C, h, w)` on the device, 1.0 = white, to the same shape.
        image: `(C, H, W)` of any type, anywhere, a strided view too.
        white: what is 1.0 to the function.
        tiling: of `fit`.
        device: that the function runs on.
        take: gets each row once, from the top: the first row's index, and float32 `(C, h, W)` on the CPU, not clamped,
            1.0 = white. It may keep or change them.

    Returns:
        The tiling that it ended with, for the next picture.

    Raises:
        DenoiserError: even the smallest tiles do not fit into memory.
    """
    taken, (height, width) = 0, image.shape[1:]
    while True:
        bands = _bands(function, image, white, tiling, device, taken)
        while (rows := _next(bands)) is not None:
            for strip in torch.split(rows, max(1, STRIP_BYTES // (4 * rows.shape[0] * width)), dim=1):
                take(taken, strip)
                taken += strip.shape[1]
            del rows, strip  # before the next are made
        if taken == height:
            return tiling
        del bands
        memory.release(device)
        asked = min(tiling.beside(image), math.isqrt(padded(height, tiling.multiple) * padded(width, tiling.multiple)))
        if asked <= tiling.smallest:
            raise _too_large(width, height, device)
        tiling = replace(tiling, tile=max(asked // 2, tiling.smallest))


def _next(bands: Iterator[Tensor]) -> Tensor | None:
    """The next band; None at the end, and where memory did not suffice."""
    try:
        return next(bands, None)
    except Exception as error:
        if memory.is_exhausted(error):
            return None
        raise


def _too_large(width: int, height: int, device: torch.device) -> DenoiserError:
    other = "close other programs, or use a machine with more" if device.type == "cpu" else "--device cpu"
    return DenoiserError(f"a picture of {width}x{height} pixels is too large for the memory of {device}", other)


def _bands(
    function: Function, image: Tensor, white: float, tiling: Tiling, device: torch.device, first: int
) -> Iterator[Tensor]:
    """Finished rows, from the row `first` on, one row of tiles at a time."""
    channels, height, width = image.shape
    tall, wide = sides(channels, height, width, tiling.beside(image), tiling.smallest, tiling.margin, tiling.multiple)
    columns = spans(width, wide, tiling.margin, tiling.multiple)
    faded = torch.empty(0)
    for row in spans(height, tall, tiling.margin, tiling.multiple, first):
        band = _band(function, image, white, device, row, columns)
        faded = row.meet(band.transpose(1, 2), faded)
        yield band[:, : band.shape[1] - row.fall]
        del band


@torch.inference_mode()
def _tile(function: Function, image: Tensor, white: float, device: torch.device) -> Tensor:
    return function(image.to(device).to(torch.float32)[None] / white)[0].cpu()


def _band(f: Function, image: Tensor, white: float, device: torch.device, row: Span, columns: list[Span]) -> Tensor:
    """One row of tiles side by side, float32 `(C, row.last - row.first, W)`, not faded at top and bottom."""
    # A pixel's channels lie together, as they do in the picture that is filled from these rows.
    band = torch.empty(row.last - row.first, image.shape[2], image.shape[0]).permute(2, 0, 1)
    faded = torch.empty(0)
    for column in columns:
        found = _tile(f, image[:, row.start : row.stop, column.start : column.stop], white, device)
        used = found[:, row.first - row.start : row.last - row.start, column.first - column.start :]
        place = band[:, :, column.first : column.last]
        place.copy_(used[:, :, : column.last - column.first])
        faded = column.meet(place, faded)
    return band
