"""Which model a photo gets, and by which way."""

from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.checkpoints import tiny, write_export
from helpers.dimmer import run
from PIL import Image
from spandrel.architectures.DnCNN import DnCNN

from denoiser.data.images.formats.photo import Details, Header, Photo
from denoiser.errors import DenoiserError
from denoiser.photos import model_choice, restore
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.noise_measure import MeasuredNoise
from denoiser.photos.options import Options
from denoiser.weights import shipped

CPU = torch.device("cpu")
UNET = {"_target_": "denoiser.models.unet.UNet", "widths": [2], "blocks": [1]}
CHANNELS = {"photo": 3, "grey": 1, "camera": 3}
COLOUR, GREY = Header(9, 9, 3, 8, "PNG"), Header(9, 9, 1, 8, "PNG")
SUBSAMPLED = Header(9, 9, 3, 8, "JPEG", subsampling=(2, 2))


@pytest.fixture
def ships(tmp_path, monkeypatch):
    """Makes a package that ships tiny networks of these names; returns its folder."""

    def make(*names):
        folder = tmp_path / "package" / "weights"
        for name in names:
            network = {**UNET, "channels": CHANNELS[name]}
            model = tiny(network=network, channels=CHANNELS[name], name="unet", trained_sigma=[0, 55])
            write_export(model, folder / name, True)
        monkeypatch.setattr(shipped, "FOLDER", folder)
        monkeypatch.setattr(shipped, "NAMES", tuple(sorted(names)))
        monkeypatch.chdir(tmp_path)
        return folder

    return make


@pytest.fixture
def dncnn(tmp_path):
    """Published weights of a grey network that takes a noise level."""
    path = tmp_path / "fdncnn_gray.pth"
    torch.save(DnCNN(in_nc=2, out_nc=1, nc=4, nb=9, act_mode="R", mode="FDnCNN").state_dict(), path)
    return path


CAMERA, WHITE = MeasuredNoise((4.0, 3.0, 5.0), 1.7, False), MeasuredNoise((4.0, 3.0, 5.0), 0.6, True)


def models(options=None, **choice):
    return Models(ModelChoice(**choice), CPU, options or Options())


def refused(call, what, fix):
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{what}[^\n]*\nfix: [^\n]*{fix}") as raised:
        call()
    assert raised.value.code == 2


def test_by_itself_a_picture_gets_what_ships_for_its_channels(ships):
    ships("photo", "grey")
    chosen = models()
    assert [chosen.name(channels) for channels in (1, 3)] == ["grey", "photo"]
    grey, colour = chosen.restorer(1), chosen.restorer(3)
    assert (grey.name, grey.model.channels, colour.name, colour.model.channels) == ("grey", 1, "photo", 3)
    assert chosen.restorer(1) is grey


@pytest.mark.parametrize("only", ["photo", "grey"])
def test_where_one_ships_it_takes_all_pictures(ships, only):
    ships(only)
    chosen = models()
    chosen.check()
    assert chosen.restorer(1) is chosen.restorer(3) and chosen.name(1) == chosen.name(3) == only


def test_without_any_one_must_be_named(ships):
    ships()
    refused(models().check, "includes no weights", "--checkpoint RUN_OR_FILE")
    refused(lambda: ModelChoice(model="photo"), "no included weights have that name", "--checkpoint")


def test_what_is_named_takes_all_pictures(ships, dncnn, tmp_path):
    ships("photo", "grey")
    named = models(model="grey")
    assert named.restorer(3) is named.restorer(1) and named.restorer(3).name == "grey"
    mine = write_export(tiny(), tmp_path / "mine", False)
    trained = models(checkpoint=mine)
    assert (trained.name(3), trained.restorer(3).name) == (str(mine), "mine")
    shipped = models(checkpoint="photo").restorer(1)
    assert (shipped.name, shipped.model.channels) == ("photo", 3)
    published = models(Options(sigma=25), weights=dncnn)
    assert (published.restorer(3).name, published.restorer(3).model.takes_sigma) == ("fdncnn_gray", True)


def test_a_command_is_refused_before_its_first_picture(ships, dncnn, tmp_path):
    folder = ships("photo", "grey")
    refused(lambda: ModelChoice(model="photo", weights=dncnn), "several models.*--model --weights", "--model alone")
    refused(lambda: ModelChoice(model="foto"), "photo", "--model photo")
    (tmp_path / "run").mkdir()
    refused(lambda: ModelChoice(model="run"), "no included weights have that name", "--checkpoint run")
    refused(models(checkpoint=Path("rum")).check, "no such checkpoint", "run")
    refused(models(weights=Path("none.pth")).check, "none.pth", "")
    refused(models(Options(sigma=25)).check, "photo takes no noise level", "leave out --sigma")
    damaged = folder / "grey.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    refused(models().check, "sha256", "install")


