"""Published test sets: folders of pictures in the store, for testing only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from denoiser.data.base import PairsDataModule
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card, store_root
from denoiser.data.store.download import check_hashes, download_files, read_hashes
from denoiser.errors import DenoiserError
from denoiser.search_path import PACKAGE

COMMIT = "e787f46df2f374ff3591186706229cb9a0591fea"
"""Commit of github.com/cszn/FFDNet that the hashes were computed of."""
FFDNET = f"https://raw.githubusercontent.com/cszn/FFDNet/{COMMIT}/testsets"
"""Address of the test sets of FFDNet (Zhang, Zuo & Zhang 2018), which published tables use."""

DENOISING_DATASETS = (
    "https://raw.githubusercontent.com/majedelhelou/denoising_datasets/58234876fef6f1b56306705c78dfd40cdb837b86"
)
"""Address of the test sets of El Helou & Susstrunk (2020), at the commit that the hashes were computed of."""


def from_ffdnet(folder: str, description: str, licence: str = "not stated") -> Card:
    """The card of a test set of FFDNet with the files of the list of hashes, in natural order.

    Args:
        folder: the folder of the set, in FFDNet and in the store.
        description: a few words for the list of datasets.
        licence: licence of the pictures; FFDNet itself states none.
    """
    files = listed(folder)
    source = f"testsets/{folder} of github.com/cszn/FFDNet"
    return Card(
        description, licence, len(files), folders=(folder,), files=files, source=source, url=f"{FFDNET}/{folder}"
    )


def from_denoising_datasets(folder: str, description: str) -> Card:
    """The card of a test set of github.com/majedelhelou/denoising_datasets, which states no licence.

    Args:
        folder: the folder of the set in the store; there, it has a C (for colour) before it.
        description: a few words for the list of datasets.
    """
    files = listed(folder)
    source, url = f"C{folder} of github.com/majedelhelou/denoising_datasets", f"{DENOISING_DATASETS}/C{folder}"
    return Card(description, "not stated", len(files), folders=(folder,), files=files, source=source, url=url)


def listed(folder: str) -> dict[str, str]:
    """The sha256 of each file of a test set in the list of hashes, by name, in natural order."""
    hashes = read_hashes(PACKAGE / "data" / "store" / "testset-sha256.txt")
    names = sorted((name for name in hashes if name.startswith(f"{folder}/")), key=_natural)
    return {name.rpartition("/")[2]: hashes[name] for name in names}


def _natural(name: str) -> list[tuple[int, str]]:
    """A sorting key that puts 2.tif before 10.tif."""
    return [(int(digits or 0), text) for text, digits in re.findall(r"(\D*)(\d*)", name)]


class PublishedSet(PairsDataModule):
    """Published test pictures; a subclass describes them in its `card`.

    The files are downloaded if their folder is missing; a set without a stable address has to be downloaded by hand.
    Each file is compared with its sha256 if that is known. A folder that exists is never written to.

    Args:
        root: the store of datasets.
        **options: see `PairsDataModule`.
    """

    test_only = True
    card: ClassVar[Card]
    """The description of the set."""
    other_set_sizes: ClassVar[Mapping[tuple[int, int], str]] = {}
    """Heights and widths of another set, by its name, that is easily mistaken for this one."""

    def __init__(self, root: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.root = store_root(root)

    def prepare_data(self) -> None:
        """Download the pictures if they are missing.

        Raises:
            DenoiserError: the pictures cannot be downloaded, or some are missing (exit code 3).
        """
        super().prepare_data()
        download_files(self.root, self.card)

    def pictures(self, split: str) -> Pictures:
        """All pictures in the published order, for any split; keys are file names without suffix.

        Raises:
            DenoiserError: as in `prepare_data`; or the pictures are those of another set or altered (exit code 3).
        """
        folder = download_files(self.root, self.card)
        pictures = read_files([[folder / name] for name in self.card.files], folder, self.channels)
        for key, (_, height, width) in zip(pictures.keys, pictures.shapes, strict=True):
            if other := self.other_set_sizes.get((height, width)):
                problem = f"{key} is {height}x{width}: these are the pictures of {other} ({folder})"
                raise DenoiserError(problem, self.card.replacement_instructions(self.root))
        check_hashes(self.name or folder.name.lower(), self.root, self.card)
        return pictures
