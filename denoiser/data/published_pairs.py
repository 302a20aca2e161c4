"""Published test sets of real pairs: noisy photographs and the means of many photographs of the same scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.protocol import check_no_noise
from denoiser.data.published_set import PublishedSet, listed
from denoiser.data.store.catalogue import Card
from denoiser.data.store.download import check_hashes, download_files
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.metrics.psnr_ssim import psnr

NOISY, CLEAN = "_real", "_mean"
"""What follows a pair's name in the names of its noisy and its clean file."""
TOLERANCE = 0.01
"""Largest difference in dB from the published PSNR of the noisy input, which is rounded to 0.01."""


def pairs_card(folder: str, description: str, source: str, commit: str, noisy_psnr: float) -> Card:
    """The card of a set of real pairs, with the files of the list of hashes, sorted by the pair.

    Args:
        folder: the folder of the set in the store.
        description: a few words for the list of datasets.
        source: the folder that the pairs are downloaded from: `OWNER/REPOSITORY/FOLDER` of github.com.
        commit: the commit that the hashes were computed of.
        noisy_psnr: published PSNR in dB of the noisy input, the mean over all pairs.
    """
    files = dict(sorted(listed(folder).items(), key=lambda item: item[0].rpartition("_")))
    repository, _, place = source.rpartition("/")
    return Card(
        description,
        "non-commercial",
        len(files) // 2,
        folders=(folder,),
        files=files,
        source=f"{place} of github.com/{repository}",
        url=f"https://raw.githubusercontent.com/{repository}/{commit}/{place}",
        noisy_psnr=noisy_psnr,
    )


class PublishedPairs(PublishedSet):
    """Published real pairs; a subclass describes them in its `card`, see `pairs_card`.

    The files are checked as those of any published set, and the mean PSNR of the noisy input is compared with the
    published one. Published figures are of the 8-bit crops as they are, in colour: noise=none, the protocol `clipped`,
    PSNR per picture over all channels together, then the mean.

    Args:
        root: the store of datasets.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: noise would be added to real noise.
    """

    real_pairs = True
    allowed_channels = (3,)

    def __init__(self, root: str | None = None, **options: Any) -> None:
        super().__init__(root, **options)
        check_no_noise(self.card.folders[0].lower(), self.protocol)

    def pictures(self, split: str) -> Pictures:
        """All pairs by name, for any split, each `(2C, H, W)`: noisy, then clean; keys are without suffix.

        Raises:
            DenoiserError: as in `PublishedSet`; or the noisy input has another PSNR than published (exit code 3).
        """
        folder = download_files(self.root, self.card)
        clean = [folder / name for name in self.card.files if Path(name).stem.endswith(CLEAN)]
        files = [[path.with_stem(path.stem.removesuffix(CLEAN) + NOISY), path] for path in clean]
        check_hashes(self.name or folder.name.lower(), self.root, self.card)
        pictures = read_files(files, folder, self.channels)
        pictures = replace(pictures, keys=[key.removesuffix(CLEAN) for key in pictures.keys])
        check_noisy_psnr(pictures, self.card, self.root)
        return pictures


def check_noisy_psnr(pictures: Pictures, card: Card, root: Path) -> None:
    """Compare the mean PSNR of the noisy pictures with the published one.

    Args:
        pictures: all pairs, uint8 `(2C, H, W)` each.
        card: the description of the set.
        root: the store of datasets.

    Raises:
        DenoiserError: they differ by more than 0.01 dB (exit code 3). The message names the pair that is furthest off.
    """
    figures = torch.cat([psnr(*(image[None].double() / 255).chunk(2, dim=1)) for image in pictures.images])
    mean, expected = float(figures.mean()), float(card.noisy_psnr or 0)
    if abs(mean - expected) > TOLERANCE:
        worst = int((figures - expected).abs().argmax())
        problem = f"the noisy input has {mean:.2f} dB in the mean, published are {expected:.2f}"
        raise DenoiserError(
            f"{problem}; {pictures.keys[worst]} is furthest off with {figures[worst]:.2f} ({card.folder(root)})",
            card.replacement_instructions(root),
            ENVIRONMENT,
        )