@pytest.mark.parametrize("named", [{}, {"model": "photo"}, {"model": "grey"}])
def test_a_tile_that_is_too_small_for_any_picture_is_refused_before_the_first(ships, named):
    ships("photo", "grey")
    chosen = models(**named)
    least = {channels: chosen.restorer(channels).smallest(channels) for channels in (1, 3)}
    refused(
        models(Options(tile=40), **named).check,
        "a tile of 40 is smaller",
        f"--tile {max(least.values())}$",
    )
    models(Options(tile=max(least.values())), **named).check()


def test_the_fix_is_enough_for_every_model(ships, monkeypatch):
    ships("photo", "grey")
    monkeypatch.setattr(restore.Restorer, "smallest", lambda self, channels: 300 if self.name == "grey" else 200)
    for tile in (100, 250, 299):
        refused(models(Options(tile=tile)).check, f"a tile of {tile} ", "--tile 300$")
    models(Options(tile=300)).check()


def test_names_alone_load_nothing(ships, monkeypatch):
    ships("photo", "grey")
    monkeypatch.setattr(model_choice.Models, "_load", lambda self, name: pytest.fail("a model was loaded"))
    assert models(model="grey").name(3) == "grey" and models(weights=Path("a.pth")).name(1) == "a.pth"


def test_a_photo_with_white_noise_gets_the_model_that_has_learned_it(ships):
    ships("photo", "grey")
    automatic, named = models(), models(model="photo")
    assert [str(automatic.route(header)) for header in (GREY, COLOUR, SUBSAMPLED)] == [
        "model grey",
        "model photo",
        "model grey, luma and chroma (Y, Cb, Cr) one by one",
    ]
    assert str(automatic.route(COLOUR, equal_channels=True)) == "model grey, one of the three equal channels"
    assert str(named.route(SUBSAMPLED)) == named.routes(COLOUR) == "model photo"
    assert automatic.routes(COLOUR) == "model photo, or model grey if its three channels are equal"
    assert str(named.route(GREY)) == "model photo, as three equal channels"


def test_a_photo_with_another_noise_gets_the_model_for_cameras_unless_one_is_named(ships):
    ships("photo", "grey", "camera")
    automatic, named = models(), models(model="photo")
    assert [str(automatic.route(header, noise=CAMERA)) for header in (GREY, COLOUR, SUBSAMPLED)] == [
        "model camera, as three equal channels",
        "model camera",
        "model camera",
    ]
    assert str(automatic.route(COLOUR, True, CAMERA)) == "model camera, one of the three equal channels"
    assert [str(automatic.route(header, noise=WHITE)) for header in (GREY, COLOUR)] == ["model grey", "model photo"]
    assert str(named.route(COLOUR, noise=CAMERA)) == "model photo"
    white = "model grey, luma and chroma (Y, Cb, Cr) one by one"
    assert automatic.routes(SUBSAMPLED) == f"model camera; if its noise is white: {white}"
    assert models(Options(chroma_only=True)).routes(GREY).startswith("model camera, unchanged")


def test_a_photo_is_denoised_by_the_model_for_its_noise_and_the_noise_is_noted(ships, monkeypatch):
    ships("photo", "grey", "camera")
    photo = Photo(np.full((16, 16, 3), 99, np.uint8), 255, Details("PNG"))
    for noise, name in ((CAMERA, "camera"), (WHITE, "photo")):
        chosen = models()
        monkeypatch.setattr(chosen, "measured", lambda photo, equal, noise=noise: noise)
        after, used = chosen.denoise(photo.with_pixels(photo.pixels + np.arange(3, dtype=np.uint8)))
        assert used == name and str(noise) in after.notes


def test_a_note_says_where_most_of_the_noise_is_left(ships, monkeypatch):
    ships("photo", "grey", "camera")
    photo = Photo(np.arange(768, dtype=np.uint8).reshape(16, 16, 3), 255, Details("PNG"))
    for named, options, fix in (
        ({}, {}, "--strength 1.5"),
        ({"model": "photo"}, {}, "leave out the model"),
        ({}, {"strength": 0.1}, None),
    ):
        chosen = models(Options(**options), **named)
        monkeypatch.setattr(chosen, "measured", lambda photo, equal: MeasuredNoise((500.0,) * 3, 2.0, False))
        notes = [note for note in chosen.denoise(photo)[0].notes if "of 500.0 grey levels" in note]
        assert (notes == []) if fix is None else notes[0].endswith(f"try: {fix}")
        monkeypatch.setattr(chosen, "measured", lambda photo, equal: MeasuredNoise((0.5,) * 3, 2.0, False))
        assert not [note for note in chosen.denoise(photo)[0].notes if "grey levels (of 255) of noise" in note]


