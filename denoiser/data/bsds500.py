"""BSDS500: 500 photographs of 481x321 or 321x481 (Arbelaez, Maire, Fowlkes & Malik 2011), colour or grey.

Source: github.com/BIDS/BSDS500, for non-commercial research and education; sha256 of each in bsds500-sha256.txt.
"""

from __future__ import annotations

from typing import Any

from denoiser.data.base import CROPS, PairsDataModule
from denoiser.data.bsd68 import bsd68_keys
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card, store_root
from denoiser.data.store.download import BSDS500_FOLDERS, BSDS500_HASHES, bsds500, read_hashes
from denoiser.errors import DenoiserError, nearest

SPLITS = ("benchmark", "official")
"""Names of the splits."""


class BSDS500(PairsDataModule):
    """BSDS500 in one of two splits.

    `benchmark` tests on the 68 pictures of the published tables (BSD68 in grey, CBSD68 in colour), `official` is the
    split of the dataset itself:

        folder    pictures   benchmark           official
        train/    200        train               train
        test/     200        train               test
        val/      100        test 68, val 32     val

    Args:
        root: the store of datasets; `BSR/BSDS500/data/images` in it is downloaded if it is missing.
        split: `benchmark` or `official`.
        cache_gb: memory limit in GB for the decoded pictures; larger sets are decoded into temporary files.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: there is no such split.
    """

    card = Card(
        "photographs of 481x321 (Arbelaez et al. 2011)",
        "non-commercial research",
        500,
        folders=BSDS500_FOLDERS,
        files=read_hashes(BSDS500_HASHES),
    )

    def __init__(self, root: str | None = None, split: str = "benchmark", cache_gb: float = 4, **options: Any) -> None:
        super().__init__(**{**CROPS, **options})
        if split not in SPLITS:
            near = nearest(split, SPLITS) or "benchmark"
            raise DenoiserError(f"bsds500 has no split '{split}' (data.split)", f"data.split={near}")
        self.root, self.split_name, self.cache_gb = store_root(root), split, cache_gb

    def prepare_data(self) -> None:
        """Download the pictures if they are missing."""
        super().prepare_data()
        bsds500(self.root)

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`; keys are like `val/101085`."""
        folder = bsds500(self.root)
        keys = sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.jpg"))
        files = [[folder / f"{key}.jpg"] for key in keys if self._belongs(key, split)]
        return read_files(files, folder, self.channels, self.cache_gb)

    def _belongs(self, key: str, split: str) -> bool:
        if self.split_name == "official":
            return key.startswith(f"{split}/")
        if not key.startswith("val/"):
            return split == "train"
        return split == ("test" if key in bsd68_keys() else "val")
