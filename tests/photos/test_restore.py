"""One photo through one model: the values that the model gets, and the photo made from its output."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.errors import DenoiserError
from denoiser.inference import chroma, tiling
from denoiser.inference.picture_model import PictureModel
from denoiser.inference.tile_layout import Tiling
from denoiser.machine import hardware
from denoiser.metrics.luma import LUMA
from denoiser.photos import routes
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer

CPU = torch.device("cpu")
WHITES = {np.uint8: 255, np.uint16: 65535, np.float32: 1.0, np.float64: 3.0}
MIXED = np.array([[0.6, 0.3, 0.0], [0.1, 0.9, -0.1], [0.0, 0.2, 1.1]])  # tells red from blue


class Pointwise(PictureModel):
    """Mixes the channels, or halves the one it has; less the noise level where it takes one."""

    def __init__(self, channels=3, takes_sigma=False, factor=1.0):
        super().__init__()
        self.channels, self.takes_sigma, self.name, self.calls = channels, takes_sigma, "pointwise", []
        self.network = nn.Conv2d(channels, channels, 1, bias=False).requires_grad_(False)
        weight = torch.tensor(MIXED if channels == 3 else [[0.5]], dtype=torch.float32) * factor
        self.network.weight.copy_(weight[..., None, None])

    def function(self, sigma=None, precision="32", channels=None):
        self.calls.append((sigma, precision))
        return super().function(sigma, precision, channels)

    def forward(self, noisy, sigma=None):
        output = self.network(noisy)
        return output if sigma is None else output - sigma.view(-1, 1, 1, 1) / 255


def photo(shape=(37, 29, 3), kind=np.uint8, **details):
    values = np.random.default_rng(0).random(shape) * WHITES[kind]
    values = (np.rint(values) if np.dtype(kind).kind == "u" else values).astype(kind)
    return Photo(values, WHITES[kind], Details("PNG"), **details)


def denoised(restorer, noisy):
    """By the way that is decided for this photo and model."""
    equal = chroma.has_equal_channels(noisy.pixels)
    return restorer(noisy, routes.way(noisy.header, equal, restorer.model.channels, restorer.options))


def restored(noisy, model=None, **options):
    return denoised(Restorer(model or Pointwise(), CPU, Options(**{"precision": "32"} | options)), noisy)


def mixed(noisy, channels):
    """The output expected of the model of so many channels, in the photo's unit."""
    values = noisy.pixels.astype(np.float64)
    if channels == 1:
        return values * 0.5
    return values @ MIXED.T if values.ndim == 3 else values * MIXED.sum() / 3


