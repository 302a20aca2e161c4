"""Set12, the twelve grey test pictures of the published tables (Zhang et al. 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from denoiser.data.base import PairsDataModule, Protocol
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.errors import ENVIRONMENT, DenoiserError

COUNT = 12


class Set12(PairsDataModule):
    """The twelve pictures, for testing only; grey.

    Args:
        protocol: how pictures become pairs.
        root: where `Set12/01.png` ... `Set12/12.png` are.
        **options: see `PairsDataModule`.
    """

    test_only = True
    allowed_channels = (1,)

    def __init__(self, protocol: Protocol, root: str, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.folder = Path(root).expanduser() / "Set12"

    def pictures(self, split: str) -> Pictures:
        """All twelve, whichever split is asked for."""
        found = sorted(self.folder.glob("*.png"))
        if len(found) != COUNT:
            raise DenoiserError(
                f"Set12 has {len(found)} of its {COUNT} pictures ({self.folder})",
                f"put testsets/Set12 of github.com/cszn/FFDNet there: {self.folder}/01.png ... 12.png",
                ENVIRONMENT,
            )
        return read_files([[path] for path in found], self.folder, self.channels)
