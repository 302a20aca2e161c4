"""Set12, the twelve grey test pictures of the published tables (Zhang, Zuo, Chen, Meng & Zhang 2017).

Seven of 256x256 and five of 512x512. Source: testsets/Set12 of github.com/cszn/FFDNet, which states no licence; sha256
of each in testset-sha256.txt.
"""

from __future__ import annotations

from denoiser.data.published_set import PublishedSet, from_ffdnet


class Set12(PublishedSet):
    """The twelve pictures, for testing only, in grey: `Set12/01.png` ... `Set12/12.png` in the store."""

    allowed_channels = (1,)
    card = from_ffdnet("Set12", "grey test pictures of the published tables (Zhang et al. 2017)")
