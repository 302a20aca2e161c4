import numpy as np
import pytest

from denoiser.data.dead_leaves.leaves import fall, paint


def test_radii_follow_the_cube_law():
    radii = fall(np.random.default_rng(0), 1000, 1.0, 64.0, 1.0).radius
    assert radii.min() >= 1 and radii.max() <= 64
    for r in (2, 4, 8):  # P(radius > r) = r^-2, less the cut at 64
        assert np.mean(radii > r) == pytest.approx((r**-2 - 64**-2) / (1 - 64**-2), rel=0.1)


def test_a_later_leaf_occludes_an_earlier_one():
    leaves = fall(np.random.default_rng(0), 64, 2.0, 32.0, 1.0).take(np.arange(2))
    for values in (leaves.y, leaves.x):
        values[:] = 32
    for values, value in (
        (leaves.radius, (31, 15)),
        (leaves.aspect, 1),
        (leaves.bend, 0),
        (leaves.taper, 0),
        (leaves.square, 0),
    ):
        values[:] = value
    top = paint(leaves, 64)
    assert top[32, 32] == 1 and top[32, 54] == 0 and top[0, 0] == -1
    disc = (top >= 0).sum()
    assert disc == pytest.approx(np.pi * (1.25 * 31 / 2**0.5) ** 2, rel=0.02)
