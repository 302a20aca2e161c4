"""Pictures of numpy, torch and Pillow as planes to read from and planes to write to."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from denoiser.inference import axes, exposure, integers, masked, transparency
from denoiser.inference.axes import AXES
from denoiser.inference.pixels import Pixels

WHITE = {torch.uint8: 255.0, torch.uint16: 65535.0, torch.int16: 32767.0}
"""Value of white in each integer type; in floats it is 1, unless most values are far above it."""
DTYPES = (np.uint8, np.uint16, np.int16, np.float16, np.float32, np.float64)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
MODES = ("L", "LA", "RGB", "RGBA", "I;16", "I;16B")
OTHER_ORDERS = f"another order by axes=, one of {', '.join(AXES)}"
NUMPY = "numpy: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) with alpha last; integers of 8 to 32 bits, floats"
TORCH = "torch: (H, W), (C, H, W) or (B, C, H, W) with C = 1 or 3; integers of 8 to 32 bits, floats"


@dataclass(frozen=True)
class ArrayPicture:
    """A picture and its result, while a model denoises it.

    Attributes:
        planes: `(C, H, W)`, a view of the picture's colours; C = 1 or 3.
        target: a view of the result's colours, to be filled; of the same shape and data type.
        result: returns the result as the type of the picture; alpha is already in it.
        of_integers: whether floats hold integers of `integers.HELD`.
        given_white: the value of white that it shares with other pictures.
    """

    planes: Tensor
    target: Tensor
    result: Callable[[], Any]
    of_integers: bool = False
    given_white: float | None = None

    @cached_property
    def white(self) -> float:
        """Value of white in the picture; of floats 1, unless most are far above it, see `exposure.white`."""
        if self.given_white is not None:
            return self.given_white
        if self.of_integers:
            return exposure.usual(self.pixels)
        return WHITE[self.planes.dtype] if self.planes.dtype in WHITE else exposure.white(self.pixels)

    @property
    def pixels(self) -> Pixels:
        """The picture as `(H, W)` or `(H, W, 3)` in numpy, without a copy where it is there; bfloat16 as float32."""
        return as_numpy(self.planes)


def common_white(pictures: Sequence[NDArray[Any] | Tensor]) -> float | None:
    """The value of white in several pictures of one type of `integers.HELD`; None for other types.

    Raises:
        ValueError: see `open_picture`.
    """
    counted = [each for each in pictures if integers.counted(each.dtype)]
    return max((open_picture(each).white for each in counted), default=None)


def open_picture(image: NDArray[Any] | Tensor | Image.Image, white: float | None = None) -> ArrayPicture:
    """Planes of a picture, and of its result, which shares no memory with it.

    Args:
        image: the picture.
        white: the value of white, if it is known from other pictures.

    Raises:
        ValueError: a shape, data type or mode that a result cannot have; no pixels; values that are not finite.
    """
    if isinstance(image, Image.Image):
        picture = _from_pillow(image)
    elif isinstance(image, np.ma.MaskedArray):
        picture = _from_masked(image)
    else:
        picture = _from_torch(image) if isinstance(image, Tensor) else _from_numpy(image)
    if not picture.planes.numel():
        size = tuple(image.size) if isinstance(image, Image.Image) else image.shape
        raise ValueError(f"the picture has no pixels: {size}")
    if picture.planes.is_floating_point() and not torch.isfinite(torch.stack(torch.aminmax(picture.planes))).all():
        raise ValueError("the picture has values that are not finite (NaN or infinity)")
    return picture if white is None else replace(picture, given_white=white)


def _from_numpy(image: NDArray[Any]) -> ArrayPicture:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ValueError(f"an array of shape {image.shape}{advice(image.shape)}; {NUMPY}; {OTHER_ORDERS}")
    native = image.dtype.newbyteorder("=")
    if integers.counted(native):
        picture = _from_array(image.astype(integers.HELD[native]), 4)
        return replace(picture, of_integers=True, result=lambda: integers.rounded(picture.result(), image.dtype))
    if native not in DTYPES:
        raise ValueError(f"an array of {image.dtype}; {NUMPY}")
    return _from_array(image, 4)


def advice(shape: tuple[int, ...]) -> str:
    """Which axes an array of another shape most likely has, for an error."""
    order = axes.likely(shape)
    return f": axes={order!r}, if that is the order of its axes" if order else ""


def _from_masked(image: np.ma.MaskedArray[Any, Any]) -> ArrayPicture:
    data = np.ma.getdata(image)
    if not data.size or data.ndim not in (2, 3):
        return _from_numpy(data)  # which refuses it
    picture = _from_numpy(masked.filled(image))
    return replace(picture, result=lambda: masked.like(picture.result(), image))


def _from_array(image: NDArray[Any], with_alpha: int) -> ArrayPicture:
    """An array `(H, W)` or `(H, W, C)`; its last channel is alpha where C is `with_alpha`."""
    native = image.astype(image.dtype.newbyteorder("="), copy=False)
    if not native.flags.writeable or min(native.strides, default=0) < 0:  # torch takes neither
        native = native.copy()
    result = np.empty(native.shape, native.dtype)
    if native.ndim != 3 or native.shape[2] != with_alpha:
        planes, target = (_planes(torch.from_numpy(array)) for array in (native, result))
        return ArrayPicture(planes, target, lambda: result.astype(image.dtype, copy=False))
    before, alpha = native[..., :-1], native[..., -1]
    result[..., -1] = alpha
    visible = transparency.filled(before, alpha)

    def complete() -> NDArray[Any]:
        transparency.restore(result[..., :-1], before, alpha)
        return result.astype(image.dtype, copy=False)

    planes, target = (_planes(torch.from_numpy(array)) for array in (before if visible is None else visible, result))
    return ArrayPicture(planes, target[:-1], complete)


def view(pixels: NDArray[Any]) -> Tensor:
    """Pixels `(H, W)` or `(H, W, C)` as `(C, H, W)` without a copy; the result is for reading only."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return _planes(torch.from_numpy(pixels))


