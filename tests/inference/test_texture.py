"""The detail that `--texture` returns: structure and hardly any noise, in any kind of picture."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import texture
from denoiser.inference.function import TileFunction
from denoiser.inference.picture_model import PictureModel
from denoiser.metrics.luma import LUMA
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer
from denoiser.photos.routes import Way
from denoiser.weights import shipped

CPU = torch.device("cpu")
HEIGHT, WIDTH, MIDDLE = 200, 300, 150


class Smooth(PictureModel):
    """Takes means of 7 x 7 pixels, so that fine texture is removed with the noise."""

    takes_sigma, name = False, "smooth"

    def __init__(self, channels=3):
        super().__init__()
        self.channels = channels
        self.network = nn.Conv2d(channels, channels, 1).requires_grad_(False)  # has a device and a data type

    def forward(self, noisy, sigma=None):
        return functional.avg_pool2d(functional.pad(noisy, (3, 3, 3, 3), "replicate"), 7, 1)


def half_textured(amplitude=12.0, correlated=False):
    """A clean picture whose right half has the threads of cloth, and noise for it; both in grey levels `(H, W, 3)`."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    threads = amplitude * np.sin(1.9 * rows) * np.sin(2.1 * columns) * (columns >= MIDDLE)
    noise = torch.from_numpy(rng.normal(0, 10, (3, HEIGHT + 1, WIDTH + 1)))
    noise = 2 * functional.avg_pool2d(noise, 2, 1) if correlated else noise[:, 1:, 1:]
    return 100 + threads[..., None] + np.zeros(3), noise.permute(1, 2, 0).numpy()


def photo_of(values, kind=np.float32, **details):
    white = np.iinfo(kind).max if np.dtype(kind).kind == "u" else 1.0
    pixels = values / 255 * white
    return Photo((np.rint(pixels) if white > 1 else pixels).astype(kind), white, Details("PNG", **details))


def restored(photo, model, way=Way.WHOLE, **options):
    return Restorer(model, CPU, Options(precision="32", **options))(photo, way).pixels


def returned(photo, model, way=Way.WHOLE, share=1.0, **options):
    """What is returned, in grey levels."""
    with_detail, without = (restored(photo, model, way, texture=each, **options) for each in (share, 0.0))
    return (with_detail.astype(float) - without) * 255 / photo.white


def correlation(one, other):
    return (one * other).mean() / np.sqrt(np.square(one).mean() * np.square(other).mean())


@pytest.mark.parametrize("correlated", [False, True])
def test_structure_comes_back_and_noise_does_not(correlated):
    clean, noise = half_textured(correlated=correlated)
    photo, model = photo_of(clean + noise), Smooth()
    detail = returned(photo, model) @ LUMA
    without = restored(photo, model) * 255.0
    lost, luma_noise = (clean - without) @ LUMA, noise @ LUMA
    assert correlation(detail[:, MIDDLE:], lost[:, MIDDLE:]) > 0.8
    assert correlation(detail[:, MIDDLE:], lost[:, MIDDLE:]) > 2 * abs(correlation(detail, luma_noise))
    removed = (photo.pixels * 255.0 - without) @ LUMA
    flat = slice(None, MIDDLE - texture.SIDE)
    assert np.square(detail[:, flat]).mean() < 0.005 * np.square(removed[:, flat]).mean()
    assert np.square(detail[:, MIDDLE:]).mean() > 0.1 * np.square(lost[:, MIDDLE:]).mean()
    better = np.square(without + detail[..., None] - clean).mean() / np.square(without - clean).mean()
    assert better < 0.8


def test_it_is_a_share_of_the_luma_alone():
    clean, noise = half_textured()
    photo = photo_of(clean + noise)
    half, whole = (returned(photo, Smooth(), share=share) for share in (0.5, 1.0))
    assert np.abs(half - whole / 2).max() < 1e-3 < np.abs(whole).max()
    assert np.abs(np.diff(whole, axis=2)).max() < 1e-3


def test_a_picture_without_noise_gets_all_of_its_detail_back():
    clean, _ = half_textured()
    photo = photo_of(clean)
    lost = [np.abs(restored(photo, Smooth(), texture=share) - photo.pixels).max() * 255 for share in (0, 1)]
    assert lost[0] > 9 and lost[1] < 0.5


