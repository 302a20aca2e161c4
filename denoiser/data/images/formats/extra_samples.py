"""Samples of TIFF files beyond colour (TIFF 6.0, ExtraSamples): an alpha channel, and bands such as near infrared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tifffile

from denoiser.data.images.formats.associated_alpha import ALPHA, UNASSOCIATED
from denoiser.data.images.formats.photo import Photo, Pixels

_UNSPECIFIED = 0
"""Value of ExtraSamples for data that is no alpha channel."""


def kinds(page: tifffile.TiffPage, colours: int) -> tuple[int, ...]:
    """The kind of each sample beyond colour; without the tag, the first is taken for an alpha channel."""
    count = page.samplesperpixel - colours
    stored = tuple(int(kind) for kind in page.extrasamples) or (UNASSOCIATED,)
    return (*stored, *[_UNSPECIFIED] * count)[:count]


def alpha_at(kinds: Sequence[int]) -> int | None:
    """Which sample beyond colour is the alpha channel: the first that says so."""
    return next((place for place, kind in enumerate(kinds) if kind in ALPHA), None)


def separated(samples: Pixels, colours: int, kinds: Sequence[int]) -> tuple[Pixels, Pixels | None]:
    """Colours and alpha `(H, W)` or `(H, W, C)`, and the further bands `(H, W, N)`."""
    alpha = alpha_at(kinds)
    further = [colours + place for place in range(len(kinds)) if place != alpha]
    if not further:
        return samples, None
    rest = [*range(colours), *([] if alpha is None else [colours + alpha])]
    chosen = samples[..., rest] if len(rest) > 1 else np.ascontiguousarray(samples[..., 0])
    return chosen, samples[..., further]


def joined(photo: Photo, encoding: Mapping[str, Any]) -> tuple[Pixels, list[int] | None]:
    """All samples `(H, W)` or `(H, W, samples)` in the order of the source, and the kinds of those beyond colour."""
    further = [] if photo.bands is None else list(np.moveaxis(photo.bands, 2, 0))
    kinds = list(encoding.get("extrasamples", ()))
    if len(kinds) != len(further) + (photo.alpha is not None):
        kinds = [UNASSOCIATED] * (photo.alpha is not None) + [_UNSPECIFIED] * len(further)
    if not kinds:
        return photo.pixels, None
    if photo.alpha is not None:
        further.insert(alpha_at(kinds) or 0, photo.alpha)
    return np.dstack([photo.pixels, *further]), kinds