def _planes(array: Tensor) -> Tensor:
    return array[None] if array.ndim == 2 else array.permute(2, 0, 1)


def as_numpy(planes: Tensor) -> Pixels:
    """Planes `(C, H, W)` as `(H, W)` or `(H, W, C)`, without a copy where it is possible."""
    values = planes.detach().cpu()
    values = values.float() if values.dtype == torch.bfloat16 else values
    return values[0].numpy() if len(values) == 1 else values.permute(1, 2, 0).numpy()


def _from_torch(image: Tensor) -> ArrayPicture:
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[0] not in (1, 3)):
        shape = tuple(image.shape)
        raise ValueError(f"a tensor of shape {shape}{advice(shape)}; {TORCH}; {OTHER_ORDERS}")
    if integers.counted(image.dtype):
        return _from_counted(image)
    if image.dtype not in (*WHITE, *FLOATS):
        raise ValueError(f"a tensor of {image.dtype}; {TORCH}")
    image = image.detach()
    result = torch.empty(image.shape, dtype=image.dtype, device=image.device)
    planes, target = (tensor if tensor.ndim == 3 else tensor[None] for tensor in (image, result))
    return ArrayPicture(planes, target, lambda: result)


def _from_counted(image: Tensor) -> ArrayPicture:
    values = image.detach().cpu().numpy()
    picture = _from_torch(torch.from_numpy(values.astype(integers.HELD[values.dtype])))

    def result() -> Tensor:
        return torch.from_numpy(integers.rounded(picture.result().numpy(), values.dtype)).to(image.device)

    return replace(picture, of_integers=True, result=result)


def _from_pillow(image: Image.Image) -> ArrayPicture:
    if image.mode not in MODES:
        raise ValueError(
            f"a picture of mode {image.mode}, which a denoised picture cannot keep; Pillow: {', '.join(MODES)}"
        )
    if "transparency" in image.info and image.mode in ("L", "RGB", "I;16", "I;16B"):
        fix = "del image.info['transparency']" if image.mode[0] == "I" else "image.convert('RGBA')"
        raise ValueError(f"a colour stands for transparency, which a denoised picture cannot keep: {fix} first")
    info: dict[Any, Any] = {**image.info, **_changed_exif(image)}  # with the colour profile and EXIF
    picture = _from_array(np.array(image), 2 if image.mode == "LA" else 4)

    def result() -> Image.Image:
        denoised = Image.fromarray(picture.result())
        denoised.info = info
        return denoised

    return ArrayPicture(picture.planes, picture.target, result)


def _changed_exif(image: Image.Image) -> dict[str, bytes]:
    """EXIF that was changed with `image.getexif()`, which `info` does not hold; without a change, nothing.

    A TIFF's EXIF is left out: Pillow mixes it with the layout of the file.
    """
    if hasattr(image, "tag_v2"):
        return {}
    plain = Image.new("L", (1, 1))
    plain.info = image.info
    try:
        before, after = plain.getexif().tobytes(), image.getexif().tobytes()
    except Exception:  # Pillow reads more than it can write, and raises errors of any type
        return {}
    return {} if before == after else {"exif": after}