@pytest.mark.parametrize("kind", WHITES)
@pytest.mark.parametrize("shape", [(37, 29, 3), (41, 23), (1, 1), (1, 300, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_model_takes_any_picture_at_its_own_depth(kind, shape, channels):
    noisy = photo(shape, kind)
    after, exact = restored(noisy, Pointwise(channels)), mixed(noisy, channels)
    assert after.pixels.dtype == kind and after.pixels.shape == shape
    if np.dtype(kind).kind == "u":
        # Half a step, plus 2e-6 of white for sums of float32, whose order is the processor's.
        assert np.abs(after.pixels - np.clip(exact, 0, noisy.white)).max() <= 0.5 + 2e-6 * noisy.white
    else:
        assert np.abs(after.pixels - exact).max() < 1e-5 and (after.pixels < 0).any() == (exact < 0).any()
    assert bool(after.notes) == (channels != noisy.channels)


@pytest.mark.parametrize("texture", [0.0, 0.5])
def test_what_is_far_beyond_white_is_left_and_what_is_beside_it_is_denoised(texture):
    noisy = photo(kind=np.float32)
    noisy.pixels[10, 10] = 500
    after = restored(noisy, texture=texture).pixels
    assert np.array_equal(after[10, 10], noisy.pixels[10, 10])
    assert not (after[9] == noisy.pixels[9]).any()
    assert (after[7, 7:14] != noisy.pixels[7, 7:14]).any(axis=1).all()


def test_all_else_is_kept_and_the_input_is_as_it_was():
    noisy = photo(alpha=np.full((37, 29), 9, np.uint8), notes=("converted from CMYK",))
    noisy.pixels.flags.writeable = False
    before = noisy.pixels.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = restored(noisy, Pointwise(1))
    assert (after.alpha is noisy.alpha, after.details is noisy.details, after.white) == (True, True, 255)
    note = "pointwise is a grey model: of a colour picture it denoised its channels (R, G, B) one by one"
    assert after.notes == ("converted from CMYK", note) and np.array_equal(noisy.pixels, before)


def test_three_equal_channels_are_denoised_as_one():
    grey = Restorer(Pointwise(1), CPU, Options(precision="32"), "grey")
    single = photo((130, 29), kind=np.uint16)
    equal = Photo(np.repeat(single.pixels[..., None], 3, axis=2), 65535, Details("PNG"), single.pixels)
    after = denoised(grey, equal)
    assert np.array_equal(after.pixels, np.repeat(denoised(grey, single).pixels[..., None], 3, axis=2))
    assert after.alpha is equal.alpha
    assert after.notes == ("grey denoised pictures of three equal channels as grey ones",)


def test_strength_and_chroma():
    noisy = photo()
    assert np.array_equal(restored(noisy, strength=0.0).pixels, noisy.pixels)
    half = (noisy.pixels + mixed(noisy, 3)) / 2
    assert np.abs(restored(noisy, strength=0.5).pixels - half.clip(0, 255)).max() <= 0.51
    noisy = photo(kind=np.float32)
    for model in (Pointwise(), Pointwise(1)):
        change = restored(noisy, model, chroma_only=True).pixels - noisy.pixels
        assert np.abs(change @ LUMA).max() < 1e-6 and np.abs(change).max() > 0.02


@pytest.mark.parametrize("channels", [1, 3])
def test_chroma_of_grey_pictures_is_none_and_they_come_back_with_a_note(channels):
    single = photo((37, 29), alpha=np.full((37, 29), 9, np.uint8), notes=("converted",))
    equal = Photo(np.repeat(single.pixels[..., None], 3, axis=2), 255, Details("JPEG", subsampling=(2, 2)))
    for noisy in (single, equal):
        after = restored(noisy, Pointwise(channels), chroma_only=True)
        assert np.array_equal(after.pixels, noisy.pixels) and after.alpha is noisy.alpha
        assert after.notes == (*noisy.notes, "unchanged: a grey picture has no chroma")


@pytest.mark.parametrize(("precision", "expected"), [("auto", "32"), ("32", "32"), ("bf16", "bf16")])
def test_the_least_tile_is_for_the_strictest_precision(monkeypatch, precision, expected):
    asked, fit = [], tiling.fit
    monkeypatch.setattr(tiling, "fit", lambda *given: asked.append(given[1:]) or fit(*given))
    assert Restorer(Pointwise(), CPU, Options(tile=9, precision=precision)).smallest(1) == 64
    assert asked == [(1, CPU, None, expected)]


def test_the_noise_level_is_given_or_estimated_from_each_picture():
    rng = np.random.default_rng(0)
    model = Pointwise(1, takes_sigma=True)
    restorer = Restorer(model, CPU, Options(precision="32"))
    for sigma in (8, 30):
        noisy = Photo((0.5 + rng.normal(0, sigma / 255, (200, 200))).astype(np.float32), 1.0, Details("TIFF"))
        after = denoised(restorer, noisy)
        (note,) = after.notes
        assert note.startswith("estimated noise level: ") and note.endswith(" in grey levels of 255")
        assert float(note.split()[3]) == pytest.approx(sigma, rel=0.1)
        taken_off = (noisy.pixels * 0.5 - after.pixels).mean() * 255
        assert taken_off == pytest.approx(sigma, rel=0.1)
    after = restored(noisy, model, sigma=12)
    assert after.notes == () and (noisy.pixels * 0.5 - after.pixels).mean() * 255 == pytest.approx(12, abs=1e-3)


@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_is_for_8_bits_where_it_is_faster(monkeypatch, fast):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda device: fast and device == "cpu")

    def used(kind, precision="auto"):
        model = Pointwise()
        restored(photo(kind=kind), model, precision=precision)
        return {precision for _, precision in model.calls}

    assert used(np.uint8) == {"bf16" if fast else "32"}
    assert used(np.uint16) == used(np.float32) == used(np.uint8, "32") == {"32"}
    assert used(np.uint16, "bf16") == {"bf16"}


def test_a_tiling_is_fitted_once_and_kept_as_it_ended(monkeypatch):
    fitted, used, fit, denoise = [], [], tiling.fit, tiling.denoise
    monkeypatch.setattr(tiling, "fit", lambda *given: fitted.append(given) or fit(*given))

    def shrinking(function, image, white, planned, device, store):
        used.append(planned.tile)
        denoise(function, image, white, planned, device, store)
        return Tiling(min(planned.tile, 256), planned.overlap)

    monkeypatch.setattr(tiling, "denoise", shrinking)
    restorer = Restorer(Pointwise(), CPU, Options(tile=512, precision="32"))
    notes = [denoised(restorer, noisy).notes for noisy in (photo(), photo(), photo(), photo((9, 9)))]
    assert used == [512, 256, 256, 512] and len(fitted) == 2  # another one for grey pictures
    assert [[note for note in note if "memory" in note] for note in notes[:3]] == [
        ["less memory than expected: tiles of 256 pixels"],
        [],
        [],
    ]


def test_what_is_not_possible_is_said():
    with pytest.raises(DenoiserError, match=r"takes no noise level \(--sigma 25\)\nfix: leave out --sigma"):
        Restorer(Pointwise(), CPU, Options(sigma=25))
    with pytest.raises(DenoiserError, match="output is not finite"):
        restored(photo(kind=np.float32), Pointwise(factor=float("inf")))
    for wrong in (
        {"strength": 2.1},
        {"strength": float("nan")},
        {"texture": 1.1},
        {"texture": float("nan")},
        {"chroma_strength": -0.1},
        {"chroma_strength": float("nan")},
        {"sigma": 0.5},
        {"sigma": -1},
        {"precision": "16"},
    ):
        with pytest.raises(DenoiserError, match="--"):
            Options(**wrong)
