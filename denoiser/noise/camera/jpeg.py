"""Pictures encoded as JPEG and decoded again, computed with tensors on any device exactly as libjpeg does.

ITU-T T.81 (1992) and T.871 (JFIF). The tables by quality, the roundings and the "fancy" upsampling of colour are those
of the Independent JPEG Group's libjpeg 6b, which libjpeg-turbo, and with it Pillow, follows.
"""

import torch
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
    height, width = check_pictures(pictures).shape[2:]
    levels = torch.floor(pictures.clamp(0, 1) * WHITE + 0.5)
    whole = pad(levels, (0, -width % 16, 0, -height % 16), "replicate")
    luma, chroma = tables(qualities)
    if pictures.shape[1] == 1:
        decoded = quantised(whole, luma)
    else:
        decoded = _colour(whole.double(), luma, chroma, subsampled, (height, width))
    return (decoded[:, :, :height, :width] / WHITE).to(pictures.dtype)


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
