"""What is far brighter than the rest: never worse than it came, wherever it lies, and all else as without it."""

import numpy as np
import pytest
import torch
from helpers.lively import tiled
from PIL import Image
from torch import nn

import denoiser
from denoiser.data.photos import FOLDER
from denoiser.inference import exposure, highlights, pipeline
from denoiser.inference.blend import Strengths
from denoiser.inference.function import TileFunction
from denoiser.inference.pipeline import DenoiseSettings
from denoiser.inference.tile_layout import Tiling
from denoiser.weights import shipped

SIDE, RADIUS = 96, 6
ROWS, COLUMNS = np.mgrid[:SIDE, :SIDE]
DISTANCE = np.hypot(ROWS - 40, COLUMNS - 40)
RINGS = ((RADIUS, 8), (8, 12), (12, 20), (20, 32), (32, 60))


@pytest.fixture(scope="module", params=sorted({"photo", "camera"} & set(shipped.NAMES)))
def model(request):
    return denoiser.load(request.param)


@pytest.fixture(scope="module")
def unit():
    """A clean picture from 0 to 1."""
    with Image.open(FOLDER / "astronaut.png") as opened:
        return np.asarray(opened.convert("RGB").crop((150, 60, 150 + SIDE, 60 + SIDE)), np.float32) / 255


def noisy(clean, sigma):
    return (clean + np.random.default_rng(0).normal(0, sigma, clean.shape)).astype(np.float32)


def psnr(picture, clean, where, peak):
    return 10 * np.log10(peak**2 / np.square(picture[where].astype(float) - clean[where]).mean())


def rings(picture, clean, peak):
    return np.array([psnr(picture, clean, (low <= DISTANCE) & (high > DISTANCE), peak) for low, high in RINGS])


@pytest.mark.parametrize(
    ("peak", "sigma", "sun"),
    [(0.5, 0.04, 64), (0.5, 0.04, 1e6), (1, 0.1, 8), (0.05, 0.004, 3), (4095, 150, 80000), (0.5, 0.04, -20)],
)
def test_a_sun_does_no_harm_at_any_distance(model, unit, peak, sigma, sun):
    clean = unit * peak
    before = noisy(clean, sigma)
    with_sun = np.where((DISTANCE < RADIUS)[..., None], np.float32(sun), before)
    after = model(with_sun)
    assert (rings(after, clean, peak) >= rings(before, clean, peak) - 1e-3).all()
    assert (rings(after, clean, peak)[2:] > rings(model(before), clean, peak)[2:] - 2.5).all()
    np.testing.assert_allclose(after[DISTANCE < RADIUS], sun, rtol=1e-6)


def test_one_hot_pixel_changes_only_what_is_near(model, unit):
    clean = unit * 0.5
    before = noisy(clean, 0.04)
    hot = before.copy()
    hot[40, 40], hot[70, 20, 1] = 1e4, -500
    after, without = model(hot), model(before)
    far = (DISTANCE > 12) & (np.hypot(ROWS - 70, COLUMNS - 20) > 12)
    assert psnr(after, clean, far, 0.5) > psnr(without, clean, far, 0.5) - 0.1
    assert (after[40, 40] == 1e4).all() and after[70, 20, 1] == -500


def test_grey_levels_are_as_good_as_fractions(model, unit):
    clean = unit * 4095
    before = noisy(clean, 150)
    assert exposure.white(before) > 2000
    levels, fractions = model(before), model(before / 4095)
    assert psnr(levels, clean, ..., 4095) > psnr(before, clean, ..., 4095) + 4
    assert abs(psnr(levels, clean, ..., 4095) - psnr(fractions, unit, ..., 1)) < 0.01


@pytest.mark.parametrize("sigma", [0, 0.1, 0.5])
def test_pictures_of_the_usual_range_are_seen_as_they_are(unit, sigma):
    bright = noisy(np.sqrt(unit), sigma)
    for picture in (noisy(unit, sigma), bright, bright[..., 0].copy()):
        function = highlights.guard(picture, exposure.white(picture))(TileFunction(lambda x: x))
        x = torch.from_numpy(np.atleast_3d(picture)).movedim(2, 0)[None]
        assert exposure.white(picture) == 1 and function(x) is x


