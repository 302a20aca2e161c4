"""A photo in, a photo out: any model on any picture, at the picture's own depth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from denoiser.data.images.formats.photo import Details, Photo, Pixels, strips
from denoiser.errors import DenoiserError
from denoiser.inference import arrays, tiling
from denoiser.inference.function import TileFunction
from denoiser.inference.receptive_field import SIGMA
from denoiser.inference.tile_layout import Tiling
from denoiser.machine import hardware
from denoiser.noise import levels
from denoiser.noise.estimate import noise_level
from denoiser.photos import chroma
from denoiser.photos.blend import fill
from denoiser.training.module import Denoiser
from denoiser.weights.published import Published

COLOURLESS = "a grey picture has no chroma: unchanged"
LEAVES = "(much of the noise stays)"
PRECISIONS = ("auto", "32", "bf16")


@dataclass(frozen=True)
class Options:
    """How pictures are restored.

    Attributes:
        sigma: the noise level in grey levels of 255, for models that are told it; None estimates that of each picture.
        strength: 0 gives the picture back, 1 the model's output, and between them their weighted mean.
        chroma_only: take the colours alone from the model and keep the picture's luma.
        tile: side of the tiles in pixels; None goes by the free memory.
        precision: `32`; `bf16`; or `auto`, which is bf16 for 8-bit pictures where that is faster.

    Raises:
        DenoiserError: a value is none of these.
    """

    sigma: float | None = None
    strength: float = 1.0
    chroma_only: bool = False
    tile: int | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what is not possible before there is any work."""
        if self.sigma is not None:
            levels.check_sigma(self.sigma, "--sigma")
        if not 0 <= self.strength <= 1:
            raise DenoiserError(f"the strength is from 0 to 1 (--strength {self.strength:g})", "--strength 1")
        if self.precision not in PRECISIONS:
            what = f"the precision is one of {', '.join(PRECISIONS)} (--precision {self.precision})"
            raise DenoiserError(what, "--precision auto")


