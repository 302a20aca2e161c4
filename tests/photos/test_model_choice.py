"""Which model a photo gets, and by which way."""

from pathlib import Path

import pytest
import torch
from helpers.checkpoints import tiny
from spandrel.architectures.DnCNN import DnCNN

from denoiser.data.images.formats.photo import Header
from denoiser.errors import DenoiserError
from denoiser.photos import model_choice, restore
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options
from denoiser.weights import exported, shipped

CPU = torch.device("cpu")
UNET = {"_target_": "denoiser.models.unet.UNet", "widths": [2], "blocks": [1]}
CHANNELS = {"photo": 3, "grey": 1}


@pytest.fixture
def ships(tmp_path, monkeypatch):
    """Makes a package that ships tiny networks of these names; returns its folder."""

    def make(*names):
        folder = tmp_path / "package" / "weights"
        for name in names:
            network = {**UNET, "channels": CHANNELS[name]}
            model = tiny(network=network, channels=CHANNELS[name], name="unet", trained_sigma=[0, 55])
            exported.write(model, folder / name, True)
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
    mine = exported.write(tiny(), tmp_path / "mine", False)
    trained = models(checkpoint=mine)
    assert (trained.name(3), trained.restorer(3).name) == (str(mine), "tiny")
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


def test_a_photo_gets_the_model_that_knows_its_noise(ships):
    ships("photo", "grey")
    colour, subsampled = Header(9, 9, 3, 8, "PNG"), Header(9, 9, 3, 8, "JPEG", subsampling=(2, 2))
    automatic, named = models(), models(model="photo")
    assert [str(automatic.route(header)) for header in (Header(9, 9, 1, 8, "PNG"), colour, subsampled)] == [
        "grey",
        "photo",
        "grey, plane by plane (Y, Cb, Cr)",
    ]
    assert str(automatic.route(colour, equal_channels=True)) == "grey, one of the three equal channels"
    assert str(named.route(subsampled)) == "photo"
    assert str(named.route(Header(9, 9, 1, 8, "PNG"))) == "photo, as three equal channels"
