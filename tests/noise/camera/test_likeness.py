import itertools
import math

import pytest
import torch

from denoiser.noise.camera.likeness import BRIGHTNESS, LAGS, statistics


def test_white_noise_has_the_statistics_of_its_definition():
    clean = torch.tensor([100 / 255, 100 / 255, 100 / 255]).view(3, 1, 1).expand(3, 300, 300)
    noisy = clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)) * 10 / 255
    found = statistics(noisy, clean)
    luma = 10 * math.hypot(0.299, 0.587, 0.114)
    assert found["psnr"].item() == pytest.approx(-20 * math.log10(10 / 255), abs=0.1)
    assert found["deviation"][0].item() == pytest.approx(luma, rel=0.02)
    assert found["covariance"][:3].tolist() == pytest.approx([1, 1, 1], abs=0.05)
    assert found["correlation"].abs().max() < 0.02 and found["covariance"][3:].abs().max() < 0.02
    for plane in ("luma", "blue", "red"):
        assert found[plane].shape == (len(LAGS),) and found[plane].abs().max() < 0.02
    at = [low <= 100 < high for low, high in itertools.pairwise(BRIGHTNESS)]
    assert found["levels"][at].tolist() == pytest.approx([luma], rel=0.02)
    assert found["levels"].isnan().tolist() == [not here for here in at]
