"""12 bits in files of 16: white is 4095, for training as for denoising, if no picture of the dataset says otherwise."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile

from denoiser.data import own_depth
from denoiser.data.folder import Folder
from denoiser.data.images import reading, stacks
from denoiser.data.pairs import FrozenPairs, NoisyPairs
from denoiser.data.real_pairs import RealPairs
from denoiser.noise.base import Noise

RNG = np.random.default_rng(0)
TWELVE = RNG.integers(0, 4096, (30, 20, 24), dtype=np.uint16)


def write(folder, pictures):
    folder.mkdir(exist_ok=True)
    for index, picture in enumerate(pictures):
        tifffile.imwrite(folder / f"{index:02d}.tif", picture, photometric="minisblack")
    return folder


def clean(data, split="all"):
    """The clean pictures as networks get them, and the warnings."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        for name in ("train", "val", "test"):
            data.pictures(name)
        pictures = data.pictures(split)
    assert all(Path(warning.filename).parent == Path(own_depth.__file__).parent for warning in given)  # printed plainly
    pairs = FrozenPairs(pictures, None if data.real_pairs else Noise(), 0, (None,))
    batches = [pairs.__getitems__([index]) for index in range(len(pairs))]
    return batches, [str(warning.message) for warning in given]


def test_white_is_that_of_denoise_and_said_once(tmp_path, protocol):
    folder = write(tmp_path / "in", TWELVE)
    data = Folder(folder, **protocol(), channels=1)
    batches, said = clean(data)
    for path, batch in zip(sorted(folder.iterdir()), batches, strict=True):
        photo = stacks.open_stack(path).read()
        assert photo.white == 4095
        assert np.abs(batch.clean[0, 0].numpy() - photo.pixels / photo.white).max() < 1e-5
    where = f"{folder}/00.tif and 29 other picture(s) of 16 bits"
    assert said == [f"no value is above 4095, which is taken as white (12 bits): {where}"]
    crops = NoisyPairs(data.pictures("train"), Noise(), 0, 16).__getitems__([0, 1])
    assert crops.clean.max() > 0.99


def test_no_value_of_12_bits_becomes_another(tmp_path, protocol):
    ramp = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    batch, *_ = clean(Folder(write(tmp_path / "in", [ramp] * 3), **protocol(), channels=1))[0]
    assert np.array_equal(np.round(batch.clean[0, 0].numpy() * 4095), ramp)


def test_one_picture_of_16_bits_decides_for_all_and_is_named(tmp_path, protocol):
    """A dark picture of a set of 16 bits stays dark."""
    pictures = [*TWELVE[:4], TWELVE[4] + 1, *TWELVE[5:]]
    pictures[4][0] = 4096  # a row: one pixel may be a hot one
    folder = write(tmp_path / "in", pictures)
    batches, said = clean(Folder(folder, **protocol(), channels=1))
    for picture, batch in zip(pictures, batches, strict=True):
        assert np.abs(batch.clean[0, 0].numpy() - picture / 65535).max() < 1e-6
    what = f"values above 4095 in {folder}/04.tif: white is 65535 in all pictures of 16 bits, as in {folder}/00.tif"
    assert said == [what]


def test_16_bits_are_not_mentioned(tmp_path, protocol):
    assert clean(Folder(write(tmp_path / "in", TWELVE[:12] * 16), **protocol(), channels=1))[1] == []


@pytest.mark.parametrize("noise", [0, 1000])
def test_both_pictures_of_a_pair_have_one_white(tmp_path, protocol, noise):
    """Noisy values above 4095 are no 12 bits."""
    noisy = TWELVE + np.uint16(noise)
    data = RealPairs(write(tmp_path / "a", noisy), write(tmp_path / "b", TWELVE), **protocol(Noise()), channels=1)
    batches, said = clean(data)
    white = 65535 if noise else 4095
    for one, other, batch in zip(noisy, TWELVE, batches, strict=True):
        assert np.abs(batch.noisy[0, 0].numpy() - one / white).max() < 1e-5
        assert np.abs(batch.clean[0, 0].numpy() - other / white).max() < 1e-5
    assert len(said) == (noise == 0)


def test_other_depths_in_the_set_stay_as_they_are(tmp_path, protocol):
    eight = (TWELVE[0] >> 4).astype(np.uint8)
    folder = write(tmp_path / "in", [eight, TWELVE[1], TWELVE[2] / np.float32(4095)])
    batches, said = clean(Folder(folder, **protocol(), channels=1))
    expected = [eight / 255, TWELVE[1] / 4095, TWELVE[2] / 4095]
    for values, batch in zip(expected, batches, strict=True):
        assert np.abs(batch.clean[0, 0].numpy() - values).max() < 1e-5
    assert said == [f"no value is above 4095, which is taken as white (12 bits): {folder}/01.tif"]


def test_a_header_that_says_white_is_believed(tmp_path):
    for name, head in (("a.pgm", "P5 24 20 65535\n"), ("b.pgm", "P5 24 20 4095\n")):
        (tmp_path / name).write_bytes(head.encode() + TWELVE[0].astype(">u2").tobytes())
    dark, bright = (reading.read(tmp_path / name) for name in ("a.pgm", "b.pgm"))
    assert dark.white == bright.white == 65535 and np.array_equal(dark.pixels, TWELVE[0])
    assert np.abs(bright.pixels / 65535 - TWELVE[0] / 4095).max() < 1e-5
    assert reading.read(write(tmp_path / "in", TWELVE[:1]) / "00.tif").white == 4095
