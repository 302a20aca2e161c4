"""A photo denoised by one model, at the photo's depth, in the way that `photos/routes.py` has decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from denoiser.data.images.formats.photo import Photo, Pixels
from denoiser.errors import DenoiserError
from denoiser.inference import arrays, blend, chroma, flat, highlights, strength, texture, tiling
from denoiser.inference.blend import Strengths
from denoiser.inference.function import TileFunction
from denoiser.inference.picture_model import PictureModel
from denoiser.inference.receptive_field import SIGMA
from denoiser.inference.tile_layout import Tiling
from denoiser.machine import hardware
from denoiser.noise import levels
from denoiser.noise.estimate import noise_level
from denoiser.photos import routes
from denoiser.photos.options import Options
from denoiser.photos.routes import Way

NO_CHROMA = "--chroma-strength has no effect on grey pictures"


class Restorer:
    """Denoises photos with one model; several photos share what is measured once.

    Args:
        model: a trained or published model; it is moved to the device.
        device: where it runs.
        options: how photos are denoised.
        name: what the user calls the model; None for the model's own name.

    Attributes:
        name: name of the model.
        model: the model.

    Raises:
        DenoiserError: `options` has a noise level and the model takes none.
    """

    def __init__(self, model: PictureModel, device: torch.device, options: Options, name: str | None = None) -> None:
        self.name, self.model = name or str(model.name), model.to(device).eval()
        self.device, self.options = device, options
        self._tilings: dict[tuple[int, str], Tiling] = {}
        if options.sigma is not None and not model.takes_sigma:
            what = f"{self.name} takes no noise level (--sigma {options.sigma:g})"
            raise DenoiserError(what, "leave out --sigma")

    def __call__(self, photo: Photo, way: Way) -> Photo:
        """Denoise a photo.

        Integers are clamped and rounded, halves to even; floats are not clamped. Besides the input and the output,
        memory holds only tiles and bands of rows.

        Args:
            photo: the noisy photo.
            way: how it goes through the network, see `routes.way`.

        Returns:
            The photo without noise: of the same size and type, with the same alpha and metadata, and with notes on how
            it was denoised.

        Raises:
            DenoiserError: the model's output is not finite, or not even the smallest tile fits into memory.
        """
        options = self.options
        notes: tuple[str, ...] = ()
        if way is Way.UNCHANGED:
            pixels = photo.pixels
        elif way is Way.ONE_CHANNEL:
            grey, notes = self._denoised(
                np.ascontiguousarray(photo.pixels[..., 0]), photo.white, options.strengths, options.texture
            )
            pixels = np.repeat(grey[..., None], 3, axis=2)
        elif way is Way.PLANES:
            pixels, notes = self._by_planes(photo)
        else:
            pixels, notes = self._denoised(photo.pixels, photo.white, options.strengths, options.texture)
        remarks = routes.notes(way, self.name, self.model.channels, photo.header)
        if options.chroma_strength is not None and (pixels.ndim == 2 or way is Way.ONE_CHANNEL):
            remarks += (NO_CHROMA,)
        return replace(photo.with_pixels(pixels), notes=(*photo.notes, *remarks, *notes))

    def smallest(self, channels: int) -> int:
        """Smallest `tile` for pictures of `channels` channels at any depth; float32 needs larger ones than bfloat16."""
        return self._fitted(channels, self.options.precision.replace("auto", "32"), None).smallest

    def _by_planes(self, photo: Photo) -> tuple[Pixels, tuple[str, ...]]:
        """Denoise luma and chroma one by one, as they were stored."""
        strengths, notes = self.options.strengths, list[str]()

        def luma(plane: Pixels) -> Pixels:
            pixels, said = self._denoised(plane, photo.white, strengths.at_least_1, self.options.texture)
            notes.extend(said)
            return pixels

        def chroma_plane(plane: Pixels) -> Pixels:
            return self._denoised(plane, photo.white, Strengths(strengths.at_least_1.chroma, 1.0))[0]

        pixels = chroma.denoised(photo.pixels, photo.details.subsampling, strengths, luma, chroma_plane)
        return pixels, tuple(notes)

    def _denoised(
        self, pixels: Pixels, white: float, strengths: Strengths, detail: float = 0.0
    ) -> tuple[Pixels, tuple[str, ...]]:
        """Denoise pixels `(H, W)` or `(H, W, 3)` tile by tile; also returns notes."""
        channels, precision = 1 if pixels.ndim == 2 else 3, self._precision(pixels)
        if channels == 1:
            strengths = Strengths(strengths.luma, strengths.luma)
        sigma, notes = self._noise_level(pixels, white)
        planned = self._tilings.get((channels, precision)) or self._fitted(channels, precision, self.options.tile)
        denoised = np.empty_like(pixels)

        def store(top: int, rows: Tensor) -> None:
            if not torch.isfinite(rows.sum()) and not torch.isfinite(rows).all():  # the first is one pass
                raise DenoiserError("the model's output is not finite", "--precision 32, or another model")
            band = slice(top, top + rows.shape[1])
            blend.fill(denoised[band], pixels[band], rows.numpy(), white, *strengths.weights)

        function = self._function(sigma, channels, precision, strengths)
        if detail and strengths.luma:
            once = self._function(sigma, channels, precision, Strengths(1.0, 1.0))
            noise = texture.measure(highlights.guarded(once, pixels, white), pixels, white, self.device)
            function = texture.returned(function, detail, noise)
        if self.options.precision == "auto":
            function = flat.in_float32(function)
        function = highlights.guarded(function, pixels, white)
        used = tiling.denoise(function, arrays.view(pixels), white, planned, self.device, store)
        self._tilings[channels, precision] = used
        if used.tile < planned.tile:
            notes += (f"less memory than expected: tiles of {used.tile} pixels",)
        return denoised, notes

    def _precision(self, pixels: Pixels) -> str:
        """`32` or `bf16`; beyond 8 bits bfloat16's rounding would show, and in what is flat, see `flat`."""
        if self.options.precision != "auto":
            return self.options.precision
        return "bf16" if pixels.dtype == np.uint8 and hardware.has_bfloat16(self.device.type) else "32"

    def _noise_level(self, pixels: Pixels, white: float) -> tuple[float | None, tuple[str, ...]]:
        """The noise level for the network, None if it takes none, and a note if it is estimated."""
        if not self.model.takes_sigma or self.options.sigma is not None:
            return self.options.sigma, ()
        estimated = noise_level(pixels, white)
        return estimated, (f"estimated noise level: {estimated:.1f} {levels.SIGMA.unit}",)

    def _fitted(self, channels: int, precision: str, tile: int | None) -> Tiling:
        """The tiling for all pictures: fitted at the strongest usual noise, where the receptive field is largest."""
        usual = self.options.sigma or SIGMA if self.model.takes_sigma else None
        strongest = max(self.options.strengths)
        function = self._function(usual, channels, precision, Strengths(strongest, strongest))
        if self.options.texture:
            function = texture.returned(function, self.options.texture, texture.usual())
        if self.options.precision == "auto" and function.exact:
            function = replace(function, call=function.exact)  # whose memory flat tiles need
        return tiling.fit(function, channels, self.device, tile, precision)

    def _function(self, sigma: float | None, channels: int, precision: str, strengths: Strengths) -> TileFunction:
        return strength.applied(lambda level: self.model.function(level, precision, channels), sigma, strengths)
