"""Arrays of numpy in `.npy` files (NumPy Enhancement Proposal 1): one picture or several, read by a memory map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from denoiser.data.images.formats import bands
from denoiser.data.images.formats.photo import Details, Header, Photo, Pixels, Refused
from denoiser.data.images.formats.tiff_writer import as_stored
from denoiser.inference import axes as orders

_HELD = {
    **{np.dtype(name): np.dtype(name) for name in ("uint8", "uint16", "float32", "float64")},
    **{np.dtype(name): np.dtype(np.float32) for name in ("float16", "int8", "int16")},
    **{np.dtype(name): np.dtype(np.float64) for name in ("int32", "uint32")},
}
"""The type in which pixels of each type are denoised; it holds them exactly."""
_NUMBERS = "save an array of numbers"
_AS_PIXELS = {
    "b": "numpy.save('FILE.npy', 255 * array.astype('uint8'))",
    "c": "numpy.save('FILE.npy', abs(array).astype('float32'))",
    **dict.fromkeys("iuf", "numpy.save('FILE.npy', array.astype('float64'))"),
}
"""What makes pixels of values of other kinds, without wrapping them."""
_READERS = {(1, 0): npy_format.read_array_header_1_0, (2, 0): npy_format.read_array_header_2_0}
_CHANNELS = (1, 3, 4)
_MOST_CHANNELS = max(_CHANNELS)


class ArrayPictures:
    """The pictures of an open file.

    Args:
        file: it stays open as long as pictures are read.
        axes: the order of the array's axes, one of `axes.AXES`; None for what its shape allows alone.

    Raises:
        Refused: it is cut off, its values are no pixels, or its shape allows several orders.
    """

    further = 0

    def __init__(self, file: IO[bytes], axes: str | None = None) -> None:
        array = _mapped(file)
        self.axes, self.dtype = axes_of(array.shape, axes), array.dtype
        stack = array if self.axes[0] == "N" else array[None]
        order = self.axes.removeprefix("N")
        self.stack: Pixels = np.moveaxis(stack, 1, 3) if order == "CHW" else stack
        channels = self.stack.shape[3] if "C" in order else 1
        if channels not in _CHANNELS:
            raise Refused(f"an array of shape {array.shape} has {channels} channels as {self.axes}", _for_bands(order))
        if not array.size:
            raise Refused(f"an array of shape {array.shape} has no pixels", "save an array with rows and columns")
        if channels == _MOST_CHANNELS and _stored(self.dtype) and "int" in _stored(self.dtype):
            raise Refused(f"{self.dtype.name} with alpha, which cannot be read", "save its colours alone")

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.stack)

    def header(self, index: int) -> tuple[Header, Details]:
        """The size; `encoding` gets `axes`, `dtype` with its byte order, and `stored`, as in TIFF files."""
        height, width, channels = (*self.stack.shape[1:], 1)[:3]
        encoding = {"axes": self.axes, "dtype": self.dtype.str, "stored": _stored(self.dtype)}
        bits, alpha = 8 * _HELD[self.dtype.newbyteorder("=")].itemsize, channels == _MOST_CHANNELS
        header = Header(height, width, channels - alpha, bits, "NPY", alpha, stored=encoding["stored"])
        return header, Details("NPY", encoding=encoding)

    def read(self, index: int, details: Details) -> Photo:
        """The pixels, in the machine's byte order."""
        pixels = np.array(self.stack[index], _HELD[self.dtype.newbyteorder("=")], order="C")
        return bands.split(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels, details)


def axes_of(shape: tuple[int, ...], axes: str | None) -> str:
    """The order of an array's axes.

    Args:
        shape: the array's.
        axes: what the user says; None where the shape says it: `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)`, `(N, 3, H, W)`,
            1 instead of 3 too, and `(N, H, W)` where N and W cannot be channels.

    Raises:
        Refused: the shape does not have these axes, or several orders are possible.

    >>> axes_of((300, 512, 512), None), axes_of((480, 640, 3), None)
    ('NHW', 'HWC')
    """
    fits = [known for known in orders.AXES if len(known) == len(shape)]
    if axes in fits:
        return axes
    if axes is not None or not fits:
        named = f" as {axes}" if axes else ""
        possible = _advice(shape, fits) if fits else "save an array of 2 to 4 axes"
        raise Refused(f"an array of shape {shape} is no picture{named}", possible)
    certain = _certain(shape)
    if certain is None:
        what = f"an array of shape {shape} can be {', '.join(fits[:-1])} or {fits[-1]}"
        raise Refused(what, _advice(shape, fits))
    return certain


