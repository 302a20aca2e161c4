"""Evaluation pairs: every picture once, in batches of one size, with noise that does not depend on the batches."""

import pytest
import torch

from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.evaluation.batches import PIXELS, batches_of_one_size, loader
from denoiser.noise.gaussian import Gaussian

SHAPES = [(3, 20, 30), (3, 30, 20), (3, 20, 30), (3, 20, 30), (3, 30, 20)]


def pairs(levels=(15, 25), draws=1, order=1):
    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator) for shape in SHAPES][::order]
    return FrozenPairs(Pictures([f"p{i}" for i in range(5)][::order], images), Gaussian(), 0, levels, draws)


def fields(loaded, frozen):
    by_field = {}
    for batch in loaded:
        for item, noisy in zip(batch.item.tolist(), batch.noisy, strict=True):
            by_field[(*frozen.describe(item), frozen.unravel(item)[2])] = noisy
    return by_field


@pytest.mark.parametrize("batch_size", [1, 2, 8, None])
def test_every_item_is_in_one_batch_with_others_of_its_size(batch_size):
    batches = batches_of_one_size(SHAPES, 15, batch_size)
    assert sorted(item for batch in batches for item in batch) == list(range(15))
    assert all(len({SHAPES[item % 5] for item in batch}) == 1 for batch in batches)
    assert max(map(len, batches)) <= (batch_size or 15)


def test_left_open_a_batch_is_as_large_as_a_cache_likes():
    assert max(map(len, batches_of_one_size([(1, 28, 28)] * 1000, 1000, None))) == PIXELS // 784
    assert batches_of_one_size([(3, 4000, 6000)] * 2, 2, None) == [[0], [1]]


@pytest.mark.parametrize(("batch_size", "workers", "order"), [(8, 0, 1), (8, 2, 1), (1, 0, -1), (8, 2, -1)])
def test_noise_is_the_same_bit_for_bit_in_all_batches(batch_size, workers, order):
    usual, other = pairs(draws=2), pairs(draws=2, order=order)
    expected = fields(loader(usual, 1, 0), usual)
    by_field = fields(loader(other, batch_size, workers), other)
    assert expected.keys() == by_field.keys() and len(by_field) == 20
    assert all(by_field[key].equal(noisy) for key, noisy in expected.items())


def test_the_first_of_several_draws_is_that_of_one_and_the_others_are_fresh():
    one, several = pairs(), pairs(draws=3)
    assert len(several) == 30 and several.unravel(26) == (1, 1, 2) and several.describe(26) == ("p1", 25.0)
    noise = [several.__getitems__([5 + 10 * draw]) for draw in range(3)]
    assert noise[0].noisy.equal(one.__getitems__([5]).noisy)
    flat = torch.stack([(batch.noisy - batch.clean).flatten() for batch in noise])
    assert torch.corrcoef(flat).fill_diagonal_(0).abs().max() < 0.1