def test_the_network_sees_a_mirror_image_instead_of_what_is_bright():
    picture = np.tile(np.linspace(0.5, 0.6, 200, dtype=np.float32), (200, 1))
    picture[100, 120:140] = -9
    seen = []
    function = highlights.guard(picture, 1.0)(TileFunction(lambda x: seen.append(x) or x))
    x = torch.from_numpy(picture)[None, None]
    assert torch.equal(function(x), x) and len(seen) == 1
    other = picture != -9
    assert np.array_equal(seen[0][0, 0].numpy()[other], picture[other])
    assert np.abs(seen[0][0, 0].numpy() - np.linspace(0.5, 0.6, 200)).max() < 0.01


@pytest.mark.parametrize("kind", ["f4", "u2"])
@pytest.mark.parametrize(("peak", "relative"), [(0.005, 0.1), (0.02, 0.03), (0.1, 0.03)])
def test_a_sun_within_the_range_of_a_dark_picture_does_no_harm(model, unit, peak, relative, kind):
    white = 1 if kind == "f4" else 65535
    clean, sun = unit * peak * white, (DISTANCE < RADIUS)[..., None]
    before = noisy(clean, peak * relative * white)
    before = before if white == 1 else before.round().clip(0)
    after = model(np.where(sun, white, before).astype(kind))
    gain = rings(after, clean, peak * white) - rings(before, clean, peak * white)
    without = rings(model(before.astype(kind)), clean, peak * white) - rings(before, clean, peak * white)
    assert (gain > 0).all() and (gain > without - 3).all()
    assert (after[DISTANCE < RADIUS] == white).all()


@pytest.mark.parametrize(("kind", "hot"), [("u2", 65535), ("i2", 32767), ("f4", 65535)])
def test_a_hot_pixel_in_12_bits_does_no_harm(unit, kind, hot):
    model, clean = denoiser.load("grey"), unit[..., 1] * 3500 + 200
    before = noisy(clean, 100).round().astype(kind)
    with_hot = before.copy()
    with_hot[40, 40] = hot
    after, without = model(with_hot), model(before)
    for low, high in ((1, 2), (2, 8), (8, 20), (20, 60)):
        where = (low <= DISTANCE) & (high > DISTANCE)
        assert psnr(after, clean, where, 4095) > psnr(before, clean, where, 4095)
        assert psnr(after, clean, where, 4095) > psnr(without, clean, where, 4095) - 0.2
    assert round(float(after[40, 40])) == hot


def window(unit, photons):
    """A room with a window that is 20 times as bright, clean and noisy, and which pixels are the window."""
    inside = (ROWS >= 10) & (ROWS < 70) & (COLUMNS >= 20) & (COLUMNS < 80)
    clean = np.where(inside, (0.5 * unit[::-1, ::-1, 1] + 0.3) * 20, 0.5 * unit[..., 1] + 0.02)
    deviation = 0.08 * np.sqrt(clean) if photons else 0.04
    return clean, noisy(clean, deviation), inside


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_a_bright_window_with_strong_noise_is_denoised_apart_from_the_room(unit, kind, model):
    model = denoiser.load("grey") if kind == "grey" else model
    clean, before, inside = window(unit, photons=True)
    if kind == "colour":
        clean = np.repeat(clean[..., None], 3, axis=2)
        before = noisy(clean, 0.08 * np.sqrt(clean))
    after, (note,) = model(before), highlights.guard(before, 1.0).notes
    assert note == "39% of the pixels are far brighter than the rest: they are denoised apart from it"
    assert psnr(after, clean, inside, 16) > psnr(before, clean, inside, 16) + 3
    assert psnr(after, clean, ~inside, 0.5) > psnr(before, clean, ~inside, 0.5) + 5


def test_a_bright_window_with_weak_noise_stays_and_a_note_says_so(unit):
    clean, before, inside = window(unit, photons=False)
    model = denoiser.load("grey")
    after, notes = pipeline.denoise_pixels(model, before, 1.0, DenoiseSettings(None, Strengths(1, 1), 0))
    assert notes == ("39% of the pixels are far brighter than the rest: they stay as they are",)
    np.testing.assert_allclose(after[inside], before[inside], rtol=1e-6)
    assert psnr(after, clean, ~inside, 0.5) > psnr(before, clean, ~inside, 0.5) + 5