@pytest.mark.parametrize("way", [Way.AS_COLOUR, Way.ONE_CHANNEL, Way.EACH_CHANNEL, Way.PLANES])
def test_it_comes_back_on_every_way(way):
    clean, noise = half_textured()
    values = clean + noise.mean(axis=2, keepdims=True)
    values = values[..., 0] if way is Way.AS_COLOUR else values
    photo = photo_of(values, np.uint8, subsampling=(2, 2) if way is Way.PLANES else (1, 1))
    detail = returned(photo, Smooth(3 if way is Way.AS_COLOUR else 1), way)
    detail = detail if detail.ndim == 2 else detail.mean(axis=2)
    assert np.square(detail[:, MIDDLE:]).mean() > 20 * np.square(detail[:, : MIDDLE - texture.SIDE]).mean() > 0


def test_nothing_comes_back_where_no_luma_was_removed():
    clean, noise = half_textured()
    photo = photo_of(clean + noise, np.uint8)
    for colour in (0, 1):
        options = {"strength": 0, "chroma_strength": colour}
        assert np.array_equal(Smooth()(photo.pixels, texture=1.0, **options), Smooth()(photo.pixels, **options))
    assert returned(photo, Smooth(), strength=0.5).any()


def test_noise_that_grows_with_brightness_stays_away_from_bright_places():
    rng = np.random.default_rng(0)
    ramp = np.linspace(20, 230, 600)[None, :, None] + np.zeros((300, 1, 3))
    noise = rng.normal(0, 1, ramp.shape) * (1 + ramp / 10)
    photo = photo_of(ramp + noise)
    detail = returned(photo, Smooth())[16:-16, 16:-16]
    share = np.square(detail).mean(axis=(0, 2)) / np.square(noise[16:-16, 16:-16] @ LUMA).mean(axis=0)
    assert share.reshape(8, -1).mean(axis=1).max() < 0.02
    flat = texture.measure(Smooth().forward, photo.pixels, 1.0, CPU)
    assert (flat.brightness.diff() > 0).all() and flat.factor[-1] > 10 * flat.factor[0]


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (9, 7, 3), (17, 300, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float64])
def test_any_picture_can_have_it(shape, kind):
    photo = photo_of(np.random.default_rng(0).normal(100, 10, shape), kind)
    after = restored(photo, Smooth(1 if len(shape) == 2 else 3), texture=1, strength=2)
    assert after.shape == shape and after.dtype == kind and np.isfinite(after).all()


def test_tiles_are_the_whole():
    clean, noise = half_textured()
    photo = photo_of(np.tile(clean + noise, (2, 2, 1)))
    smallest = Restorer(Smooth(), CPU, Options(precision="32", texture=1)).smallest(3)
    assert smallest < 300
    whole, tiles = (restored(photo, Smooth(), texture=1, tile=tile) for tile in (1024, smallest))
    assert np.abs(whole - tiles).max() < 1e-4


def test_windows_add_up_to_the_picture():
    everything = texture.NoiseSpectrum(torch.zeros(texture.SIDE**2), torch.tensor([0.0, 1.0]), torch.ones(2))
    plane = torch.randn(1, 1, 37, 53, generator=torch.Generator().manual_seed(0))
    plane = plane - functional.avg_pool2d(functional.pad(plane, (8,) * 4, "reflect"), 17, 1)
    again = texture._detail(plane, plane, everything)
    assert (again - plane).square().mean() < 0.02 * plane.square().mean()  # brightness is left out


def test_tiles_begin_where_windows_begin():
    function = texture.returned(TileFunction(lambda noisy: noisy, multiple=12, receptive_field=9), 1.0, texture.usual())
    assert function.multiple == 24 and function.receptive_field == 9 + 2 * texture.SIDE
    exact = TileFunction(lambda noisy: noisy, exact=lambda noisy: noisy + 1)
    both = texture.returned(exact, 1.0, texture.usual())
    assert both.exact(torch.zeros(1, 1, 8, 8)).mean() > 0.5 > both(torch.zeros(1, 1, 8, 8)).mean() == 0


@pytest.mark.skipif("photo" not in shipped.NAMES, reason="photo does not ship")
def test_a_strong_setting_of_a_network_keeps_cloth_with_it():
    from denoiser.weights.load import load

    clean, noise = half_textured(20)
    photo = photo_of((clean + 1.5 * noise).round().clip(0, 255), np.uint8)
    outputs = (restored(photo, load("photo"), strength=2, texture=share) for share in (1, 0))
    with_detail, without = (np.square((output - clean) @ LUMA)[:, MIDDLE:].mean() for output in outputs)
    assert with_detail < 0.8 * without, (with_detail, without)
