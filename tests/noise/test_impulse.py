import math

import pytest
from helpers.noises import SIDE, check_refused, noisy

from denoiser.noise.impulse import SaltPepper


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.7, 1.0])
def test_salt_and_pepper_takes_its_share_of_whole_pixels(amount):
    drawn = noisy(SaltPepper(amount=amount), 0.5)
    black, white = (drawn == 0), (drawn == 1)
    assert ((drawn == 0.5) | black | white).all()
    assert black.eq(black[:, :1]).all() and white.eq(white[:, :1]).all()
    tolerance = 5 * math.sqrt(max(amount / 2 * (1 - amount / 2), 1e-12) / SIDE**2)
    assert abs(black.double().mean() - amount / 2) <= tolerance
    assert abs(white.double().mean() - amount / 2) <= tolerance


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: SaltPepper(amount=1.5), ["noise.amount=1.5 is not a share from 0 to 1", "noise.amount=0.1"]),
        (lambda: SaltPepper(amount=math.nan), ["noise.amount=nan", "noise.amount=0.1"]),
    ],
)
def test_invalid_amounts_are_refused(make, lines):
    check_refused(make, lines)
