"""Models that denoise pictures of numpy, torch and Pillow: `model(image)`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar, Unpack, overload

import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoiser.errors import number
from denoiser.inference import arrays, call_options, pictures, tiling
from denoiser.inference.call_options import CallKeywords, CallOptions
from denoiser.inference.fitted import FittedTilings
from denoiser.inference.function import TileFunction, inference_call
from denoiser.inference.padding import pad, padded_side
from denoiser.noise.estimate import noise_level

Array = TypeVar("Array", bound=NDArray[Any])


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
        tilings: those that large pictures have had.

    Example:
        >>> import numpy as np, torch
        >>> class Half(PictureModel):
        ...     channels, takes_sigma, name = 3, False, "half"
        >>> model = Half()
        >>> model.network = torch.nn.Conv2d(3, 3, 1, groups=3, bias=False)
        >>> _ = torch.nn.init.constant_(model.network.weight, 0.5)
        >>> model(np.full((2, 2, 3), 200, np.uint8))[0, 0]
        array([100, 100, 100], dtype=uint8)
        >>> import denoiser
        >>> stack = np.random.default_rng(0).normal(128, 20, (2, 40, 50)).clip(0, 255).astype(np.uint8)
        >>> denoised = denoiser.load("grey")(stack, strength=0.8, axes="NHW")
        >>> denoised.shape, denoised.dtype, bool(denoised.std() < stack.std() / 2)
        ((2, 40, 50), dtype('uint8'), True)
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
        self.tilings = FittedTilings()

    @overload
    def __call__(self, image: Array, sigma: float | Tensor | None = None, **options: Unpack[CallKeywords]) -> Array: ...
    @overload
    def __call__(
        self, image: Image.Image, sigma: float | None = None, **options: Unpack[CallKeywords]
    ) -> Image.Image: ...
    @overload
    def __call__(
        self, image: Tensor, sigma: float | Tensor | None = None, **options: Unpack[CallKeywords]
    ) -> Tensor: ...

    def __call__(self, image: Any, *args: Any, **keywords: Any) -> Any:
        """Denoise a picture: the same type, data type, shape and device; the input is not changed.

        A tensor `(B, C, H, W)` of the network's own C and data type (mostly float32), or under autocast, goes whole
        through `forward` and is differentiable, unless a strength or texture is given: through the bare network, which
        makes worse what is around a hot pixel or a sun. All others are denoised in evaluation mode, one by one, large
        ones in tiles, and a hot pixel or a sun does no harm, see `inference/highlights.py`. White is 255 in uint8,
        65535 in uint16, 32767 in int16, the largest value without outliers in int8, int32 and uint32 (of all pictures
        of a stack), and 1.0 in floats, which are not clamped; computation is in float32. A grey model denoises colours
        one by one. A colour model takes grey in all three channels and returns their mean, which is worse than a grey
        model, and warns of it, once for each call. Alpha is kept, and so is the mask of a masked array: what is under
        it changes nothing else.

        `torch.compile(model)` compiles the call for batches; pictures are denoised as without it. For both:
        `model.network = torch.compile(model.network)`.

        Args:
            image: numpy `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` (RGB and alpha), torch `(H, W)`,
                `(C, H, W)` or `(B, C, H, W)`, both of integers of 8 to 32 bits or floats; arrays of other orders
                with `axes`; or Pillow of mode L, LA, RGB, RGBA, I;16 or I;16B.
            *args: `sigma`, the noise level in grey levels of 255, for several pictures also `(N,)`; only for models
                that take one. None, the default, estimates it.
            **keywords: `sigma` by name; and as in `denoiser denoise`:
                `strength`, 0 to 2: how much noise is removed. Below 1 the output is blended with the picture; above 1
                more is removed than by the network alone, in three times the time.
                `chroma_strength`, 0 to 2: the strength for colour noise, apart from that for luma; without effect on
                grey pictures.
                `texture`, 0 to 1: share of the removed fine detail that is returned.
                `subsampling`, mostly "4:2:0", for colour of a decoded JPEG or WebP in a grey model: it denoises luma
                and the stored chroma as planes, which an array does not show by itself. "4:4:4" is as without it.
                `axes`: the order of an array's axes, one of HW, HWC, CHW, NHW, NHWC and NCHW, in either case: N
                pictures, H rows, W columns, and C = 1 or 3, in numpy also 4 with alpha last.

        Raises:
            ValueError: the value of an argument is wrong: a picture of another shape, data type or mode, without pixels
                or with values that are not finite; numpy `(H, W, 4)` without `axes` for a grey model, which can mean
                colour or a stack; `sigma` for a model that takes none; a number out of its range; an unknown word.
            TypeError: an argument is of a wrong type, such as a path instead of a picture, or of an unknown name.
            DenoiserError: the memory is too small for the smallest tile.
        """
        if "forward" in vars(self):
            # Lightning replaces `forward` for a training step in several processes, and torch then calls the model.
            return super().__call__(image, *args, **keywords)
        options = self._options(args, keywords)
        if isinstance(image, Tensor) and image.ndim == 4 and options.axes in (None, "NCHW"):
            return self._denoise_batch(image, options)
        return pictures.denoise_any(self, image, options)

    def _options(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> CallOptions:
        options = call_options.parse(args, keywords)
        if options.sigma is not None and not self.takes_sigma:
            raise self._takes_no_sigma(options.sigma)
        return options

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

    def _denoise_batch(self, batch: Tensor, options: CallOptions) -> Tensor:
        if batch.shape[1] not in (1, 3) or not batch.numel():
            shape = tuple(batch.shape)
            advice = "" if shape[1] in (1, 3) else arrays.advice(shape)
            raise ValueError(f"a batch of shape {shape}{advice}; {arrays.TORCH}, and none of them 0")
        if options.is_plain and self._fits_network(batch):
            return super().__call__(batch, *self._levels(batch, options.sigma))  # type: ignore[no-any-return]
        denoised: Tensor = pictures.denoise_all(self, batch, replace(options, axes="NCHW"))
        return denoised

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
            return (noisy.new_full((len(noisy),), call_options.level(sigma)),)
        return (
            (noisy.new_tensor([noise_level(arrays.as_numpy(planes), 1.0) for planes in noisy]),)
            if self.takes_sigma
            else ()
        )