def write(file: IO[bytes], photo: Photo) -> None:
    """One array `(H, W)` or `(H, W, C)`, or with the axes and the byte order of its source."""
    axes = photo.details.encoding.get("axes", "") if photo.details.format == "NPY" else ""
    array = _array(photo)
    _begin(file, array[None] if axes.startswith("N") else array)
    file.write(array.data)


def write_pages(file: IO[bytes], photos: Iterable[Photo], headers: Sequence[Header]) -> None:
    """One array `(N, H, W)` or `(N, H, W, C)` in C order, one picture after the other.

    Args:
        file: open for writing.
        photos: of one size and type; they may be computed meanwhile.
        headers: of each picture.
    """
    for number, array in enumerate(map(_array, photos)):
        if number == 0:
            _begin(file, np.broadcast_to(array, (len(headers), *array.shape)))
        file.write(array.data)
        del array


def _mapped(file: IO[bytes]) -> Pixels:
    file.seek(0)
    version = npy_format.read_magic(file)
    if version not in _READERS:
        raise Refused("an array of records, which is no picture", _NUMBERS)
    shape, fortran, dtype = _READERS[version](file)
    if dtype.newbyteorder("=") not in _HELD:
        what = "objects" if dtype.hasobject else dtype.name
        raise Refused(f"an array of {what}, which are no pixels", _AS_PIXELS.get(dtype.kind, _NUMBERS))
    start, end = file.tell(), file.seek(0, 2)
    if start + int(np.prod(shape, dtype=object)) * dtype.itemsize > end:
        raise Refused("the file is cut off")
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(file, dtype, "r", start, shape, "F" if fortran else "C")


def _stored(dtype: np.dtype[Any]) -> str:
    native = dtype.newbyteorder("=")
    return "" if _HELD[native] == native else native.name


def _certain(shape: tuple[int, ...]) -> str | None:
    """The only order that is likely of a shape: channels are few, and sides of pictures are not."""
    if len(shape) == 2:
        return "HW"
    few = [side <= _MOST_CHANNELS for side in shape]
    if len(shape) == 4:
        place = few.index(True, 1) if sum(few[1:]) == 1 else 0
        return {1: "NCHW", 3: "NHWC"}.get(place) if shape[place] in (1, 3) else None
    if few == [False, False, True] and shape[2] in (1, 3):
        return "HWC"
    sides = shape[1] == shape[2] or min(shape[1:]) > shape[0]
    return "NHW" if (not any(few) or (few == [True, False, False] and shape[0] == 1)) and sides else None


def _advice(shape: tuple[int, ...], fits: list[str]) -> str:
    likely = next((order for order in fits if "C" in order and shape[order.index("C")] in _CHANNELS), None)
    if likely is not None:
        return f"--axes {likely}, or the order that is meant"
    return f"--axes {fits[-1]} if the first axis counts pictures, else numpy.moveaxis(array, -1, 0) makes it so"


def _for_bands(order: str) -> str:
    moved = "numpy.moveaxis(array, -1, 0)" if order == "HWC" else "array"
    return f"numpy.save('FILE.npy', {moved}) and --axes NHW denoises each as a grey picture"


def _array(photo: Photo) -> Pixels:
    """A picture as it is stored, contiguous."""
    encoding, own = photo.details.encoding, photo.details.format == "NPY"
    array = as_stored(bands.joined(photo), encoding.get("stored", ""))
    axes = encoding.get("axes", "") if own else ""
    if "C" in axes and array.ndim == 2:
        array = array[..., None]
    if axes.endswith("CHW"):
        array = np.moveaxis(array, 2, 0)
    dtype = np.dtype(encoding["dtype"]) if own else array.dtype
    kept = dtype.newbyteorder("=") == array.dtype
    return np.ascontiguousarray(array, dtype if kept else array.dtype)


def _begin(file: IO[bytes], array: Pixels) -> None:
    """The header of an array in C order."""
    described = {"descr": npy_format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
    npy_format.write_array_header_1_0(file, described)