def test_the_lights_of_a_usual_photo_and_8_bits_are_seen_as_they_are(unit):
    lights = np.where((DISTANCE < 20)[..., None], 1, unit * 0.05)
    for picture, white in (((lights * 65535).astype(np.uint16), 65535), (lights.astype(np.float32), 1)):
        assert highlights.guard(picture, white) == highlights.Guard()
    sun = np.where((DISTANCE < 3)[..., None], 1, unit * 0.05) * 255
    assert highlights.guard(sun.astype(np.uint8), 255) == highlights.Guard()
    assert highlights.guard((sun * 257).astype(np.uint16), 65535) != highlights.Guard()


def test_a_batch_goes_through_the_bare_network_and_pictures_have_the_guard(unit):
    model, clean = denoiser.load("grey"), unit[..., 1] * 0.5
    before = noisy(clean, 0.04)
    picture = torch.from_numpy(np.where(DISTANCE < RADIUS, np.float32(64), before))[None]
    with torch.no_grad():
        assert torch.equal(model(picture[None]), model.forward(picture[None]))
    assert (rings(model(picture)[0].numpy(), clean, 0.5) >= rings(before, clean, 0.5)).all()


def test_tiles_agree_with_the_whole(unit):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1)).requires_grad_(
        False
    )
    picture = np.tile(noisy(unit, 0.04), (2, 2, 1))
    picture[90:110, 90:110], picture[30, 128] = 64, 1e5
    function = highlights.guard(picture, 1.0)(TileFunction(network))
    planes = torch.from_numpy(picture).movedim(2, 0)
    cut, whole = (tiled(function, planes, Tiling(side, 32))[0] for side in (64, 4096))
    assert ((cut - whole).abs() / whole.abs().clamp(min=1)).max() < 1e-5


@pytest.mark.parametrize("share", [0.001, 0.3, 0.45])
def test_the_scale_is_that_of_most_values(share):
    rng = np.random.default_rng(0)
    for scale in (1, 255, 4095):
        picture = scale * np.sort(rng.random((64, 64)))
        changed = picture.copy()
        changed.ravel()[: int(share * changed.size)] = 1e5
        assert exposure.white(changed) < 5 * exposure.white(picture) and exposure.scale(changed) < 5 * scale
    assert exposure.scale(np.zeros((3, 3))) == 0 and exposure.white(np.zeros((3, 3))) == 1


def test_black_that_has_no_noise_does_not_count():
    picture = np.random.default_rng(0).poisson(40, (64, 64)) / 50
    masked = np.where(np.arange(64) < 40, 0, picture)
    assert exposure.scale(masked) > 0.9 * exposure.scale(picture) > 0.9


def test_what_is_hidden_has_no_part_in_it():
    picture, alpha = np.full((8, 8, 3), 900.0), np.ones((8, 8))
    picture[:6], alpha[:6] = 0.5, 0
    assert exposure.white(picture) == 1 and exposure.white(picture, alpha) == 900


@pytest.mark.parametrize(("peak", "ratio"), [(3, 10), (4095, 10), (4095, 20), (4095, 90)])
def test_bright_cells_on_a_dark_ground_are_denoised_unless_they_are_suns_to_the_noise(peak, ratio):
    """Up to where the network would make them worse; the ground is denoised beside both."""
    model, sigma = denoiser.load("grey"), peak / ratio
    cells = np.zeros((SIDE, SIDE), bool)
    for y, x in np.random.default_rng(1).integers(8, SIDE - 8, (12, 2)):
        cells |= np.hypot(ROWS - y, COLUMNS - x) < 9
    clean = peak * np.where(cells, 0.8 + 0.1 * np.sin(ROWS / 3), 0.01)
    before = noisy(clean, sigma)
    after = model(before)
    gain, ground = (psnr(after, clean, w, peak) - psnr(before, clean, w, peak) for w in (cells, ~cells))
    assert ground > 3 and (gain > 3 if ratio < 30 else -0.2 < gain < 0.2)
