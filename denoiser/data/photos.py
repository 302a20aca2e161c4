"""Photographs that scikit-image contains, for validation and test without a download.

Source: scikit-image's skimage.data, which states that each of the five is in the public domain or CC0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import skimage

from denoiser.data.base import PairsDataModule
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card

FOLDER = Path(skimage.__file__).parent / "data"
"""Folder of the files in scikit-image."""
TEST = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
"""Files of the dataset, test pictures only."""
VALIDATION = ("motorcycle_left.png", "coins.png", "brick.png", "gravel.png")
"""Files that a training on synthetic pictures validates on."""


class Photos(PairsDataModule):
    """Astronaut, camera, chelsea, coffee and rocket, for testing only.

    `camera` is grey: in colour its three channels are equal.
    """

    test_only = True
    card = Card(
        "photographs of scikit-image",
        "public domain",
        len(TEST),
        availability="in scikit-image",
        folders=(str(FOLDER),),
        files=dict.fromkeys(TEST, ""),
    )

    def pictures(self, split: str) -> Pictures:
        """All five photographs, for any split."""
        return photographs(TEST, self.channels)


def photographs(names: Sequence[str], channels: int) -> Pictures:
    """Read files of scikit-image's data folder.

    Args:
        names: names of the files.
        channels: 3 for colour, 1 for grey.
    """
    return read_files([[FOLDER / name] for name in names], FOLDER, channels)
