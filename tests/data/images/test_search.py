"""The pictures below a folder: the same for training as for denoising."""

import os
from pathlib import Path

import pytest
from PIL import Image

from denoiser.data.images import search
from denoiser.data.images.skipped import Skipped
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.photos.batch import inputs


def files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_hidden_files_other_files_and_folders_are_left_out(tmp_path):
    files(tmp_path, "b.PNG", "a.jpg", "sub/c.tiff", "._a.jpg", ".cache/d.png", "notes.txt", "folder.png/e.bmp")
    found = [path.relative_to(tmp_path).as_posix() for path in search.find(tmp_path, Skipped())]
    assert found == ["a.jpg", "b.PNG", "folder.png/e.bmp", "sub/c.tiff"]


def test_what_denoise_finds_and_leaves_out_training_does_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files(
        tmp_path, "in/a.png", "in/b.NEF", "in/x/c.heic", "in/x/d.MP4", "in/e.txt", "in/.f.png", "in/y/g.npy", "z/h.png"
    )
    Image.new("L", (9, 9)).save(tmp_path / "in/IMG_0001", "PNG")
    (tmp_path / "in/link").symlink_to(tmp_path / "z")
    ours, theirs = Skipped(), Skipped()
    sources = inputs.find("in", tmp_path / "out", print, theirs)
    assert search.find(Path("in"), ours) == sorted(Path(source.path) for source in sources)
    assert list(ours.messages()) == list(theirs.messages()) and ours.counted().count(",") == 4
    assert all(str(tmp_path) not in message for message in ours.messages())  # paths are printed as they are given


def test_nothing_says_what_is_there_instead(tmp_path):
    with pytest.raises(DenoiserError, match="no such folder"):
        search.find(tmp_path / "absent", Skipped())
    with pytest.raises(DenoiserError, match=r"no picture in the folder \("):
        search.find(tmp_path, Skipped())
    files(tmp_path, "a.nef", "b.cr3")
    with pytest.raises(DenoiserError) as raised:
        search.find(tmp_path, Skipped())
    assert raised.value.what == f"no picture in the folder, but 2 raw files of cameras ({tmp_path})"
    assert "dcraw_emu" in raised.value.fix


def test_a_folder_that_cannot_be_read_is_an_error_and_not_a_smaller_set(tmp_path, monkeypatch):
    files(tmp_path, "a.png", "closed/b.png")
    scandir = os.scandir

    def refusing(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(DenoiserError, match=r"cannot be read: Permission denied \(.*closed\)") as raised:
        search.find(tmp_path, Skipped())
    assert raised.value.code == ENVIRONMENT
