"""Each picture of a batch has a stream of random numbers of its own."""

import math
from dataclasses import dataclass

import pytest
import torch
from scipy import stats

from denoiser.noise.base import Noise
from denoiser.noise.gaussian import Gaussian
from denoiser.noise.mixed import Mixed
from denoiser.noise.streams import Streams, choices, draw_pairs, integers, normal, poisson, uniform

SHARES = torch.tensor([1.0, 0.0, 3.0])
DRAWS = {
    "normal": lambda n, source: normal((n, 2, 50, 20), source),
    "uniform": lambda n, source: uniform((n, 2, 50, 20), source),
    "integers": lambda n, source: integers(8, (n, 3), source),
    "poisson": lambda n, source: poisson(torch.full((n, 2, 50, 20), 4.0), source),
    "choices": lambda n, source: choices(SHARES, n, source),
}


@dataclass(frozen=True)
class Own(Noise):
    """A noise of somebody else, who knows of `torch.Generator` alone."""

    def draw_levels(self, n, generator):
        return torch.rand(n, generator=generator) * 50

    def _add(self, clean, level, generator):
        return clean + torch.randn(clean.shape, generator=generator) * level.view(-1, 1, 1, 1) / 255


class Louder(Gaussian):
    """A subclass that draws in its own way."""

    def _add(self, clean, level, generator):
        return clean + 2 * torch.randn(clean.shape, generator=generator) * level.view(-1, 1, 1, 1) / 255


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_stream_is_a_function_of_its_seed_and_of_the_draws_before(draw):
    together, alone = Streams([7, 8, 9, 2**70]), Streams([8])
    first, second = draw(4, together), draw(4, together)
    assert first[1:2].equal(draw(1, alone)) and second[1:2].equal(draw(1, alone))
    assert len(first) < 4 or first.dim() == 1 or not first.equal(second)


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_generator_gives_what_torch_gives(draw):
    torch.manual_seed(3)
    expected = {
        "normal": lambda: torch.randn(4, 2, 50, 20),
        "uniform": lambda: torch.rand(4, 2, 50, 20),
        "integers": lambda: torch.randint(8, (4, 3)),
        "poisson": lambda: torch.poisson(torch.full((4, 2, 50, 20), 4.0)),
        "choices": lambda: torch.multinomial(SHARES, 4, replacement=True),
    }[next(name for name, one in DRAWS.items() if one is draw)]()
    assert draw(4, torch.Generator().manual_seed(3)).equal(expected)


def test_the_numbers_have_their_distributions():
    seeds = range(1000)
    assert stats.kstest(normal((1000, 40), Streams(seeds)).flatten(), "norm").pvalue > 1e-4
    assert stats.kstest(uniform((1000, 40), Streams(seeds)).flatten(), "uniform").pvalue > 1e-4
    counts = integers(8, (1000, 8), Streams(seeds)).flatten().bincount(minlength=8)
    assert len(counts) == 8 and stats.chisquare(counts).pvalue > 1e-4
    photons = poisson(torch.full((1000, 40), 4.0), Streams(seeds))
    assert abs(photons.mean() - 4) < 5 * math.sqrt(4 / 40_000) and abs(photons.var() - 4) < 0.2
    chosen = choices(SHARES, 1000, Streams(seeds)).bincount(minlength=3)
    assert chosen[1] == 0 and stats.binomtest(int(chosen[2]), 1000, 0.75).pvalue > 1e-4


def test_neither_streams_nor_their_draws_are_correlated():
    streams = Streams(range(200))
    fields = torch.cat([normal((200, 500), streams) for _ in range(3)])
    correlations = torch.corrcoef(fields).fill_diagonal_(0).abs()
    assert correlations.max() < 6.5 / math.sqrt(500) and correlations.mean() < 1 / math.sqrt(500)


def test_selected_streams_draw_numbers_that_the_others_do_not():
    streams = Streams([1, 2, 3])
    part = streams.select(torch.tensor([2, 0]))
    fields = [*normal((2, 500), part), *normal((2, 500), part), *normal((3, 500), streams), *normal((3, 500), streams)]
    assert torch.corrcoef(torch.stack(fields)).fill_diagonal_(0).abs().max() < 0.3
    alone = Streams([3]).select(torch.tensor([0]))
    assert fields[0].equal(normal((1, 500), alone)[0])


@pytest.mark.parametrize("noise", [Own(), Louder(sigma_range=[5, 55])], ids=["own", "subclass"])
def test_a_noise_that_knows_only_generators_depends_on_its_picture_alone(noise):
    clean = torch.rand(5, 1, 40, 40, generator=torch.Generator().manual_seed(0))
    noisy, target, level = draw_pairs(noise, clean, Streams(range(5)))
    assert target.equal(clean) and len(set(level.tolist())) == 5
    for i in range(5):
        one = draw_pairs(noise, clean[i : i + 1], Streams([i]))
        assert one[0].equal(noisy[i : i + 1]) and one[2].equal(level[i : i + 1])
    ratio = (noisy - clean).std((1, 2, 3)) * 255 / level
    assert torch.allclose(ratio, torch.full((5,), 2.0 if isinstance(noise, Louder) else 1.0), rtol=0.15)


def test_a_part_of_a_mix_depends_on_its_picture_alone(monkeypatch):
    mix = Mixed(parts={"gaussian": 1, "salt_pepper": 1})
    monkeypatch.setitem(vars(mix), "noises", [Own(), mix.noises[1]])
    clean = torch.full((16, 1, 8, 8), 0.5)
    together = draw_pairs(mix, clean, Streams(range(16)))[0]
    alone = [draw_pairs(mix, clean[:1], Streams([i]))[0] for i in range(16)]
    assert together.equal(torch.cat(alone)) and len({bytes(x.numpy()) for x in together}) == 16
