"""Set14, 14 colour pictures that super-resolution is tested on (Zeyde, Elad & Protter 2010).

Source: CSet14 of github.com/majedelhelou/denoising_datasets, which states no licence; sha256 of each in
testset-sha256.txt. Some of the pictures are grey, stored in colour.
"""

from __future__ import annotations

from denoiser.data.published_set import PublishedSet, from_denoising_datasets


class Set14(PublishedSet):
    """The 14 pictures, for testing only, in colour or grey: `Set14/baboon.png` ... `zebra.png` in the store."""

    card = from_denoising_datasets("Set14", "colour pictures of several sizes (Zeyde et al. 2010)")
