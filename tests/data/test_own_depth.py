"""16-bit and float pictures in training and evaluation: no value is rounded to the 256 levels of 8 bits."""

import pickle

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from denoiser.data import own_depth
from denoiser.data.decoding import read_files
from denoiser.data.folder import Folder
from denoiser.data.pairs import FrozenPairs, NoisyPairs, Pictures
from denoiser.data.real_pairs import RealPairs
from denoiser.data.scratch import DecodedOnce
from denoiser.data.thumbnails import details_match, match_thumbnails, thumbnails
from denoiser.errors import DenoiserError
from denoiser.noise.base import Noise

RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (24, 32, 3), dtype=np.uint16)
FLOATS = RNG.random((24, 32, 3), dtype=np.float32)


def planes(pixels):
    return pixels.transpose(2, 0, 1)


def sixteen_bit_png(path, pixels):
    import imagecodecs

    path.write_bytes(imagecodecs.png_encode(pixels))


def stored(path):
    return own_depth.stored([path])[path]


def read(path, channels=3):
    return own_depth.read([path], channels, [stored(path)])


@pytest.fixture
def mixed(tmp_path):
    """Pictures of every depth and their values, white as 1."""
    folder, eight = tmp_path / "mixed", (DEEP >> 8).astype(np.uint8)
    folder.mkdir()
    Image.fromarray(eight).save(folder / "a.png")
    sixteen_bit_png(folder / "b.png", DEEP)
    tifffile.imwrite(folder / "c.tif", DEEP, photometric="rgb")
    tifffile.imwrite(folder / "d.tif", FLOATS, photometric="rgb")
    tifffile.imwrite(folder / "e.tif", FLOATS.astype(np.float64), photometric="rgb")
    values = {"a": eight / 255, "b": DEEP / 65535, "c": DEEP / 65535, "d": FLOATS, "e": FLOATS}
    return folder, {key: planes(value.astype(np.float32)) for key, value in values.items()}


@pytest.mark.parametrize("cache_gb", [4, 0])
def test_values_between_the_levels_of_8_bits_reach_the_network(mixed, protocol, cache_gb):
    folder, expected = mixed
    pictures = Folder(folder, **protocol(Noise()), channels=3, cache_gb=cache_gb).pictures("all")
    kinds = [torch.uint8, torch.uint16, torch.uint16, torch.float32, torch.float32]
    assert [image.dtype for image in pictures.images] == kinds
    frozen, training = FrozenPairs(pictures, Noise(), 0, (None,)), NoisyPairs(pictures, Noise(), 0)
    for index, key in enumerate(pictures.keys):
        for pairs in (frozen, training):
            batch = pairs.__getitems__([index])
            assert batch.clean.dtype == torch.float32
            assert np.abs(batch.clean[0].numpy() - expected[key]).max() < 1e-6
            assert torch.equal(batch.noisy, batch.clean)
    whole = training.__getitems__(range(5)).clean
    assert np.abs(whole.numpy() - np.stack([expected[key] for key in pictures.keys])).max() < 1e-6


def test_crops_of_mixed_depth_are_the_same_with_workers_and_from_temporary_files(mixed, protocol):
    folder, _ = mixed
    held, lazy = (
        Folder(folder, **protocol(), channels=3, patch_size=16, flip=True, cache_gb=gb).pictures("all") for gb in (4, 0)
    )
    assert isinstance(lazy.images, DecodedOnce)
    expected = NoisyPairs(held, Noise(), 0, 16, flip=True).__getitems__(range(20))
    assert len(expected.clean.mul(255).round().sub(expected.clean * 255).abs().gt(0.1).nonzero()) > 1000
    sent = pickle.loads(pickle.dumps(held))
    assert {image.dtype for image in sent.images} == {torch.uint8, torch.uint16, torch.float32}
    for other in (lazy, lazy, sent):  # decoded, then from the files
        assert torch.equal(NoisyPairs(other, Noise(), 0, 16, flip=True).__getitems__(range(20)).clean, expected.clean)


