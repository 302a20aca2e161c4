"""Strength above 1, and luma and chroma apart: what is computed, and what it does to noise."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import chroma, strength
from denoiser.inference.blend import Strengths
from denoiser.inference.function import TileFunction
from denoiser.inference.picture_model import PictureModel
from denoiser.metrics.luma import LUMA
from denoiser.photos import restore
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer
from denoiser.photos.routes import Way
from denoiser.weights import shipped

CPU = torch.device("cpu")


class Blur(PictureModel):
    """Moves pixels towards the mean of 3 x 3, the more the noisier they look or the higher the level is."""

    takes_sigma, name = False, "blur"

    def __init__(self, channels=3, takes_sigma=False):
        super().__init__()
        self.channels, self.takes_sigma, self.levels = channels, takes_sigma, []
        self.network = nn.Conv2d(channels, channels, 1).requires_grad_(False)  # has a device and a data type

    def forward(self, noisy, sigma=None):
        self.levels += [] if sigma is None else sigma.tolist()
        removed = noisy - self.mean(noisy, 3)
        share = 5 * self.mean(removed.abs(), 9) if sigma is None else sigma.view(-1, 1, 1, 1) / 100
        return noisy - share.clamp(max=1) * removed

    @staticmethod
    def mean(noisy, side):
        return functional.avg_pool2d(functional.pad(noisy, (side // 2,) * 4, "replicate"), side, 1)


def noisy_photo(shape=(70, 90, 3), kind=np.uint8, white=255, **details):
    rng = np.random.default_rng(0)
    values = white * (0.5 + rng.normal(0, 0.05, shape))
    return Photo(
        (np.rint(values) if np.dtype(kind).kind == "u" else values).astype(kind), white, Details("PNG", **details)
    )


def subsampled(photo):
    """The photo with chroma whose noise is independent in samples of 2 x 2 pixels."""
    luma, *planes = chroma.split(photo.pixels, (1, 1))
    shared = (luma, *(plane[::2, ::2].copy() for plane in planes))
    black = tuple(np.full_like(plane, 0 if plane is luma else 128) for plane in shared)
    pixels = chroma.change(black, shared, (2, 2), slice(0, len(luma))).transpose(1, 2, 0) * 255
    return Photo(pixels.round().clip(0, 255).astype(np.uint8), 255, Details("JPEG", subsampling=(2, 2)))


def restored(photo, model, way=Way.WHOLE, **options):
    return Restorer(model, CPU, Options(precision="32", **options))(photo, way)


def left(photo, *args, **options):
    """Deviation of luma and of chroma after denoising, in grey levels: the photo without noise is one grey."""
    pixels = restored(photo, *args, **options).pixels.astype(float) * 255 / photo.white
    luma = pixels @ LUMA
    return luma.std(), np.sqrt(np.square(pixels - luma[..., None]).mean())


@pytest.mark.parametrize("value", [None, 0.5, 1, 2])
def test_it_is_the_formula(value):
    photo, model = noisy_photo(kind=np.float32, white=1.0), Blur()
    x = torch.from_numpy(photo.pixels).permute(2, 0, 1)[None]
    once = model.forward(x)
    rows, columns = (torch.arange(side) - by for side, by in zip(x.shape[2:], strength.SHIFT, strict=True))
    rows, columns = rows.abs(), columns.abs()  # reflected at the border
    added = 2**0.5 * (x - once)[..., rows[:, None], columns]
    twice = (model.forward(once + added) + model.forward(once - added)) / 2
    steps = {0.5: (once - x) / 2 + x, 1: once, 2: twice, 1.5: (once + twice) / 2}
    colour, grey = (steps[each][0].permute(1, 2, 0).numpy() for each in (1.5 if value is None else value, 1.5))
    expected = colour + ((grey - colour) @ np.array(LUMA))[..., None]
    got = restored(photo, model, strength=1.5, chroma_strength=value).pixels
    assert np.abs(got - expected).max() < 1e-5


@pytest.mark.parametrize("way", [Way.WHOLE, Way.EACH_CHANNEL, Way.PLANES])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_more_noise_goes_from_0_to_2_in_luma_and_in_chroma_apart(way, kind):
    if way is Way.PLANES and kind is np.float32:
        pytest.skip("a JPEG has integers")
    photo = noisy_photo(kind=kind, white=255 if kind is np.uint8 else 1.0)
    photo = subsampled(photo) if way is Way.PLANES else photo
    model, values = Blur(3 if way is Way.WHOLE else 1), (0, 0.5, 1, 1.5, 2)
    both = [left(photo, model, way, strength=value) for value in values]
    luma = [left(photo, model, way, strength=value, chroma_strength=1) for value in values]
    colour = [left(photo, model, way, chroma_strength=value) for value in values]
    step = 0.02 * both[0][0]
    assert (np.diff([each[0] for each in both]) < -step).all(), both
    assert (np.diff([each[1] for each in both]) < -step).all(), both
    assert (np.diff([each[0] for each in luma]) < -step).all() and np.ptp([each[1] for each in luma]) < step
    assert (np.diff([each[1] for each in colour]) < -step).all() and np.ptp([each[0] for each in colour]) < step


def test_it_is_continuous_at_1():
    photo, model = noisy_photo(kind=np.float32, white=1.0), Blur()
    at_1 = restored(photo, model).pixels
    for near in (1 - 1e-6, 1 + 1e-6):
        assert np.abs(restored(photo, model, strength=near).pixels - at_1).max() < 1e-5


def test_chroma_only_is_strength_0_and_chroma_strength_1():
    for photo, way, model in (
        (noisy_photo(), Way.WHOLE, Blur()),
        (noisy_photo(), Way.EACH_CHANNEL, Blur(1)),
        (noisy_photo(subsampling=(2, 2)), Way.PLANES, Blur(1)),
    ):
        by_name = restored(photo, model, way, chroma_only=True).pixels
        assert np.array_equal(by_name, restored(photo, model, way, strength=0, chroma_strength=1).pixels)
        assert (by_name != photo.pixels).any()
    assert Options(chroma_only=True, strength=1.5).strengths == (0, 1.5)


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ({}, {20}),
        ({"strength": 0.5}, {20}),
        ({"strength": 1.5}, {30}),
        ({"strength": 0.5, "chroma_strength": 2}, {20, 40}),
    ],
)
def test_a_network_that_takes_a_level_gets_it_times_the_strength(options, levels):
    photo, model = noisy_photo(), Blur(3, takes_sigma=True)
    restorer = Restorer(model, CPU, Options(precision="32", sigma=20, **options))
    restorer.smallest(3)
    restorer(photo, Way.WHOLE)
    model.levels.clear()
    after = restorer(photo, Way.WHOLE).pixels
    assert {round(level) for level in model.levels} == levels
    if options.get("chroma_strength"):
        half, twice = (restored(photo, model, sigma=20, strength=value).pixels for value in (0.5, 2))
        assert np.abs((after - half.astype(float)) @ LUMA).max() < 1
        assert np.abs(np.diff(after - twice.astype(float), axis=2)).max() <= 2


def test_an_estimated_level_is_multiplied_too():
    photo, model = noisy_photo(), Blur(3, takes_sigma=True)
    after = restored(photo, model, strength=2)
    (note,) = after.notes
    assert max(model.levels[-1:]) == pytest.approx(2 * float(note.split()[3]), abs=0.1)


@pytest.mark.parametrize("way", [Way.WHOLE, Way.AS_COLOUR, Way.ONE_CHANNEL])
def test_grey_pictures_have_no_chroma_and_a_note_says_so(way):
    photo = noisy_photo((70, 90))
    if way is Way.ONE_CHANNEL:
        photo = Photo(np.repeat(photo.pixels[..., None], 3, axis=2), 255, photo.details)
    model = Blur(3 if way is Way.AS_COLOUR else 1)
    plain, after = restored(photo, model, way), restored(photo, model, way, chroma_strength=2)
    assert np.array_equal(after.pixels, plain.pixels)
    assert set(after.notes) - set(plain.notes) == {restore.NO_CHROMA}
    assert restore.NO_CHROMA not in restored(noisy_photo(), Blur(), chroma_strength=2).notes


def test_float_pictures_keep_what_is_brighter_than_white():
    photo = noisy_photo(kind=np.float32, white=1.0)
    bright = photo.with_pixels(photo.pixels + np.float32(8))
    normal, moved = (restored(each, Blur(), strength=2).pixels for each in (photo, bright))
    assert moved.min() > 8 and np.abs(moved - 8 - normal).max() < 1e-4


@pytest.mark.parametrize("shape", [(1, 1), (1, 30, 3), (40, 2, 3)])
def test_pictures_smaller_than_the_shift(shape):
    after = restored(noisy_photo(shape), Blur(1 if len(shape) == 2 else 3), strength=2)
    assert after.pixels.shape == shape


@pytest.mark.parametrize("levels", [False, True])
def test_tiles_are_the_whole(levels):
    photo, options = noisy_photo((400, 300, 3), np.float32, 1.0), {"strength": 2, "chroma_strength": 1.5}
    options |= {"sigma": 50} if levels else {}
    model = Blur(3, takes_sigma=levels)
    smallest = Restorer(model, CPU, Options(precision="32", **options)).smallest(3)
    assert smallest < 300
    whole, tiles = (restored(photo, model, tile=tile, **options).pixels for tile in (512, smallest))
    assert np.abs(whole - tiles).max() < 1e-4


def test_the_receptive_field_is_that_of_all_passes():
    function = TileFunction(lambda noisy: noisy, receptive_field=5)
    assert strength.for_blind(function, Strengths(1, 1)) is function
    assert strength.for_blind(function, Strengths(1, 1.5)).receptive_field == 2 * (5 + max(strength.SHIFT))
    unknown = TileFunction(lambda noisy: noisy, exact=lambda noisy: noisy + 1)
    both = strength.for_blind(unknown, Strengths(2, 2))
    assert (
        both.receptive_field is None
        and both.exact(torch.zeros(1, 1, 4, 4)).mean() != both(torch.zeros(1, 1, 4, 4)).mean()
    )


@pytest.mark.skipif("camera" not in shipped.NAMES, reason="camera does not ship")
def test_more_of_a_cameras_noise_goes_and_the_brightness_stays():
    from denoiser.weights.load import load

    rng = np.random.default_rng(0)
    white_noise = torch.from_numpy(rng.normal(0, 12, (1, 3, 130, 130)).astype(np.float32))
    correlated = functional.avg_pool2d(white_noise, 2, 1)[0].permute(1, 2, 0).numpy()
    rows, columns = np.mgrid[:129, :129] // 40
    clean = (60 + 40 * ((rows + columns) % 4))[..., None] + np.zeros(3)
    photo = Photo((clean + correlated).round().clip(0, 255).astype(np.uint8), 255, Details("PNG"))
    outputs = [restored(photo, load("camera"), strength=value).pixels.astype(float) for value in (0, 1, 2)]
    grain = [np.abs(np.diff(output[5:35, 5:35], axis=1)).mean() for output in outputs]
    assert (np.diff(grain) < 0).all(), grain
    assert max(np.abs((output - outputs[0]).mean()) for output in outputs) < 0.5