def test_one_note_says_that_a_colour_model_leaves_noise_in_a_grey_picture(ships, monkeypatch):
    ships("photo", "grey", "camera")
    chosen = models(model="photo")
    monkeypatch.setattr(chosen, "measured", lambda photo, equal: MeasuredNoise((500.0,), 2.0, False))
    photo = Photo(np.arange(256, dtype=np.uint8).reshape(16, 16), 255, Details("PNG"))
    (note,) = chosen.denoise(photo)[0].notes
    assert note == "photo denoised grey pictures as three equal channels (much of the noise stays); use --model grey"


def test_without_weights_for_cameras_nothing_is_measured(ships):
    ships("photo", "grey")
    photo = Photo(np.zeros((16, 16, 3), np.uint8), 255, Details("PNG"))
    assert models().measured(photo) is None
    assert not [note for note in models().denoise(photo)[0].notes if "deviation" in note]


def test_the_noise_of_a_photo_is_measured_even_where_a_model_takes_a_level(ships, dncnn):
    ships("photo", "grey", "camera")
    photo = Photo(np.zeros((64, 64), np.uint8), 255, Details("PNG"))
    assert (
        str(models(Options(sigma=25), weights=dncnn).measured(photo))
        == "measured noise: below 0.3 in grey levels of 255"
    )


def test_a_tiny_photo_is_not_measured(ships):
    ships("photo", "grey", "camera")
    for shape in ((1, 300, 3), (300, 15, 3)):
        photo = Photo(np.zeros(shape, np.uint8), 255, Details("PNG"))
        assert models().measured(photo) is None and not [n for n in models().denoise(photo)[0].notes if "measured" in n]


@pytest.mark.parametrize("named", [[], ["--model", "photo"]])
@pytest.mark.parametrize("noise", [WHITE, CAMERA], ids=["white", "camera"])
def test_a_dry_run_names_the_models_of_the_real_run(noise, named, ships, tmp_path, capsys, monkeypatch):
    ships("photo", "grey", "camera")
    colours = np.random.default_rng(0).integers(60, 200, (16, 20, 3), np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(colours).save("in/a.png")
    Image.fromarray(np.repeat(colours[..., :1], 3, axis=2)).save("in/equal.png")
    Image.fromarray(colours[..., 0]).save("in/grey.png")
    Image.fromarray(colours).save("in/jpeg.jpg", quality=95, subsampling="4:2:0")
    used, route = {}, Models.route

    def recorded(self, header, equal_channels=False, noise=None):
        chosen = used[header.format, header.channels, equal_channels] = route(self, header, equal_channels, noise)
        return chosen

    monkeypatch.setattr(Models, "measured", lambda self, photo, equal_channels=False: noise)
    monkeypatch.setattr(Models, "route", recorded)
    by_header, by_pixels = [], []
    for lines, flags in ((by_header, ["--dry-run"]), (by_pixels, ["--dry-run", "-v"]), ([], [])):
        used.clear()
        assert run("in", "-o", "out", *flags, *named) == 0
        lines += [line.partition(" 8 bits, ")[2] for line in capsys.readouterr().out.splitlines()]
    routes = [used[key] for key in (("PNG", 3, False), ("PNG", 3, True), ("PNG", 1, False), ("JPEG", 3, False))]
    assert len(by_header) == len(by_pixels) == len(routes)
    white = ["photo", "grey", "grey", "grey"] if noise is WHITE else ["camera"] * 4
    assert [each.model for each in routes] == (["photo"] * 4 if named else white)
    for header, pixels, real in zip(by_header, by_pixels, routes, strict=True):
        assert pixels == f"{real}; {noise})"
        certain, _, if_white = header.partition("; if its noise is white: ")
        assert real.model in (if_white if noise is WHITE and not named else certain)


@pytest.mark.skipif(not {"photo", "grey", "camera"} <= set(shipped.NAMES), reason="not all models ship")
@pytest.mark.parametrize("peak", [0.5, 4095])
def test_a_sun_changes_neither_the_model_nor_the_noise_that_is_measured(peak):
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :80] / 9
    clean = peak * (0.5 + 0.4 * np.stack([np.sin(rows), np.cos(columns), np.sin(rows + columns)], axis=2))
    noisy = (clean + peak * rng.normal(0, 0.08, clean.shape)).astype(np.float32)
    with_sun = noisy.copy()
    with_sun[30:36, 30:36] = 128 * peak
    photos = [Photo(pixels, float(pixels.max()), Details("TIFF")) for pixels in (noisy, with_sun)]
    shipping = Models(ModelChoice(), torch.device("cpu"), Options(precision="32"))
    one, other = (shipping.noise_of(photo) for photo in photos)
    assert np.abs(np.divide(one.deviation, other.deviation) - 1).max() < 0.1
    denoised, name = shipping.denoise(photos[1])
    assert (name, denoised.white) == ("photo", photos[1].white)
    beside = np.ones(clean.shape[:2], bool)
    beside[30:36, 30:36] = False
    left, before = (np.square(pixels - clean)[beside].mean() for pixels in (denoised.pixels, noisy))
    assert left < before / 8