def test_a_picture_smaller_than_its_patch_is_mirrored_at_its_depth():
    from denoiser.noise.camera.camera import Camera

    images = [torch.full((3, 8, 8), 30_000, dtype=torch.uint16), torch.full((3, 8, 8), 0.5)]
    batch = NoisyPairs(Pictures(["a", "b"], images), Camera(), 0, 8).__getitems__([0, 1])
    assert batch.clean.shape == (2, 3, 8, 8) and batch.clean.isfinite().all()


def test_the_cache_counts_true_bytes(mixed):
    folder, _ = mixed
    files = [[path] for path in sorted(folder.iterdir())]
    needed = 24 * 32 * 3 * (1 + 2 + 2 + 4 + 4) / 1e9
    assert isinstance(read_files(files, folder, 3, needed).images, list)
    assert isinstance(read_files(files, folder, 3, needed * 0.999).images, DecodedOnce)


def test_grey_and_colour_by_pillows_weights(tmp_path):
    grey = RNG.integers(0, 65536, (20, 30), dtype=np.uint16)
    sixteen_bit_png(tmp_path / "a.png", grey)
    assert (read(tmp_path / "a.png", 1)[0].numpy() == grey).all()
    assert all((plane.numpy() == grey).all() for plane in read(tmp_path / "a.png"))
    weights = np.array([0.299, 0.587, 0.114])
    sixteen_bit_png(tmp_path / "b.png", DEEP)
    assert np.abs(read(tmp_path / "b.png", 1)[0].numpy() - DEEP @ weights).max() < 2
    white = np.full((8, 8, 3), 65535, np.uint16)
    sixteen_bit_png(tmp_path / "w.png", white)
    assert read(tmp_path / "w.png", 1).unique().tolist() == [65535]
    tifffile.imwrite(tmp_path / "c.tif", FLOATS, photometric="rgb")
    assert np.abs(read(tmp_path / "c.tif", 1)[0].numpy() - FLOATS @ weights).max() < 1e-4


