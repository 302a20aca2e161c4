"""CC15, 15 real pairs of 512x512 (Nam, Hwang, Matsushita & Kim 2016), as cut by Xu, Zhang, Zhang & Feng 2017.

Photographs of three cameras at ISO 1600 to 6400, and the mean of 500 photographs of each scene.

Source: Real_ccnoise_denoised_part of github.com/csjunxu/MCWNNM-ICCV2017, for non-commercial use; sha256 of each in
testset-sha256.txt.
"""

from __future__ import annotations

from denoiser.data.published_pairs import PublishedPairs, pairs_card


class CC15(PublishedPairs):
    """The 15 pairs, for testing only: `CC15/5dmark3_iso3200_1_real.png`, `..._1_mean.png` and so on in the store."""

    card = pairs_card(
        "CC15",
        "real pairs of three cameras, 512x512 (Nam et al. 2016)",
        "csjunxu/MCWNNM-ICCV2017/Real_ccnoise_denoised_part",
        "e6db69b01ff21e89461cc49893c89afb1a9a941c",
        noisy_psnr=33.41,
    )
