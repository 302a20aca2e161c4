"""Published test sets: a folder of so many pictures below `data.root`, for testing only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from denoiser.config import PACKAGE
from denoiser.data.base import PairsDataModule, Protocol
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card
from denoiser.data.store.download import check_hashes, download_files, read_hashes
from denoiser.errors import DenoiserError

COMMIT = "e787f46df2f374ff3591186706229cb9a0591fea"  # the one whose hashes ship
FFDNET = f"https://raw.githubusercontent.com/cszn/FFDNet/{COMMIT}/testsets"
"""The test sets of FFDNet (Zhang, Zuo & Zhang 2018), which published tables are computed on."""


def from_ffdnet(folder: str, what: str, licence: str = "not stated") -> Card:
    """The card of one of FFDNet's test sets; its files are those of the list of hashes, in natural order.

    Args:
        folder: its name there and below `data.root`.
        what: a few words for the list.
        licence: of the pictures; FFDNet itself states none.
    """
    listed = read_hashes(PACKAGE / "data" / "store" / "testset-sha256.txt")
    names = sorted((name for name in listed if name.startswith(f"{folder}/")), key=_natural)
    files = {name.rpartition("/")[2]: listed[name] for name in names}
    source = f"testsets/{folder} of github.com/cszn/FFDNet"
    return Card(what, licence, len(files), folders=(folder,), files=files, source=source, url=f"{FFDNET}/{folder}")


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts 2.tif before 10.tif."""
    return [(int(part or 0), other) for other, part in re.findall(r"(\D*)(\d*)", name)]


class PublishedSet(PairsDataModule):
    """Published test pictures; a subclass says which, in its `card`.

    A folder that is there is never written to. Otherwise the files are downloaded, or fetched by hand where they have
    no stable address. Wherever they come from, each is checked against its sha256 where that is known.

    Args:
        protocol: how pictures become pairs.
        root: the store of datasets; `card.folders[0]` is looked for in it.
        **options: see `PairsDataModule`.
    """

    test_only = True
    card: ClassVar[Card]
    """What the set is."""
    other_set_sizes: ClassVar[Mapping[tuple[int, int], str]] = {}
    """Heights and widths that only another set's pictures have, which is easily put in this one's place."""

    def __init__(self, protocol: Protocol, root: str, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.root = Path(root).expanduser()

    def prepare_data(self) -> None:
        """Download the pictures where they are not there yet.

        Raises:
            DenoiserError: they are not there and cannot be downloaded, or some are missing (exit code 3).
        """
        super().prepare_data()
        download_files(self.root, self.card)

    def pictures(self, split: str) -> Pictures:
        """All of them, whichever split is asked for, in the published order; keys are their names without suffix.

        Raises:
            DenoiserError: as in `prepare_data`; or these are another set's pictures, or one is altered (exit code 3).
        """
        folder = download_files(self.root, self.card)
        found = read_files([[folder / name] for name in self.card.files], folder, self.channels)
        for key, (_, height, width) in zip(found.keys, found.shapes, strict=True):
            if other := self.other_set_sizes.get((height, width)):
                what = f"{key} is {height}x{width}: these are {other}'s pictures ({folder})"
                raise DenoiserError(what, self.card.replacement_instructions(self.root))
        check_hashes(self.name or folder.name.lower(), self.root, self.card)
        return found
