"""The protocols that PSNR and SSIM are measured under, and their descriptions for tables and pages.

    published   clean -- + noise ----------------------------> model -- clamp, round to 8 bits -- PSNR, SSIM
    clipped     clean -- + noise -- clamp, round to 8 bits --> model -- clamp, round to 8 bits -- PSNR, SSIM

The clean picture is never rounded: one of 16 bits or of floats is the target at its own depth, although the output has
8 bits, as in the published tables. That rounding alone has 58.9 dB, 10 log10(12 * 255^2).

Clamping is to [0, 1]. It makes the noise weaker in dark and bright regions, so that figures of the two protocols cannot
be compared.
"""

from __future__ import annotations

from typing import NamedTuple


class Wording(NamedTuple):
    """The description of a protocol: short for the first line of a table, long for a page."""

    short: str
    long: str


PROTOCOLS = {
    "published": Wording(
        "noise not clipped; output clamped to [0, 1] and rounded to 8 bits",
        "Noise is added to the clean image and not clipped, as in the published tables; "
        "the output is clamped to [0, 1] and rounded to 8 bits.",
    ),
    "clipped": Wording(
        "noisy input and output clamped to [0, 1] and rounded to 8 bits",
        "The noisy input is clamped to [0, 1] and rounded to 8 bits, as a camera would store it, and so is the output. "
        "These figures cannot be compared with published tables, whose noise is not clipped.",
    ),
}
"""Descriptions by protocol name; the first protocol is the default unless the training noise is clipped."""
