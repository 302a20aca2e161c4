"""Kodak's 24 photographs in their full size, 768x512 or 512x768 (Franzen 1999).

`kodak24` has the crops of FFDNet's tables, and its figures are different. Source: r0k.us/graphics/kodak, which
understands that Kodak released them for unrestricted use. They have to be downloaded by hand; hashes are not known.
"""

from __future__ import annotations

from typing import ClassVar

from denoiser.data.published_set import PublishedSet
from denoiser.data.store.catalogue import Card

FOLDER = "Kodak24_full"
"""Folder of the files in the store."""


class Kodak24Full(PublishedSet):
    """The 24 photographs, for testing only, in colour or grey: `Kodak24_full/kodim01.png` ... in the store."""

    card = Card(
        "Kodak's photographs in full, 768x512 (Franzen 1999)",
        "unrestricted use",
        24,
        folders=(FOLDER,),
        files={f"kodim{number:02d}.png": "" for number in range(1, 25)},
        source="the 24 PNGs of r0k.us/graphics/kodak",
    )
    other_set_sizes: ClassVar = {(500, 500): "kodak24"}
