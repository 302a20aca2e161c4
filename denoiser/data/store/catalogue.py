"""Descriptions of the datasets: number of pictures, licence, files, and where the files are in the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from denoiser import build
from denoiser.config import choice, data_root
from denoiser.errors import DenoiserError, nearest
from denoiser.search_path import options
from denoiser.trust import names_of_choice

PRESENT, MISSING, INCOMPLETE = "present", "missing", "incomplete"
"""Status of a dataset in the store."""
DOWNLOAD_AGAIN = "repeat the command to download it again"
"""Advice after the incomplete or altered files were moved away."""


@dataclass(frozen=True)
class Card:
    """A short description of a dataset.

    Args:
        description: a few words for the list of datasets.
        licence: as its source states it; "not stated" where it states none.
        count: number of pictures; None where that is the user's choice.
        availability: status of a complete dataset in the list, such as `drawn` or `yours`.
        folders: possible folders of the dataset, relative to the store; it is downloaded to the first.
        files: the digest of each file by its path in that folder, in the published order: sha256, md5 where nothing
            else is published, "" where no digest is published.
        source: which files to download by hand, and from where; "" for datasets that are downloaded or drawn.
        url: the address below which each of `files` is downloaded; "" where the files are not downloaded one by one.
        noisy_psnr: for real pairs the published PSNR in dB of the noisy pictures, the mean over all pairs.
    """

    description: str
    licence: str
    count: int | None = None
    availability: str = PRESENT
    folders: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    url: str = ""
    noisy_psnr: float | None = None

    def folder(self, root: Path) -> Path:
        """The folder of the dataset below the store `root`; the first of `folders` where none exists."""
        return next((root / name for name in self.folders if (root / name).is_dir()), root / self.folders[0])

    def missing(self, root: Path) -> list[str]:
        """The files that the store `root` lacks."""
        return [name for name in self.files if not (self.folder(root) / name).is_file()]

    def status(self, root: Path) -> str:
        """Whether the dataset is in the store `root`, in a word or two."""
        if not self.files:
            return self.availability
        if not self.folder(root).is_dir():
            return MISSING
        return INCOMPLETE if self.missing(root) else self.availability

    def manual_instructions(self, root: Path) -> str:
        """How to download the dataset by hand."""
        names = [*self.files]
        return f"download {self.source} and save them as {self.folder(root) / names[0]} ... {names[-1]}"

    def replacement_instructions(self, root: Path, then: str = DOWNLOAD_AGAIN) -> str:
        """How to replace files that are incomplete or not the published ones."""
        if self.source and not self.url:
            return self.manual_instructions(root)
        return f"mv {self.folder(root)} {self.folder(root)}-old, then {then}"


def store_root(root: str | os.PathLike[str] | None) -> Path:
    """The folder of the datasets: `root`, or by default that of the environment, see `config.data_root`."""
    return Path(root or data_root()).expanduser()


def dataset_card(name: str) -> Card | None:
    """The card of a dataset; None for a dataset without one, or of another package.

    Args:
        name: as in `data=NAME`.

    Raises:
        DenoiserError: there is no such dataset.
    """
    names = options("data")
    if name not in names:
        near = nearest(name, names)
        fix = f"did you mean {near}?" if near else "denoiser data list"
        raise DenoiserError(f"no data '{name}' (denoiser data)", fix)
    if not str(choice("data", name).data["_target_"]).startswith("denoiser."):
        return None
    card: Card | None = getattr(dataset_class(name), "card", None)
    return card


def dataset_class(name: str) -> Any:
    """The class of an existing dataset, `data=NAME`.

    Raises:
        DenoiserError: it is neither of this package nor of one that is trusted.
    """
    chosen = choice("data", name)
    with names_of_choice(chosen.get("trust")):
        return build.target("data", chosen.data["_target_"])
