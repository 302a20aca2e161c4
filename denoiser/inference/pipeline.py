"""What the pixels of a picture go through, in `denoiser denoise` and in `model(image)` alike.

noise level    given, or estimated where the network takes one     noise/estimate.py
network        at that level and strength                          strength.py
texture        returned, by the noise in some blocks               texture.py
precision      float32 where the picture is flat                   flat.py
highlights     kept from disturbing the rest                       highlights.py
change         shrunk to what noise explains, beyond that range    shrinkage.py
tiles          cut and joined                                      tiling.py
blend          with the picture, in its own type                   blend.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from denoiser.inference import arrays, blend, chroma, flat, highlights, strength, texture, tiling
from denoiser.inference.blend import Strengths
from denoiser.inference.fitted import FittedTilings
from denoiser.inference.function import TileFunction
from denoiser.inference.pixels import Pixels
from denoiser.inference.receptive_field import LIMIT, SIGMA
from denoiser.inference.tile_layout import Tiling
from denoiser.machine import hardware
from denoiser.noise import levels
from denoiser.noise.estimate import noise_level

WHOLE_PIXELS = 256 * 256
"""Largest padded picture, in pixels, that is denoised whole without measuring the network's reach and the memory."""


class Network(Protocol):
    """What is needed of a `PictureModel`."""

    channels: int
    takes_sigma: bool
    name: str
    tilings: FittedTilings

    def function(self, sigma: float | None = None, precision: str = "32", channels: int | None = None) -> TileFunction:
        """The function that tiles go through."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """The weights."""

    def buffers(self) -> Iterator[Tensor]:
        """What is no weight."""

    def padded_size(self, height: int, width: int) -> tuple[int, int]:
        """The height and width that the network is given for a picture, in pixels."""


@dataclass(frozen=True)
class DenoiseSettings:
    """How pixels are denoised; see `CallOptions` and `photos/options.py`, which check the values.

    Attributes:
        sigma: the noise level in grey levels of 255; None estimates it for networks that take one.
        strengths: how much noise is removed; pixels of one channel have no chroma.
        texture: share of the removed detail that is returned.
        precision: `32`; `bf16`; or `auto`, which is bf16 for 8 bits where that is faster, and 32 where they are flat.
        tile: side of the tiles in pixels; None chooses it by the free memory, and denoises small pictures whole.
    """

    sigma: float | None
    strengths: Strengths
    texture: float
    precision: str = "32"
    tile: int | None = None

    @property
    def computed(self) -> str:
        """The precision in which the network computes first."""
        return self.precision.replace("auto", "bf16")


class NotFinite(ValueError):
    """What a model has made of a picture has values that are not finite."""


def denoise(model: Network, planes: Tensor, target: Tensor, white: float, settings: DenoiseSettings) -> tuple[str, ...]:
    """Denoise the channels of a picture tile by tile, on the device of the model.

    Args:
        model: the model.
        planes: `(C, H, W)` of any type on any device, C = 1 or 3; a strided view is allowed.
        target: of the same shape and type; it is filled.
        white: the value of white.
        settings: how.

    Returns:
        Notes for the user: an estimated noise level, and tiles that are smaller than planned.

    Raises:
        NotFinite: the model's output is not.
        DenoiserError: not even the smallest tile fits into memory.
    """
    device, channels, pixels = next(model.parameters()).device, len(planes), arrays.as_numpy(planes)
    settings, notes = _for_planes(settings, planes, device), list[str]()
    if (level := settings.sigma) is None and model.takes_sigma:
        level = noise_level(pixels, white)
        notes.append(f"estimated noise level: {level:.1f} {levels.SIGMA.unit}")
    function, guard = _function(model, channels, level, settings), highlights.guard(pixels, white)
    notes.extend(guard.notes)
    if settings.texture:
        once = _function(model, channels, level, replace(settings, strengths=Strengths(1.0, 1.0)))
        noise = texture.measure(guard(once), pixels, white, device)
        function = texture.returned(function, settings.texture, noise)
    if settings.precision == "auto":
        function = flat.in_float32(function)
    function = guard(function)
    rows, columns = model.padded_size(*planes.shape[1:])
    small = settings.tile is None and rows * columns <= WHOLE_PIXELS
    planned = Tiling(WHOLE_PIXELS, 2 * LIMIT) if small else fitted(model, channels, device, settings)
    write = partial(_write, planes, target, white, settings.strengths.weights)
    used = tiling.denoise(function, planes, white, planned, device, write)
    if used.tile < planned.tile:
        model.tilings.replace(planned, used)
        notes.append(f"less memory than expected: tiles of {used.tile} pixels")
    return tuple(notes)


def denoise_stored_planes(
    model: Network, pixels: Pixels, white: float, subsampling: tuple[int, int], settings: DenoiseSettings
) -> tuple[Pixels, tuple[str, ...]]:
    """Denoise the luma and the stored chroma of colour pixels `(H, W, 3)` one by one, see `chroma`; also returns notes.

    Args:
        model: a grey model.
        pixels: uint8 or uint16.
        white: the value of white.
        subsampling: rows and columns that share a chroma sample.
        settings: how; a noise level is that of each plane.
    """
    strengths, notes = settings.strengths, list[tuple[str, ...]]()
    luma, colour = strengths.at_least_1

    def plane(strength: float, detail: float, pixels: Pixels) -> Pixels:
        how = replace(settings, strengths=Strengths(strength, strength), texture=detail)
        denoised, said = denoise_pixels(model, pixels, white, how)
        notes.append(said)
        return denoised

    through = partial(plane, luma, settings.texture), partial(plane, colour, 0.0)
    return chroma.denoised(pixels, subsampling, strengths, *through), notes[0] if strengths.luma else ()


def denoise_pixels(
    model: Network, pixels: Pixels, white: float, settings: DenoiseSettings
) -> tuple[Pixels, tuple[str, ...]]:
    """Denoise pixels `(H, W)` or `(H, W, 3)`; also returns notes, see `denoise`."""
    result = np.empty_like(pixels)
    return result, denoise(model, arrays.view(pixels), arrays.view(result), white, settings)


def fitted(model: Network, channels: int, device: torch.device, settings: DenoiseSettings) -> Tiling:
    """The tiling for pictures of so many channels, measured once for the weights of the model: see `tiling.fit`."""
    strongest = max(*settings.strengths, 1.0)
    level = max(settings.sigma or 0, SIGMA) if model.takes_sigma else None  # where the receptive field is largest
    usual = replace(settings, sigma=level, strengths=Strengths(strongest, strongest))

    def fit() -> Tiling:
        function = _function(model, channels, usual.sigma, usual)
        if usual.texture:
            function = texture.returned(function, usual.texture, texture.usual())
        if usual.precision == "auto" and function.exact:
            function = replace(function, call=function.exact)  # whose memory flat tiles need
        return tiling.fit(function, channels, device, usual.tile, usual.computed)

    return model.tilings.get((*model.parameters(), *model.buffers()), (channels, device, usual), fit)


def _for_planes(settings: DenoiseSettings, planes: Tensor, device: torch.device) -> DenoiseSettings:
    """The settings as far as they have an effect; beyond 8 bits bfloat16's rounding would show."""
    strengths = settings.strengths if len(planes) == 3 else Strengths(settings.strengths.luma, settings.strengths.luma)
    fast = settings.precision != "auto" or (planes.dtype == torch.uint8 and hardware.has_bfloat16(device.type))
    detail, precision = settings.texture if strengths.luma else 0.0, settings.precision if fast else "32"
    return replace(settings, strengths=strengths, texture=detail, precision=precision)


def _function(model: Network, channels: int, sigma: float | None, settings: DenoiseSettings) -> TileFunction:
    at_level = partial(model.function, precision=settings.computed, channels=channels)
    return strength.applied(at_level, sigma, settings.strengths)


def _write(planes: Tensor, target: Tensor, white: float, weights: tuple[float, float], top: int, rows: Tensor) -> None:
    """Write float rows `(C, h, W)`, 1.0 = white, from the row `top` on into the target, see `blend.fill`."""
    if not torch.isfinite(rows.sum()) and not torch.isfinite(rows).all():  # the first is one pass
        raise NotFinite("the model's output is not finite")
    band = slice(top, top + rows.shape[1])
    before = arrays.as_numpy(planes[:, band])
    blended = np.empty_like(before)
    blend.fill(blended, before, rows.numpy(), white, *weights)
    target[:, band] = arrays.view(blended).to(target.device)
