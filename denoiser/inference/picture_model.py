"""Models that denoise pictures of numpy, torch and Pillow: `model(image)`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoiser.errors import number
from denoiser.inference import arrays, tiling
from denoiser.inference.function import TileFunction, inference_call
from denoiser.inference.padding import pad, padded_side
from denoiser.inference.receptive_field import LIMIT, SIGMA
from denoiser.inference.tile_layout import Tiling
from denoiser.noise.estimate import noise_level
from denoiser.noise.levels import check_sigma

Array = TypeVar("Array", bound=NDArray[Any])
WHOLE_PIXELS = 256 * 256
"""Largest padded picture, in pixels, that is denoised whole without measuring the network's reach and the memory."""


class PictureModel(nn.Module):
    """A network that denoises pictures: `model(image)` returns the type that it was given.

    `forward` is the plain network call for batches; training, validation and evaluation use it. `model(image)` is
    for everything that a user holds as a picture, and ends in `forward` too.

    Attributes:
        network: from `(B, C, H, W)` to the same shape.
        channels: number of channels of its pictures, 3 or 1.
        takes_sigma: whether it takes a noise level.
        name: name of the model in tables and messages.
        multiple: height and width are padded to multiples of this number of pixels.
        smallest: least height and width in pixels; smaller pictures are padded.
        square: whether height and width must be equal.

    Example:
        >>> import numpy as np, torch
        >>> class Half(PictureModel):
        ...     channels, takes_sigma, name = 3, False, "half"
        >>> model = Half()
        >>> model.network = torch.nn.Conv2d(3, 3, 1, groups=3, bias=False)
        >>> _ = torch.nn.init.constant_(model.network.weight, 0.5)
        >>> model(np.full((2, 2, 3), 200, np.uint8))[0, 0]
        array([100, 100, 100], dtype=uint8)
    """

    network: Any
    channels: int
    takes_sigma: bool
    name: str
    multiple = 1
    smallest = 1
    square = False

    def __init__(self) -> None:
        super().__init__()
        self._tilings: dict[tuple[int, torch.device], tuple[Any, Tiling]] = {}

    @overload
    def __call__(self, image: Array, sigma: float | None = None) -> Array: ...
    @overload
    def __call__(self, image: Image.Image, sigma: float | None = None) -> Image.Image: ...
    @overload
    def __call__(self, image: Tensor, sigma: float | Tensor | None = None) -> Tensor: ...

    def __call__(self, image: Any, *args: Any, **options: Any) -> Any:
        """Denoise a picture: the same type, data type, shape and device; the input is not changed.

        A tensor `(B, C, H, W)` of the network's own C and data type (mostly float32), or under autocast, goes whole
        through `forward` and is differentiable. All others are denoised in evaluation mode, one by one, large ones
        in tiles. White is 255 in uint8, 65535 in uint16 and 1.0 in floats, which are not clamped; computation is in
        float32. A grey model denoises colours one by one. A colour model takes grey in all three channels and
        returns their mean, which is worse than a grey model, and warns of it. Alpha is kept.

        Args:
            image: numpy `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` (RGB and alpha), torch `(H, W)`,
                `(C, H, W)` or `(B, C, H, W)`, both of uint8, uint16 or floats; or Pillow of mode L, LA, RGB, RGBA,
                I;16 or I;16B.
            *args: `sigma`, the noise level in grey levels of 255, for a batch also `(B,)`; only for models that take
                one. None, the default, estimates it.
            **options: `sigma` by name.

        Raises:
            ValueError: another shape, type or mode; no pixels; values that are not finite; a noise level for a model
                that takes none.
            TypeError: no picture but, for example, a path; other arguments.
            DenoiserError: `sigma` is not a noise level, or the memory is too small for the smallest tile.
        """
        if getattr(self.forward, "__func__", None) is not type(self).forward:
            # Lightning replaces `forward` for a training step in several processes, and torch then calls the model.
            return super().__call__(image, *args, **options)
        sigma = _sigma(args, options)
        if sigma is not None and not self.takes_sigma:
            raise self._takes_no_sigma(sigma)
        if isinstance(image, Tensor) and image.ndim == 4:
            return self._denoise_batch(image, sigma)
        if isinstance(image, np.ndarray | Tensor | Image.Image):
            return self._denoise_picture(image, sigma)
        if isinstance(image, str | os.PathLike):
            raise TypeError(f"a path, not a picture: model(PIL.Image.open({os.fspath(image)!r}))")
        raise TypeError(f"no picture, but {type(image).__name__}: a numpy array, a torch tensor or a Pillow image")

    def forward(self, noisy: Tensor, sigma: Tensor | None = None) -> Tensor:
        """Denoise a batch of any size: padded to what the network takes, and cropped.

        Args:
            noisy: float `(B, C, H, W)`, nominally in [0, 1].
            sigma: noise levels `(B,)` in grey levels of 255; ignored by networks that take none.
        """
        height, width = noisy.shape[-2:]
        denoised = self.run_network(pad(noisy, *self.padded_size(height, width)), sigma)
        return denoised[..., :height, :width]

    def run_network(self, noisy: Tensor, sigma: Tensor | None) -> Tensor:
        """The network's own call on a batch whose size it takes; see `forward` for the arguments."""
        return self.network(noisy)  # type: ignore[no-any-return]

    def padded_size(self, height: int, width: int) -> tuple[int, int]:
        """The height and width that the network is given for a picture, in pixels."""
        rows, columns = (padded_side(side, self.multiple, self.smallest) for side in (height, width))
        return (max(rows, columns),) * 2 if self.square else (rows, columns)

    def function(self, sigma: float | None = None, precision: str = "32", channels: int | None = None) -> TileFunction:
        """The function that tiles go through.

        Args:
            sigma: noise level in grey levels of 255, for models that take one; None for the others.
            precision: `32`, or `bf16` to compute in bfloat16 where torch's autocast does.
            channels: number of channels of the tiles, 1 or 3; None for the model's own.

        Raises:
            ValueError: a noise level is missing, negative, or given to a model that takes none; another precision.
        """
        if precision not in tiling.TOLERANCE:
            raise ValueError(f"precision {precision!r}; allowed: {', '.join(tiling.TOLERANCE)}")
        if sigma is not None and not self.takes_sigma:
            raise self._takes_no_sigma(sigma)
        if self.takes_sigma and (sigma is None or not number(sigma) or sigma < 0):
            raise ValueError(f"sigma={sigma} for {self.name}, which takes a noise level: 25, in grey levels of 255")
        exact = inference_call(self, sigma, "32")
        low = inference_call(self, sigma, precision) if precision != "32" else None
        field = getattr(self.network, "receptive_field", None)
        function = TileFunction(low or exact, self.multiple, field, exact if low else None)
        return function.for_channels(self.channels, channels or self.channels)

    def _takes_no_sigma(self, sigma: float | Tensor) -> ValueError:
        return ValueError(f"sigma={sigma} for {self.name}, which takes no noise level: leave it out")

    def _denoise_batch(self, batch: Tensor, sigma: float | Tensor | None) -> Tensor:
        if batch.shape[1] not in (1, 3) or not batch.numel():
            raise ValueError(f"a batch of shape {tuple(batch.shape)}; {arrays.TORCH}, and none of them 0")
        if self._fits_network(batch):
            return super().__call__(batch, *self._levels(batch, sigma))  # type: ignore[no-any-return]
        levels = sigma.expand(len(batch)).tolist() if isinstance(sigma, Tensor) else [sigma] * len(batch)
        return torch.stack(
            [self._denoise_picture(picture, level) for picture, level in zip(batch, levels, strict=True)]
        )

    def _fits_network(self, batch: Tensor) -> bool:
        """Whether the network takes the batch as it is."""
        if batch.shape[1] != self.channels:
            return False
        dtype = next((weight.dtype for weight in self.parameters() if weight.is_floating_point()), torch.float32)
        casts = batch.is_floating_point() and batch.dtype != torch.float64  # which autocast does not cast
        return batch.dtype == dtype or (casts and torch.is_autocast_enabled(batch.device.type))

    def _levels(self, noisy: Tensor, sigma: float | Tensor | None) -> tuple[Tensor, ...]:
        """The arguments of `forward` besides the batch."""
        if isinstance(sigma, Tensor):
            return (sigma,)
        if sigma is not None:
            return (noisy.new_full((len(noisy),), *check_sigma(sigma, "sigma")),)
        return (noisy.new_tensor([_estimate(picture, 1.0) for picture in noisy]),) if self.takes_sigma else ()

    def _denoise_picture(self, image: Any, sigma: float | None = None) -> Any:
        picture = arrays.open_picture(image)
        device, (channels, height, width) = next(self.parameters()).device, picture.planes.shape
        if sigma is not None:
            (sigma,) = check_sigma(sigma, "sigma")
        elif self.takes_sigma:
            sigma = _estimate(picture.planes, picture.white)
        if self.channels > channels:
            message = f"{self.name} is a model for colour and leaves much noise in grey pictures: denoiser.load('grey')"
            warnings.warn(message, stacklevel=3)
        rows, columns = self.padded_size(height, width)
        whole = rows * columns <= WHOLE_PIXELS
        layout = Tiling(WHOLE_PIXELS, 2 * LIMIT) if whole else self._fitted_tiling(channels, device)
        function = self.function(sigma, channels=channels)
        tiling.denoise(function, picture.planes, picture.white, layout, device, picture.write)
        return picture.result()

    def _fitted_tiling(self, channels: int, device: torch.device) -> Tiling:
        """The tiling for the present weights, fitted with the strongest usual noise; fitted anew when they change."""
        weights = tuple(map(_version, (*self.parameters(), *self.buffers())))
        fitted_for, layout = self._tilings.get((channels, device), (None, None))
        if layout is None or fitted_for != weights:
            function = self.function(SIGMA if self.takes_sigma else None, channels=channels)
            layout = tiling.fit(function, channels, device)
            self._tilings[channels, device] = weights, layout
        return layout


def _version(weight: Tensor) -> tuple[int, int, int]:
    """What changes when a weight is replaced, moved or changed in place; values are not read.

    A change through `weight.data` leaves no trace, nor does one of a tensor made in inference mode.
    """
    return id(weight), weight.data_ptr(), 0 if weight.is_inference() else weight._version


def _sigma(args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The one argument besides the picture, by position or by name."""
    if others := sorted(set(options) - {"sigma"}):
        raise TypeError(f"model(image, sigma=None) has no argument {others[0]!r}")
    if len(args) + len(options) > 1:
        raise TypeError("model(image, sigma=None) takes a picture and one noise level")
    return args[0] if args else options.get("sigma")


def _estimate(planes: Tensor, white: float) -> float:
    """The noise level of a picture `(C, H, W)` of any type in grey levels of 255, see `estimate.noise_level`."""
    values = planes.detach().cpu().permute(1, 2, 0)
    return noise_level((values.float() if values.is_floating_point() else values).numpy(), white)
