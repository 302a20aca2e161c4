"""Urban100, 100 pictures of buildings in colour, rich in straight lines and repetition (Huang, Singh & Ahuja 2015).

Source: github.com/jbhuang0604/SelfExSR, which states no licence for them. Its own copies are cut to a multiple of a
scale (img_001_SRF_4_HR.png); this dataset has the uncut pictures img_001.png ... img_100.png, which have no stable
address. They have to be downloaded by hand; their hashes are not known.
"""

from __future__ import annotations

from denoiser.data.published_set import PublishedSet
from denoiser.data.store.catalogue import Card

FOLDER = "Urban100"
"""Folder of the files in the store."""


class Urban100(PublishedSet):
    """The 100 pictures, for testing only, in colour or grey: `Urban100/img_001.png` ... `img_100.png` in the store."""

    card = Card(
        "buildings in colour (Huang et al. 2015)",
        "not stated",
        100,
        folders=(FOLDER,),
        files={f"img_{number:03d}.png": "" for number in range(1, 101)},
        source="the 100 uncut pictures of Urban100 (linked from github.com/jbhuang0604/SelfExSR)",
    )
