"""PolyU, 100 real pairs of 512x512 of five cameras (Xu, Li, Liang, Zhang & Zhang 2018, arXiv 1804.02603).

Source: CroppedImages of github.com/csjunxu/PolyU-Real-World-Noisy-Images-Dataset, for non-commercial use; sha256 of
each in testset-sha256.txt.
"""

from __future__ import annotations

from typing import Any

from denoiser.data.pairs import Pictures
from denoiser.data.published_pairs import PublishedPairs, pairs_card
from denoiser.errors import DenoiserError, nearest

SPLITS = ("all", "dev", "held_out")
"""Names of the splits."""
DEV = {
    "Canon5D2_5_160_3200_chair": (5, 11, 14),
    "Canon5D2_5_160_3200_plug": (11, 12),
    "Canon5D2_5_160_6400_circuit": (3, 8, 11),
    "Canon5D2_5_160_6400_reciever": (1, 2, 4, 6, 8, 13),
    "Canon5D2_5_200_3200_fruit": (11, 12, 14),
    "Canon600D_4-5_125_1600_toy": (1, 2, 3, 11, 13, 16),
    "Canon80D_8_8_12800_printer": (11, 14, 15, 16),
    "Canon80D_8_8_6400_comproom": (11, 12, 13, 14, 16),
    "NikonD800_11_160_3200_classroom": (4, 6, 15),
    "NikonD800_5-6_160_6400_wall": (2, 6, 9, 15),
    "NikonD800_5_100_4000_flower": (1, 2, 12, 13, 14, 15),
    "NikonD800_8_100_6400_bulletin": (3, 5, 7, 8),
    "Sony_4-5_125_3200_plant": (10, 11, 13, 14),
}
"""The pairs of `dev`: 13 scenes, and the numbers of their crops."""


def dev_keys() -> list[str]:
    """The keys of the 53 pairs of `dev`: `Canon5D2_5_160_3200_chair_5`, ..."""
    return [f"{scene}_{number}" for scene, numbers in DEV.items() for number in numbers]


class PolyU(PublishedPairs):
    """The 100 pairs, for testing only: `PolyU/..._real.JPG` and `PolyU/..._mean.JPG` in the store.

    The weights `camera` were selected on 53 of the pairs. No weights of this package have seen the other 47.

        split       pairs
        all         100     published tables
        dev         53      13 scenes, for selection
        held_out    47      all other scenes

    Args:
        root: the store of datasets.
        split: `all`, `dev` or `held_out`.
        **options: see `PairsDataModule`.

    Raises:
        DenoiserError: there is no such split, or noise would be added to real noise.
    """

    card = pairs_card(
        "PolyU",
        "real pairs of five cameras, 512x512 (Xu et al. 2018)",
        "csjunxu/PolyU-Real-World-Noisy-Images-Dataset/CroppedImages",
        "3af0f2646b267a00446fe4b7113a15e67bc80b4e",
        noisy_psnr=35.97,
    )

    def __init__(self, root: str | None = None, split: str = "all", **options: Any) -> None:
        super().__init__(root, **options)
        if split not in SPLITS:
            near = nearest(str(split), SPLITS) or "all"
            raise DenoiserError(f"polyu has no split '{split}' (data.split)", f"data.split={near}")
        self.split_name, self.folder_name = split, split

    def pictures(self, split: str) -> Pictures:
        """The pairs of `data.split`, for any `split`; see `PublishedPairs`."""
        pairs, dev = super().pictures(split), set(dev_keys())
        if self.split_name == "all":
            return pairs
        chosen = [i for i, key in enumerate(pairs.keys) if (key in dev) == (self.split_name == "dev")]
        return Pictures([pairs.keys[i] for i in chosen], [pairs.images[i] for i in chosen])
