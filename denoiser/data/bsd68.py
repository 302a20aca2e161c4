"""BSD68 and CBSD68, the test pictures of the published tables: 68 of BSDS500's `val` folder (Roth & Black 2009).

Source: github.com/BIDS/BSDS500, for non-commercial research and education; sha256 of each in bsds500-sha256.txt.
"""

from __future__ import annotations

from typing import Any

from denoiser.data.base import PairsDataModule
from denoiser.data.decoding import read_files
from denoiser.data.pairs import Pictures
from denoiser.data.store.catalogue import Card, store_root
from denoiser.data.store.download import BSDS500_FOLDERS, BSDS500_HASHES, bsds500, check_hashes, read_hashes

# fmt: off
IDS = (
    101085, 101087, 102061, 103070, 105025, 106024, 108005, 108070, 108082, 109053, 119082, 12084, 123074, 126007,
    130026, 134035, 14037, 143090, 145086, 147091, 148026, 148089, 157055, 159008, 160068, 16077, 163085, 167062,
    167083, 170057, 175032, 175043, 182053, 189080, 19021, 196073, 197017, 208001, 210088, 21077, 216081, 219090,
    220075, 223061, 227092, 229036, 236037, 24077, 241004, 241048, 253027, 253055, 260058, 271035, 285079, 291000,
    295087, 296007, 296059, 299086, 300091, 302008, 304034, 304074, 306005, 3096, 33039, 351093,
)
# fmt: on
"""Numbers of the 68 pictures in BSDS500, in the order test001 ... test068 of the published folders."""


def bsd68_keys() -> list[str]:
    """The keys of the 68 pictures in BSDS500, in the published order: `val/101085`, ..."""
    return [f"val/{number}" for number in IDS]


def _card(description: str) -> Card:
    hashes = read_hashes(BSDS500_HASHES)
    files = {f"{key}.jpg": hashes[f"{key}.jpg"] for key in bsd68_keys()}
    return Card(description, "non-commercial research", len(files), folders=BSDS500_FOLDERS, files=files)


class BSD68(PairsDataModule):
    """The 68 pictures in grey, for testing only, decoded from the JPEG files of BSDS500.

    In colour they are equal to CBSD68; Pillow's `convert("L")` of them differs from BSD68 by at most one grey level.

    Args:
        root: the store of datasets, see `config.data_root`; `BSR/BSDS500/data/images` in it is downloaded if missing.
        **options: see `PairsDataModule`.
    """

    test_only = True
    allowed_channels: tuple[int, ...] = (1,)
    card = _card("grey test pictures of the published tables, from BSDS500")

    def __init__(self, root: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.root = store_root(root)

    def prepare_data(self) -> None:
        """Download BSDS500 if it is missing."""
        super().prepare_data()
        bsds500(self.root)

    def pictures(self, split: str) -> Pictures:
        """All 68 pictures, for any split.

        Raises:
            DenoiserError: pictures are missing or altered (exit code 3).
        """
        folder = bsds500(self.root)
        check_hashes(self.name or type(self).__name__.lower(), self.root, self.card)
        return read_files([[folder / f"{key}.jpg"] for key in bsd68_keys()], folder, self.channels)


class CBSD68(BSD68):
    """The 68 pictures in colour."""

    allowed_channels = (3,)
    card = _card("the same 68 in colour, from BSDS500")
