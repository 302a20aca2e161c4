import os

import numpy as np
import pytest
import torch
from PIL import Image

from denoiser import denoise, imageio
from denoiser.module import Denoiser

RNG = np.random.default_rng(0)


def checkpoint(folder, channels):
    """A run folder of a network that halves every grey level, so that its work can be told exactly."""
    network = {"_target_": "torch.nn.Conv2d", "in_channels": channels, "out_channels": channels, "kernel_size": 1}
    module = Denoiser(
        network={**network, "groups": channels, "bias": False},
        objective={"_target_": "denoiser.objectives.Supervised"},
        optimizer={"_target_": "torch.optim.Adam"},
        channels=channels,
        name="halver",
    )
    torch.nn.init.constant_(module.network.weight, 0.5)
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(
        {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams)},
        folder / "checkpoints" / "best.ckpt",
    )
    return str(folder)


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("grey") / "run", 1)


@pytest.fixture(scope="module")
def colour(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("colour") / "run", 3)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def no_model(monkeypatch):
    monkeypatch.setattr(denoise, "load", lambda path: pytest.fail("a model was loaded"))


def picture(path, channels=1, side=12):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side + 5, 3) if channels == 3 else (side, side + 5)
    Image.fromarray(RNG.integers(0, 256, shape, dtype=np.uint8)).save(path)
    return path


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def told(capsys, code, arguments):
    assert denoise.main([str(argument) for argument in arguments]) == code
    said = capsys.readouterr()
    error, fix = said.err.splitlines()[-2:]
    assert error.startswith("error: ") and fix.startswith("fix: ")
    return said.err


@pytest.mark.parametrize("channels", [1, 3])
def test_one_picture_to_one_file(here, capsys, request, channels):
    source = picture(here / "a.png", channels)
    model = request.getfixturevalue("grey" if channels == 1 else "colour")
    assert denoise.main([str(source), "-o", "out.png", "--checkpoint", model]) == 0
    expected = np.round(imageio.read(source, channels).numpy().astype(np.float32) / 255 * 0.5 * 255)
    assert (imageio.read(here / "out.png", channels).numpy() == expected).all()
    said = capsys.readouterr()
    assert said.out.splitlines() == [f"{source} -> out.png", "out.png"]
    assert not said.err


def test_folders_and_files_into_a_folder_with_their_tree(here, grey, capsys):
    picture(here / "photos" / "a.png")
    picture(here / "photos" / "deep" / "b.TIF")
    picture(here / "photos" / ".hidden" / "c.png")
    picture(here / "d.bmp")
    assert denoise.main(["photos", "d.bmp", "-o", "out", "--checkpoint", grey]) == 0
    assert files(here / "out") == ["a.png", "d.bmp", "deep/b.TIF"]
    assert capsys.readouterr().out.splitlines()[-1] == "out"


def test_the_format_is_that_of_the_file_to_write(here, grey):
    assert denoise.main([str(picture(here / "a.png")), "-o", "out.tif", "--checkpoint", grey]) == 0
    with Image.open(here / "out.tif") as written:
        assert (written.format, written.mode) == ("TIFF", "L")


def test_an_existing_file_is_left_alone_unless_it_may_be_overwritten(here, grey, capsys):
    source, old = picture(here / "in" / "a.png"), picture(here / "out" / "a.png")
    picture(here / "in" / "b.png")
    before = old.read_bytes()
    arguments = ["in", "-o", "out", "--checkpoint", grey]
    err = told(capsys, 2, arguments)
    assert "the file exists (out/a.png)" in err and "--overwrite" in err
    assert old.read_bytes() == before and files(here / "out") == ["a.png"]
    assert denoise.main([*arguments, "--overwrite"]) == 0
    assert old.read_bytes() != before and imageio.read(old, 1).max() <= 128 < imageio.read(source, 1).max()


