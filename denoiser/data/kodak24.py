"""Kodak24, the 24 crops of 500x500 that FFDNet's tables are computed on (Franzen 1999; Zhang, Zuo & Zhang 2018).

`kodak24_full` has the same photographs in full size, and its figures are different. Source:
testsets/Kodak24 of github.com/cszn/FFDNet, which states no licence; the photographs were released by Kodak for
unrestricted use, as r0k.us understands it. sha256 of each in testset-sha256.txt.
"""

from __future__ import annotations

from typing import ClassVar

from denoiser.data.published_set import PublishedSet, from_ffdnet


class Kodak24(PublishedSet):
    """The 24 crops, for testing only, in colour or grey: `Kodak24/kodim01.png` ... `kodim24.png` in the store."""

    card = from_ffdnet("Kodak24", "Kodak's photographs, FFDNet's 500x500 crops (Franzen 1999)", "unrestricted use")
    other_set_sizes: ClassVar = {(512, 768): "kodak24_full", (768, 512): "kodak24_full"}
