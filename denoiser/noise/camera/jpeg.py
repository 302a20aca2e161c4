"""Pictures encoded as JPEG and decoded again: by libjpeg where they are on the CPU, else by tensors, bit for bit alike.

ITU-T T.81 (1992) and T.871 (JFIF). The tables by quality, the roundings and the "fancy" upsampling of colour are those
of the Independent JPEG Group's libjpeg 6b, which libjpeg-turbo, and with it Pillow, follows.
"""

import io
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, features
from torch import Tensor
from torch.nn.functional import pad

from denoiser.noise.camera.blocks import CENTRE, WHITE, descaled, quantised
from denoiser.noise.camera.checks import check_pictures
from denoiser.noise.camera.constants import like
from denoiser.noise.camera.drawing import per_picture

# fmt: off
LUMA = (16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99)
CHROMA = (17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
          *(99,) * 37)
# fmt: on
"""The example tables of T.81, annex K, row by row."""
TO_YCC = ((19595, 38470, 7471), (-11059, -21709, 32768), (32768, -27439, -5329))
TO_RGB = ((65536, 0, 91881), (65536, -22554, -46802), (65536, 116130, 0))
"""T.871's conversions in 16-bit fixed point."""


def tables(qualities: Tensor) -> tuple[Tensor, Tensor]:
    """Steps of luma and of chroma, `(B, 64)` each, for `qualities` `(B,)` from 1 to 100, as libjpeg scales them."""
    q = qualities.float()[:, None].round()
    scale = torch.where(q < 50, torch.floor(5000 / q), 200 - 2 * q)
    both = like((LUMA, CHROMA), q)[:, None]
    luma, chroma = torch.floor((both * scale + 50) / 100).clamp(1, WHITE)
    return luma, chroma


def halve(chroma: Tensor) -> Tensor:
    """Means of 2 x 2 pixels, rounded up and down in turn as libjpeg's h2v2_downsample does."""
    b, c, h, w = chroma.shape
    total = chroma.reshape(b, c, h // 2, 2, w // 2, 2).sum((3, 5))
    return torch.floor((total + 1 + torch.arange(w // 2, device=chroma.device) % 2) / 4)


def double(chroma: Tensor) -> Tensor:
    """Twice the size by weights 9, 3, 3, 1 of sixteen: libjpeg's h2v2_fancy_upsample."""
    rows = pad(chroma, (0, 0, 1, 1), "replicate")
    tall = torch.stack([3 * chroma + rows[:, :, :-2], 3 * chroma + rows[:, :, 2:]], 3).flatten(2, 3)
    columns = pad(tall, (1, 1, 0, 0), "replicate")
    left, right = 3 * tall + columns[..., :-2] + 8, 3 * tall + columns[..., 2:] + 7
    return torch.floor(torch.stack([left, right], 4).flatten(3) / 16)


def jpeg(pictures: Tensor, qualities: Tensor, subsampled: Tensor) -> Tensor:
    """Pictures after they were saved as JPEG and read again.

    Args:
        pictures: `(B, C, H, W)`, C 1 or 3, white is 1; clamped and rounded to 8 bits first.
        qualities: `(B,)`, 1 to 100, as libjpeg and Pillow count.
        subsampled: `(B,)`, true for 4:2:0 and false for 4:4:4.

    Returns:
        The same shape and dtype, in whole grey levels of 255.

    Raises:
        ValueError: the shape is not that of a batch of pictures.
    """
    levels = torch.floor(check_pictures(pictures).clamp(0, 1) * WHITE + 0.5)
    step = encoded if levels.device.type == "cpu" and has_encoder() else computed
    return (step(levels, qualities, subsampled) / WHITE).to(pictures.dtype)


@cache
def has_encoder() -> bool:
    """Whether Pillow has the encoder that `computed` follows: another, such as MozJPEG, has tables of its own."""
    return bool(features.check_feature("libjpeg_turbo")) and not features.check_feature("mozjpeg")


def encoded(levels: Tensor, qualities: Tensor, subsampled: Tensor) -> Tensor:
    """Whole grey levels `(B, C, H, W)` on the CPU after Pillow has encoded and decoded them, see `jpeg`."""
    arrays = levels.byte().permute(0, 2, 3, 1).contiguous().numpy()
    pictures = (Image.fromarray(array[..., 0] if array.shape[-1] == 1 else array) for array in arrays)
    kinds = zip(pictures, qualities.round().int().tolist(), subsampled.tolist(), strict=True)
    decoded = np.stack([_by_pillow(picture, quality, "4:2:0" if half else "4:4:4") for picture, quality, half in kinds])
    return torch.from_numpy(decoded).view(arrays.shape).permute(0, 3, 1, 2).float()


def _by_pillow(picture: Image.Image, quality: int, subsampling: str) -> NDArray[np.uint8]:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling if picture.mode == "RGB" else -1)
    return np.asarray(Image.open(file))


def computed(levels: Tensor, qualities: Tensor, subsampled: Tensor) -> Tensor:
    """Whole grey levels `(B, C, H, W)` after encoding and decoding by tensors on any device, see `jpeg`; float64."""
    height, width = levels.shape[2:]
    whole = pad(levels, (0, -width % 16, 0, -height % 16), "replicate")
    luma, chroma = tables(qualities)
    if levels.shape[1] == 1:
        decoded = quantised(whole, luma)
    else:
        decoded = _colour(whole.double(), luma, chroma, subsampled, (height, width))
    return decoded[:, :, :height, :width]


def _colour(levels: Tensor, luma: Tensor, chroma: Tensor, subsampled: Tensor, size: tuple[int, int]) -> Tensor:
    """Luma and chroma encoded separately; `size` is the picture's height and width without padding."""
    offsets = like((0, *(CENTRE * 2**16 - 1,) * 2), levels).view(3, 1, 1)
    ycc = descaled(_mixed(levels, TO_YCC) + offsets, 16)
    y, colour = quantised(ycc[:, :1], luma), quantised(ycc[:, 1:], chroma)
    half = quantised(halve(ycc[:, 1:]), chroma)[:, :, : -(-size[0] // 2), : -(-size[1] // 2)]
    beyond = [levels.shape[i] - 2 * half.shape[i] for i in (3, 2)]
    doubled = pad(double(half), (0, beyond[0], 0, beyond[1]))
    differences = torch.where(per_picture(subsampled), doubled, colour) - CENTRE
    return descaled(_mixed(torch.cat([y, differences], 1), TO_RGB), 16).clamp(0, WHITE)


def _mixed(planes: Tensor, matrix: tuple[tuple[int, ...], ...]) -> Tensor:
    return torch.einsum("ij,bjhw->bihw", like(matrix, planes), planes)