def test_bad_pictures_are_named_at_the_end_and_the_rest_is_done(here, grey, capsys):
    for name in ("a.png", "d.png"):
        picture(here / "in" / name)
    (here / "in" / "b.png").write_text("no picture")
    (here / "in" / "c.png").write_bytes(picture(here / "c.png", side=90).read_bytes()[:4000])
    assert denoise.main(["in", "-o", "out", "--checkpoint", grey]) == 1
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert lines[0] == "failed: unreadable picture: not a picture (in/b.png)"
    assert lines[1].startswith("failed: unreadable picture: ") and lines[1].endswith("(in/c.png)")
    assert lines[2] == "error: 2 of 4 pictures could not be denoised (in/b.png, in/c.png)"
    assert lines[3].startswith("fix: ") and len(lines) == 4
    assert files(here / "out") == ["a.png", "d.png"]
    assert said.out.splitlines() == ["in/a.png -> out/a.png", "in/d.png -> out/d.png", "out"]


def test_one_bad_picture_is_told_in_two_lines(here, grey, capsys):
    (here / "a.png").touch()
    assert "not a picture (a.png)" in told(capsys, 1, ["a.png", "-o", "out", "--checkpoint", grey])


@pytest.mark.parametrize(("channels", "model"), [(3, "grey"), (1, "colour")])
def test_a_picture_of_other_channels_than_the_models_is_not_converted(here, capsys, request, channels, model):
    picture(here / "a.png", channels)
    err = told(capsys, 1, ["a.png", "-o", "out", "--checkpoint", request.getfixturevalue(model)])
    assert f"the picture has {denoise._channels(channels)} and the model takes {denoise._channels(4 - channels)}" in err
    assert f"data.channels={channels}" in err and not (here / "out").exists()


def test_a_checkpoint_that_is_not_there_gets_the_nearest_name(here, grey, capsys):
    picture(here / "a.png")
    assert f"did you mean {grey}?" in told(capsys, 2, ["a.png", "-o", "out", "--checkpoint", f"{grey}s"])
    assert not (here / "out").exists()


def test_a_full_disk_ends_the_work_and_leaves_nothing_half_written(here, grey, capsys, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    picture(here / "in" / "a.png")
    picture(here / "in" / "b.png")
    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in told(capsys, 3, ["in", "-o", "out", "--checkpoint", grey])
    assert files(here / "out") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.png", "-o", "out", "--checkpoint", "run", "--overwite"], "did you mean --overwrite?"),
        (["a.png", "-o", "out"], "--checkpoint"),
        ([], "PATH"),
        (["a.png", "-o"], "expected one argument"),
    ],
)
def test_wrong_arguments_are_told_in_two_lines(capsys, no_model, arguments, said):
    err = told(capsys, 2, arguments)
    assert said in err and len(err.splitlines()) == 2


def test_a_model_that_gives_no_numbers_writes_nothing(here, tmp_path_factory, capsys):
    run = checkpoint(tmp_path_factory.mktemp("broken") / "run", 1)
    file = f"{run}/checkpoints/best.ckpt"
    content = torch.load(file, weights_only=True)
    content["state_dict"]["network.weight"].fill_(torch.nan)
    torch.save(content, file)
    picture(here / "a.png")
    assert "not finite (a.png)" in told(capsys, 1, ["a.png", "-o", "out", "--checkpoint", run])
    assert not (here / "out").exists()


def test_too_large_for_the_memory(here, grey, capsys, monkeypatch):
    def full(self, noisy):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(Denoiser, "forward", full)
    picture(here / "a.png")
    assert "too large for the memory (a.png)" in told(capsys, 1, ["a.png", "-o", "out", "--checkpoint", grey])


def test_what_is_wrong_with_names_is_found_before_a_model_is_loaded(here, capsys, no_model):
    source = picture(here / "in" / "a.png")
    before = source.read_bytes()
    assert "would replace" in told(capsys, 2, ["in", "-o", "in", "--checkpoint", "run", "--overwrite"])
    assert "the file exists" in told(capsys, 2, [source, "-o", picture(here / "b.png"), "--checkpoint", "run"])
    assert "no such picture" in told(capsys, 2, ["im", "-o", "out", "--checkpoint", "run"])
    assert source.read_bytes() == before
