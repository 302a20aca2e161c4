"""Urban100, 100 pictures of buildings in colour, rich in straight lines and repetition (Huang, Singh & Ahuja 2015).

Source: CUrban100 of github.com/majedelhelou/denoising_datasets, which states no licence; sha256 of each in
testset-sha256.txt. The authors' own copies (github.com/jbhuang0604/SelfExSR) are cut to a multiple of a scale
(img_001_SRF_4_HR.png).
"""

from __future__ import annotations

from denoiser.data.published_set import PublishedSet, from_denoising_datasets


class Urban100(PublishedSet):
    """The 100 pictures, for testing only, in colour or grey: `Urban100/img_001.png` ... `img_100.png` in the store."""

    card = from_denoising_datasets("Urban100", "buildings in colour (Huang et al. 2015)")