class Restorer:
    """A model that takes photos.

    A grey model denoises the channels of a colour picture one by one, and of one whose pixels share their chroma (see
    `chroma`) luma and chroma; a colour model is given a grey picture three times and the mean of its outputs is taken,
    which leaves much noise: what is equal in three channels it takes for the picture. The photo's notes tell of both.

    Args:
        model: a trained or published one; it is moved to the device.
        device: where it runs.
        options: how.
        name: what the user calls the model; its own name if there is none given.
        grey: gives what takes the pictures of `taking`; this one takes them if there is none.

    Attributes:
        name: of the model.
        model: the model.

    Raises:
        DenoiserError: a noise level is given for a model that is not told it.
    """

    def __init__(
        self,
        model: Denoiser | Published,
        device: torch.device,
        options: Options,
        name: str | None = None,
        grey: Callable[[], Restorer] | None = None,
    ) -> None:
        self.name, self.model = name or str(model.name), model.to(device).eval()
        self.device, self.options, self.grey = device, options, grey
        self._tilings: dict[tuple[int, str], Tiling] = {}
        if options.sigma is not None and not model.takes_sigma:
            what = f"{self.name} takes no noise level (--sigma {options.sigma:g})"
            raise DenoiserError(what, "leave out --sigma")

    def __call__(self, photo: Photo) -> Photo:
        """The picture without noise: the same size, type, alpha and details, with notes on how it was done.

        Integers are clamped and rounded, halves to even; floats are not clamped. Besides the two pictures, memory
        holds tiles and bands of rows alone.

        Raises:
            DenoiserError: the model's output is not finite, or not even the smallest tile fits into the memory.
        """
        if self.options.chroma_only and (photo.channels == 1 or chroma.is_grey(photo.pixels)):
            return replace(photo, notes=(*photo.notes, COLOURLESS))
        if (other := self.taking(photo)) is not self:
            return other(photo)
        if self.model.channels == 1 and photo.channels == 3:
            if chroma.is_grey(photo.pixels):
                return self._threefold(photo)
            if photo.details.subsampling != (1, 1) and not self.options.sigma:
                return self._by_planes(photo)
        channels, precision = photo.channels, self._precision(photo.pixels)
        level, notes = self._level(photo)
        planned = self._tilings.get((channels, precision)) or self._fitted(channels, precision, self.options.tile)
        pixels, last = self._denoised(self._function(level, channels, precision), photo, planned)
        self._tilings[channels, precision] = last
        if last.tile < planned.tile:
            notes += (f"less memory than was expected: tiles of {last.tile} pixels",)
        return replace(photo.with_pixels(pixels), notes=photo.notes + self._adaptation(photo) + notes)

    def taking(self, photo: Photo) -> Restorer:
        """Which takes a picture: this, or `grey` where the noise is not what a colour model has learned.

        That is where all channels are equal, and where pixels share their chroma: on JPEGs of 4:2:0 with noise of
        sigma 15 to 40 the colour model gained 0.4 dB, the grey one on their planes 5 to 11.
        """
        if not self.grey or photo.channels != 3:
            return self
        return self.grey() if photo.details.subsampling != (1, 1) or chroma.is_grey(photo.pixels) else self

    def _threefold(self, photo: Photo) -> Photo:
        after = self(replace(photo, pixels=np.ascontiguousarray(photo.pixels[..., 0])))
        note = f"{self.name} took pictures whose three channels are equal"
        return replace(after, pixels=np.repeat(after.pixels[..., None], 3, axis=2), notes=(*after.notes, note))

    def _by_planes(self, photo: Photo) -> Photo:
        """Luma and chroma one by one, as they were stored; strength and luma kept count for the whole."""
        each = Restorer(self.model, self.device, replace(self.options, strength=1.0, chroma_only=False), self.name)
        each._tilings = self._tilings
        shared, shape = photo.details.subsampling, photo.pixels.shape[:2]
        stored = [Photo(plane, photo.white, Details("")) for plane in chroma.split(photo.pixels, shared)]
        luma = stored[0] if self.options.chroma_only else each(stored[0])
        blue, red = (chroma.enlarged(each(plane).pixels, shared) for plane in stored[1:])
        pixels = np.empty_like(photo.pixels)
        for band in strips(*shape):
            rows = chroma.joined(luma.pixels, blue, red, shape, band)
            self._fill(pixels[band], photo.pixels[band], rows, photo.white)
        note = f"{self.name} took pictures of subsampled chroma plane by plane (Y, Cb, Cr)"
        return replace(photo.with_pixels(pixels), notes=(*photo.notes, *luma.notes, note))

    def _precision(self, pixels: Pixels) -> str:
        """Beyond 8 bits bfloat16's rounding would be seen in what is written."""
        if self.options.precision != "auto":
            return self.options.precision
        return "bf16" if pixels.dtype == np.uint8 and hardware.has_bfloat16(self.device.type) else "32"

    def smallest(self, channels: int) -> int:
        """The least `tile` for pictures of so many channels, whatever their depth; float32 takes the larger ones."""
        return self._fitted(channels, self.options.precision.replace("auto", "32"), None).smallest

    def _fitted(self, channels: int, precision: str, tile: int | None) -> Tiling:
        """For all pictures, whatever their noise: of the strongest that is usual the network looks farthest."""
        usual = self.options.sigma or SIGMA if self.model.takes_sigma else None
        return tiling.fit(self._function(usual, channels, precision), channels, self.device, tile, precision)

    def _function(self, level: float | None, channels: int, precision: str) -> TileFunction:
        return self.model.function(level, precision, channels)

    def _level(self, photo: Photo) -> tuple[float | None, tuple[str, ...]]:
        if not self.model.takes_sigma or self.options.sigma is not None:
            return self.options.sigma, ()
        estimated = noise_level(photo.pixels, photo.white)
        return estimated, (f"sigma estimated: {estimated:.1f}",)

    def _adaptation(self, photo: Photo) -> tuple[str, ...]:
        if self.model.channels == 3 and photo.details.subsampling != (1, 1):
            return (f"{self.name} took pictures of subsampled chroma {LEAVES}; --model grey does not",)
        if self.model.channels == photo.channels:
            return ()
        told = "channel by channel" if photo.channels == 3 else f"as three equal channels {LEAVES}"
        own, theirs = (("grey", "colour")[count // 3] for count in (self.model.channels, photo.channels))
        return (f"{self.name} is a {own} model and took {theirs} pictures {told}",)

    def _denoised(self, function: TileFunction, photo: Photo, planned: Tiling) -> tuple[Pixels, Tiling]:
        pixels = np.empty_like(photo.pixels)

        def take(top: int, rows: Tensor) -> None:
            if not torch.isfinite(rows.sum()) and not torch.isfinite(rows).all():  # the first is one pass
                raise DenoiserError("the model's output is not finite", "--precision 32, or another model")
            at = slice(top, top + rows.shape[1])
            self._fill(pixels[at], photo.pixels[at], rows.numpy(), photo.white)

        return pixels, tiling.denoise(function, arrays.view(photo.pixels), photo.white, planned, self.device, take)

    def _fill(self, out: Pixels, before: Pixels, denoised: Pixels, white: float) -> None:
        fill(out, before, denoised, white, self.options.strength, self.options.chroma_only)
