"""A noise of the user's own that does not work is refused before anything is trained or scored with it."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch
from helpers.refusals import refused
from helpers.tiny import names

from denoiser import build
from denoiser.config import choice
from denoiser.noise import Gaussian
from denoiser.noise.base import Noise
from denoiser.noise.probing import try_noise


@dataclass(frozen=True)
class Stripes(Noise):
    """It has a field sigma, uses its level, and has none."""

    sigma: float = 25
    name: ClassVar[str] = "stripes"

    def _add(self, clean, level, generator):
        columns = torch.randn(*clean.shape[:2], 1, clean.shape[-1], generator=generator)
        return clean + columns * level.view(-1, 1, 1, 1) / 255


@dataclass(frozen=True)
class LevelStripes(Gaussian):
    name: ClassVar[str] = "stripes"
    _add = Stripes._add


def made(add):
    return type("Made", (Noise,), {"_add": lambda self, clean, level, generator: add(clean)})()


def test_a_level_that_is_used_and_not_there_is_the_noises_fault():
    text = refused(lambda: try_noise(Stripes(), (None,)))
    assert "stripes" in text and "uses a noise level and has none" in text and "denoiser.noise.Gaussian" in text


def test_a_subclass_of_gaussian_has_levels():
    noise = LevelStripes(sigma_range=[0, 55])
    assert noise.levels([15, 50]) == (15.0, 50.0)
    try_noise(noise, (15.0, 50.0))


@pytest.mark.parametrize(
    ("add", "words"),
    [
        (lambda clean: clean / 0, "made noise makes values that are not finite: "),
        (lambda clean: clean[..., :5], "made noise makes (2, 3, 32, 5), for a target of (2, 3, 32, 32)"),
        (lambda clean: None, "made noise makes NoneType"),
        (lambda clean: clean + torch.zeros(7), "made noise fails on a batch of (2, 3, 32, 32)"),
    ],
    ids=["infinite", "shape", "none", "raises"],
)
def test_what_a_noise_makes_is_checked(add, words):
    assert words in refused(lambda: try_noise(made(add), (None,)))


def test_values_that_are_not_finite_at_one_level_name_it():
    noise = type("Made", (Gaussian,), {"_add": lambda self, clean, level, g: clean / (level - 50).view(-1, 1, 1, 1)})()
    try_noise(noise, (15.0,))
    assert "not finite at level 50" in refused(lambda: try_noise(noise, (15.0, 50.0)))


@pytest.mark.parametrize("name", names("noise"))
@pytest.mark.parametrize("channels", [1, 3])
def test_every_noise_of_this_package_passes(name, channels):
    parts = {"parts": {"camera": 0.6, "gaussian": 0.4}} if name == "mixed" else {}
    noise = build.make("noise", {**choice("noise", name).noise, **parts})
    before = torch.random.get_rng_state()
    try_noise(noise, noise.levels(None), channels)
    assert torch.equal(torch.random.get_rng_state(), before)
