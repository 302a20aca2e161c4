"""The blocks of a JPEG: libjpeg's integer cosine transform ("islow"), forward, rounded to steps, and back.

Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications" (1989), in 13-bit fixed
point. Up to its roundings the flow graph is linear, so that it is one matrix of integers here; float64 holds all of its
sums exactly, and the result is the encoder's bit for bit.
"""

from functools import cache

import torch
from torch import Tensor

from denoiser.noise.camera.constants import constant

BLOCK, CENTRE, WHITE = 8, 128, 255


@cache
def transform() -> tuple[tuple[int, ...], ...]:
    """The matrix of the forward transform of 8 numbers, times 2^13 * sqrt(8)."""
    units = [[int(i == j) for i in range(BLOCK)] for j in range(BLOCK)]
    return tuple(zip(*(_graph(unit) for unit in units), strict=True))


def _graph(x: list[int]) -> list[int]:
    sums, differences = [x[i] + x[7 - i] for i in range(4)], [x[i] - x[7 - i] for i in range(4)]
    out = [0] * BLOCK
    t10, t13, t11, t12 = sums[0] + sums[3], sums[0] - sums[3], sums[1] + sums[2], sums[1] - sums[2]
    out[0], out[4] = (t10 + t11) << 13, (t10 - t11) << 13
    z1 = (t12 + t13) * 4433
    out[2], out[6] = z1 + t13 * 6270, z1 - t12 * 15137
    t7, t6, t5, t4 = differences
    z5 = (t4 + t6 + t5 + t7) * 9633
    z1, z2 = (t4 + t7) * -7373, (t5 + t6) * -20995
    z3, z4 = (t4 + t6) * -16069 + z5, (t5 + t7) * -3196 + z5
    out[7], out[5] = t4 * 2446 + z1 + z3, t5 * 16819 + z2 + z4
    out[3], out[1] = t6 * 25172 + z2 + z3, t7 * 12299 + z1 + z4
    return out


def cut(planes: Tensor) -> Tensor:
    """Planes `(B, C, H, W)`, multiples of 8, as blocks `(B, N, 8, 8)`."""
    b, c, h, w = planes.shape
    apart = planes.reshape(b, c, h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    return apart.permute(0, 1, 2, 4, 3, 5).reshape(b, -1, BLOCK, BLOCK)


def joined(blocks: Tensor, shape: torch.Size) -> Tensor:
    """The inverse of `cut`."""
    b, c, h, w = shape
    apart = blocks.view(b, c, h // BLOCK, w // BLOCK, BLOCK, BLOCK)
    return apart.permute(0, 1, 2, 4, 3, 5).reshape(shape)


def descaled(sums: Tensor, bits: int) -> Tensor:
    """Whole numbers divided by 2^bits and rounded, halves up."""
    return torch.floor((sums + 2 ** (bits - 1)) / 2**bits)


def quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Planes after their DCT coefficients were rounded to multiples of steps.

    Args:
        planes: `(B, C, H, W)` of whole numbers, 0 to 255; H and W are multiples of 8.
        steps: `(B, 64)`, row by row.

    Returns:
        The same shape and range, as float64.
    """
    m = constant(transform(), planes.device, torch.float64)
    step = steps.double().view(-1, 1, BLOCK, BLOCK)
    rows = descaled((cut(planes.double()) - CENTRE) @ m.mT, 11).mT
    coefficients = descaled(rows @ m.mT, 15).mT / (8 * step)
    rounded = torch.sign(coefficients) * torch.floor(coefficients.abs() + 0.5) * step
    columns = descaled(rounded.mT @ m, 11).mT
    return (joined(descaled(columns @ m, 18), planes.shape) + CENTRE).clamp(0, WHITE)
