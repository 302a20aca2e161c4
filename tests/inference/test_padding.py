import numpy as np
import pytest
import torch

from denoiser.inference.padding import pad, padded_side


@pytest.mark.parametrize(("side", "multiple", "smallest", "expected"), [
    (1, 8, 1, 8), (8, 8, 1, 8), (9, 8, 1, 16), (321, 1, 1, 321),
    (3, 1, 5, 5), (1, 1, 2, 2), (7, 8, 40, 40), (41, 8, 40, 48),
])  # fmt: skip
def test_sides_grow_to_the_next_size_that_the_network_takes(side, multiple, smallest, expected):
    assert padded_side(side, multiple, smallest) == expected


@pytest.mark.parametrize("exporting", [False, True])
@pytest.mark.parametrize("size", [(13, 16), (16, 11), (12, 16), (13, 8), (3, 9), (1, 5), (2, 1)])
def test_pictures_are_continued_by_reflection_as_in_numpy(size, exporting, monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: exporting)
    image = torch.rand(2, 3, *size)
    expected = np.pad(image.numpy(), [(0, 0), (0, 0), (0, 24 - size[0]), (0, 16 - size[1])], mode="reflect")
    assert np.array_equal(pad(image, 24, 16).numpy(), expected)


def test_noise_at_the_end_of_an_odd_size_is_not_continued_as_streaks():
    noisy = torch.randn(1, 1, 41, 41, generator=torch.Generator().manual_seed(0))
    right = pad(noisy, 48, 48)[..., :41, 41:]
    assert (right.std(dim=3) > 0.2).all()


def test_a_size_that_fits_is_the_picture_itself():
    image = torch.rand(1, 3, 16, 24)
    assert pad(image, 16, 24) is image


def test_the_memory_format_is_kept():
    image = torch.rand(1, 3, 15, 24).to(memory_format=torch.channels_last)
    assert pad(image, 16, 24).is_contiguous(memory_format=torch.channels_last)
