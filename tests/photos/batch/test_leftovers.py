"""Half-written files of killed processes are removed, those that are being written are not."""

import os
from pathlib import Path

import pytest

from denoiser.machine.files import replacing
from denoiser.photos.batch.leftovers import leftovers, remove

KILLED = ".a.png.0123abcd.part"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()


def names():
    return sorted(os.listdir("out"))


def test_only_temporary_files_of_the_targets_are_found():
    for name in (KILLED, ".b.png.0123abcd.part", ".a.png.part", "a.png.0123abcd.part", "c.png"):
        Path("out", name).write_bytes(b"half")
    remove(leftovers(["out", "new"], {"out/a.png"}))
    assert names() == sorted([".b.png.0123abcd.part", ".a.png.part", "a.png.0123abcd.part", "c.png"])


def test_the_temporary_file_of_a_writer_at_work_stays():
    with replacing(Path("out/a.png")) as file:
        file.write(b"first ")
        file.flush()
        parts = list(leftovers(["out"], {"out/a.png"}))
        assert len(parts) == 1
        file.write(b"second")
        file.flush()
        remove(parts)
    assert Path("out/a.png").read_bytes() == b"first second"
    remove(parts)  # which is gone
    assert names() == ["a.png"]


def test_names_with_dots_and_line_breaks():
    target = "out/.x.\n.part.png"
    Path("out/..x.\n.part.png.00000000.part").write_bytes(b"half")
    remove(leftovers(["out"], {target}))
    assert names() == []


def test_the_file_of_a_writer_that_has_not_begun_stays():
    with replacing(Path("out/a.png")) as file:
        remove(leftovers(["out"], {"out/a.png"}))
        file.write(b"late")
    assert names() == ["a.png"]


@pytest.mark.parametrize("folder", ["out", ""])
def test_long_names_leave_nothing_behind_either(folder):
    target, other = (os.path.join(folder, letter * 250 + ".png") for letter in "ab")
    with replacing(Path(target)) as file:
        (part,) = leftovers([folder], {target})
        assert list(leftovers([folder], {other})) == []
        remove([part])  # it is being written
        assert Path(part.path).exists()
        Path(folder, Path(part.path).name + "x").touch()
        half = Path(part.path).with_name(Path(part.path).name.replace(Path(part.path).name[18:26], "01234567"))
        half.write_bytes(b"half")
        file.write(b"whole")
    remove(leftovers([folder], {target}))
    assert not half.exists() and Path(target).read_bytes() == b"whole"
