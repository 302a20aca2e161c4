"""Photographs that scikit-image's wheel holds, for validation and test without data or network.

Source: scikit-image's skimage.data, which says of each of the five that it is in the public domain or CC0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import skimage

from denoiser.data.base import PairsDataModule
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card

TEST = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
FOLDER = Path(skimage.__file__).parent / "data"
VALIDATION = ("motorcycle_left.png", "coins.png", "brick.png", "gravel.png")


class Photos(PairsDataModule):
    """Astronaut, camera, chelsea, coffee and rocket, for testing only.

    `camera` is grey: in colour its three channels are equal.
    """

    test_only = True
    card = Card(
        "photographs that scikit-image holds",
        "public domain",
        len(TEST),
        availability="in scikit-image",
        folders=(str(FOLDER),),
        files=dict.fromkeys(TEST, ""),
    )

    def pictures(self, split: str) -> Pictures:
        """All five, whichever split is asked for."""
        return photographs(TEST, self.channels)


def photographs(names: Sequence[str], channels: int) -> Pictures:
    """Files of scikit-image's data folder.

    Args:
        names: of the files.
        channels: 3 or 1.
    """
    return read_files([[FOLDER / name] for name in names], FOLDER, channels)
