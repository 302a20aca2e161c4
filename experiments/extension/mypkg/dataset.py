"""Random blocks of colour, drawn."""

import torch

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures


class Blocks(PairsDataModule):
    """Sixteen pictures of 8 x 8 blocks in each split."""

    def pictures(self, split: str) -> Pictures:
        """The pictures of `train`, `val` or `test`: their keys, and uint8 `(N, C, H, W)`."""
        generator = torch.Generator().manual_seed(("train", "val", "test").index(split))
        blocks = torch.randint(256, (16, self.channels, 8, 8), dtype=torch.uint8, generator=generator)
        return Pictures([f"{split}/{i}" for i in range(16)], blocks.repeat_interleave(8, 2).repeat_interleave(8, 3))
