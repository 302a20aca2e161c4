"""McMaster, 18 colour pictures of 500x500 (Zhang, Wu, Buades & Li 2011).

Source: testsets/McMaster of github.com/cszn/FFDNet, which states no licence; sha256 of each in testset-sha256.txt.
"""

from __future__ import annotations

from denoiser.data.published_set import PublishedSet, from_ffdnet


class McMaster(PublishedSet):
    """The 18 pictures, for testing only, in colour or grey: `McMaster/1.tif` ... `McMaster/18.tif` in the store."""

    card = from_ffdnet("McMaster", "colour pictures of 500x500 (Zhang et al. 2011)")
