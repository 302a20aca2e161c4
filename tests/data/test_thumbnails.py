import numpy as np
import pytest
import torch
from helpers.grainy import encoded, named, photo
from PIL import Image

from denoiser.data.bsd68 import BSD68
from denoiser.data.decoding import read_files
from denoiser.data.thumbnails import match_thumbnails, thumbnails


@pytest.mark.parametrize("channels", [3, 1])
def test_thumbnails_are_area_means_of_pillow_s_luma(channels):
    image = photo(64, 120, 0, channels)
    luma = Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).convert("L")
    expected = np.asarray(luma, float).reshape(8, 8, 8, 15).mean((1, 3))
    record = thumbnails(named([image]), channels)
    assert record["sizes"].tolist() == [[64, 120]] and record["sizes"].dtype == torch.int32
    assert record["thumbnails"].shape == (1, 8, 8) and record["thumbnails"].dtype == torch.uint8
    assert np.abs(record["thumbnails"][0].numpy() - expected).max() <= 0.6


def test_a_tensor_and_a_list_have_the_same_thumbnails():
    images = torch.stack([photo(20, 27, seed) for seed in range(130)])
    whole, single = thumbnails(named(images), 3), thumbnails(named(list(images)), 3)
    assert all(whole[key].equal(single[key]) for key in single) and len(whole["thumbnails"].unique(dim=0)) == 130


@pytest.mark.parametrize("size", [(1, 1), (5, 7), (8, 8), (9, 300)])
def test_any_size_has_a_thumbnail(size):
    image = torch.full((3, *size), 90, dtype=torch.uint8)
    assert thumbnails(named([image]), 3)["thumbnails"].unique().tolist() == [90]


def test_real_pairs_have_the_thumbnail_of_the_clean_picture():
    clean, noisy = photo(30, 20, 0), photo(30, 20, 1)
    pair, alone = (thumbnails(named([x]), 3)["thumbnails"] for x in (torch.cat([noisy, clean]), clean))
    assert pair.equal(alone)


def test_encoded_copies_match_and_other_pictures_do_not():
    images = [photo(120, 88, seed) for seed in range(30)]
    copies = [encoded(images[7]), photo(120, 88, 99), encoded(images[3]), encoded(images[7].transpose(1, 2))]
    seen, tested = thumbnails(named(images), 3), thumbnails(named(copies), 3)
    assert match_thumbnails(seen, tested) == [(3, 2), (7, 0)]


def test_uniform_pictures_match_none():
    black = thumbnails(named(torch.zeros(3, 3, 40, 40, dtype=torch.uint8)), 3)
    assert match_thumbnails(black, black) == []


def test_pictures_of_other_sizes_do_not_match():
    thumbnail = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8)
    one, other = ({"sizes": torch.tensor([[40, side]]), "thumbnails": thumbnail} for side in (40, 41))
    assert match_thumbnails(one, one) == [(0, 0)] and match_thumbnails(one, other) == []


def test_the_published_grey_68_are_those_of_the_jpegs(protocol, real_data):
    files = [[path] for path in sorted((real_data / "BSD68").glob("*.png"))]
    published = thumbnails(read_files(files, real_data, 1), 1)
    ours = thumbnails(BSD68(real_data, **protocol(), channels=1).pictures("test"), 1)
    assert len(files) == 68 and match_thumbnails(ours, published) == [(i, i) for i in range(68)]
