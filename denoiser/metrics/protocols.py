"""The protocols that figures are measured under, and what each means in words."""

from __future__ import annotations

from typing import NamedTuple


class Wording(NamedTuple):
    """A protocol for a table's first line, and for a reader who has never heard of it."""

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
        "These figures do not belong beside published tables of unclipped noise.",
    ),
}
"""The words of every page and table; the first is the default where the noise of training is not clipped."""
