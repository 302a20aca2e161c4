"""Reading pictures from files, into memory if they fit, else into temporary files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from denoiser.data.images import eight_bit
from denoiser.data.pairs import Pictures
from denoiser.data.scratch import decoded_once


class DecodedOnUse(Sequence[Tensor]):
    """Pictures that are decoded on every access.

    Args:
        files: the file of each picture, or several files of one size whose channels are stacked.
        channels: channels of each file, 3 or 1.
    """

    def __init__(self, files: Sequence[Sequence[Path]], channels: int) -> None:
        self.files, self.channels = files, channels

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:  # type: ignore[override]
        """The picture at `index`, uint8 `(C, H, W)`."""
        return torch.cat([eight_bit.read(path, self.channels) for path in self.files[index]])


def read_files(files: Sequence[Sequence[Path]], root: Path, channels: int, cache_gb: float = 4) -> Pictures:
    """Pictures from files, in memory if they need at most `cache_gb` GB (1e9 bytes), else see `DecodedOnce`.

    Args:
        files: what each picture is decoded from: one file, or several of one size whose channels are stacked.
        root: the folder of the files; keys are paths relative to it without suffix, of the last file of a picture.
        channels: channels of each file, 3 or 1.
        cache_gb: memory limit for the decoded pictures.

    Raises:
        DenoiserError: a file cannot be read.
    """
    keys = [paths[-1].relative_to(root).with_suffix("").as_posix() for paths in files]
    sizes = [(len(paths) * channels, *eight_bit.size(paths[0])) for paths in files]
    lazy = DecodedOnUse(files, channels)
    fits = sum(math.prod(size) for size in sizes) <= cache_gb * 1e9
    return Pictures(keys, list(lazy) if fits else decoded_once(lazy, sizes), sizes)