def test_floats_have_the_white_of_denoise_and_stay_in_range(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", FLOATS * 4000 - 100, photometric="rgb")
    picture = read(tmp_path / "a.tif")
    assert picture.min() == 0 and picture.max() == 1
    expected = (FLOATS * 4000 - 100).clip(0) / (FLOATS.max() * 4000 - 100)
    assert np.abs(picture.numpy() - planes(expected)).max() < 1e-5


@pytest.mark.parametrize("clean", ["float", "uint16", "uint8"])
def test_both_pictures_of_a_pair_have_one_scale(tmp_path, protocol, clean):
    """Noise goes beyond white and below black: it must not choose another white for the noisy picture."""
    scale = 100 if clean == "float" else 1
    values = {"float": FLOATS, "uint16": DEEP / 65535, "uint8": (DEEP >> 8) / 255}[clean].astype(np.float32)
    noisy = values + RNG.normal(0, 0.1, values.shape).astype(np.float32)
    for name in ("noisy", "clean"):
        (tmp_path / name).mkdir()
    tifffile.imwrite(tmp_path / "noisy" / "a.tif", noisy * scale, photometric="rgb")
    file = tmp_path / "clean" / "a.tif"
    stored = {"float": FLOATS * scale, "uint16": DEEP, "uint8": (DEEP >> 8).astype(np.uint8)}[clean]
    tifffile.imwrite(file, stored, photometric="rgb")
    white = float(values.max()) if clean == "float" else 1
    data = RealPairs(str(tmp_path / "noisy"), str(tmp_path / "clean"), **protocol(Noise()), channels=3)
    batch = FrozenPairs(data.pictures("all"), None, 0, (None,)).__getitems__([0])
    assert np.abs(batch.noisy[0].numpy() - planes(noisy) / white).max() < 1e-5
    assert np.abs(batch.clean[0].numpy() - planes(values) / white).max() < 1e-5


@pytest.mark.parametrize("clean", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("noisy", ["uint8", "uint16", "float32"])
def test_pairs_of_any_two_depths_are_alike(tmp_path, noisy, clean):
    levels = RNG.integers(0, 256, (12, 14, 3))
    stored = {"uint8": levels.astype(np.uint8), "uint16": (levels * 257).astype(np.uint16)}
    stored["float32"] = (levels / 255).astype(np.float32)
    for name, kind in (("noisy", noisy), ("clean", clean)):
        tifffile.imwrite(tmp_path / f"{name}.tif", stored[kind], photometric="rgb")
    pictures = read_files([[tmp_path / "noisy.tif", tmp_path / "clean.tif"]], tmp_path, 3)
    batch = FrozenPairs(pictures, None, 0, (None,)).__getitems__([0])
    assert (batch.noisy - batch.clean).abs().max() < 1e-6
    assert np.abs(batch.clean[0].numpy() - planes(levels) / 255).max() < 1e-6


def test_copies_of_another_depth_are_found():
    smooth = np.kron(RNG.random((3, 6, 6)), np.ones((8, 8)))
    deep = torch.from_numpy((smooth * 65535).round().astype(np.uint16))
    copies = [torch.from_numpy((smooth * 255).round().astype(np.uint8)), torch.from_numpy(smooth.astype(np.float32))]
    original = thumbnails(Pictures(["a"], [deep]), 3)
    for copy in copies:
        assert match_thumbnails(original, thumbnails(Pictures(["b"], [copy]), 3)) == [(0, 0)]
        assert details_match(deep, copy) and not details_match(deep, copy.flip(-1))


def test_what_cannot_be_read_says_what_it_is(tmp_path):
    values = FLOATS.copy()
    values[3, 4] = np.nan
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb")
    with pytest.raises(DenoiserError, match=r"3 values are NaN or infinite .*a\.tif"):
        read(tmp_path / "a.tif")
    (tmp_path / "b.png").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DenoiserError, match=r"a HEIC picture.*b\.png"):
        stored(tmp_path / "b.png")


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_arrays_are_read_like_pictures(kind, tmp_path):
    array = (RNG.random((20, 30, 3)) * (1 if kind == "float32" else np.iinfo(kind).max)).astype(kind)
    np.save(tmp_path / "x.npy", array)
    assert stored(tmp_path / "x.npy") == (20, 30, 8 * array.itemsize, False)
    np.testing.assert_array_equal(read(tmp_path / "x.npy"), array.transpose(2, 0, 1))


def test_arrays_and_integers_of_32_bits_are_read_as_denoise_reads_them(tmp_path, protocol):
    np.save(tmp_path / "a.npy", (DEEP >> 8).astype(np.uint8))
    np.save(tmp_path / "b.npy", FLOATS)
    tifffile.imwrite(tmp_path / "c.tif", DEEP[..., 0].astype(np.uint32) * 65537, photometric="minisblack")
    pictures = Folder(tmp_path, **protocol(), channels=3).pictures("all")
    assert np.array_equal(pictures.images[0], planes(DEEP >> 8)) and pictures.images[0].dtype == torch.uint8
    assert np.array_equal(pictures.images[1], planes(FLOATS))
    assert np.abs(pictures.images[2].numpy() - DEEP[..., 0] / DEEP[..., 0].max()).max() < 1e-5


@pytest.mark.parametrize("pixels", [DEEP, (DEEP >> 8).astype(np.uint8)], ids=["16 bits", "8 bits"])
def test_several_pictures_in_a_file_are_refused_and_none_is_left_out(tmp_path, pixels):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([pixels, pixels[::-1]]), photometric="rgb")
    with pytest.raises(DenoiserError) as raised:
        stored(tmp_path / "a.tif")
    what = "2 pages in one file, of which training and evaluation read none"
    assert raised.value.what == f"{what} ({tmp_path / 'a.tif'})"
    assert raised.value.fix.startswith("replace it by a file for each page") and "tiffsplit" in raised.value.fix
