"""Files are complete or absent, and locks are held while a file is open."""

import hashlib
import sys
from pathlib import Path

import pytest

from denoiser.errors import DenoiserError
from denoiser.machine import files


def test_a_file_appears_when_its_block_ends(tmp_path):
    target = tmp_path / "new" / "a.txt"
    with files.replacing(target) as file:
        file.write(b"text")
        assert not target.exists()
    assert target.read_bytes() == b"text" and list(target.parent.iterdir()) == [target]


def test_a_block_that_fails_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")
    with pytest.raises(ZeroDivisionError), files.replacing(target) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_environment(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DenoiserError, match=r"cannot write a\.txt: .* \(.*file\)") as error:
        files.write_text(tmp_path / "file" / "a.txt", "text")
    assert error.value.code == 3


def test_a_lock_is_held_while_the_file_is_open(tmp_path):
    path = tmp_path / "lock"
    with path.open("wb") as first, path.open("wb") as second:
        assert files.locked(first)
        assert not files.locked(second)
        assert not files.remove_unless_open(path)
    with path.open("wb") as third:
        assert files.locked(third)
    assert files.remove_unless_open(path) and not path.exists() and not files.remove_unless_open(path)


def test_windows_itself_refuses_to_remove_what_is_open(tmp_path, monkeypatch):
    path, unlink = tmp_path / "part", Path.unlink
    monkeypatch.setattr(sys, "platform", "win32")

    def refuse(self, missing_ok=False):
        raise PermissionError(13, "The process cannot access the file because it is being used by another process")

    with path.open("wb") as file, monkeypatch.context() as windows:
        assert not files.locked(file)  # of which nothing depends there
        windows.setattr(Path, "unlink", refuse)
        assert not files.remove_unless_open(path)
    assert Path.unlink is unlink and files.remove_unless_open(path) and not path.exists()


@pytest.mark.parametrize(
    ("name", "names", "fix"),
    [
        ("pictures/raw", (), "did you mean {folder}/picture?"),
        ("phto", ("photo", "grey"), "did you mean photo?"),
        ("zzz", (), "use a path that exists, see {folder}"),
    ],
)
def test_a_missing_path_has_the_nearest_one_in_its_error(name, names, fix, tmp_path):
    (tmp_path / "picture").mkdir()
    error = files.missing("folder", tmp_path / name, names)
    assert error.what == f"no such folder ({tmp_path / name})" and error.fix == fix.format(folder=tmp_path)


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(b"content").hexdigest()


@pytest.mark.parametrize("name", ["a" * 251 + ".jpg", "写" * 81 + ".jpg", "b" * 100, "c" * 101])
def test_any_legal_name_can_be_written(name, tmp_path):
    with files.replacing(tmp_path / name) as file:
        file.write(b"text")
        (part,) = tmp_path.iterdir()
        assert len(part.name.encode()) <= max(115, len(name.encode())) and part.name != name
    assert (tmp_path / name).read_bytes() == b"text" and len(list(tmp_path.iterdir())) == 1


def test_temporary_names_fit_where_the_limit_is_that_of_the_name_itself(tmp_path, monkeypatch):
    opened = []
    plain = type(tmp_path).open
    monkeypatch.setattr(type(tmp_path), "open", lambda self, *a, **k: opened.append(self.name) or plain(self, *a, **k))
    for length in range(143, 256):
        files.write_text(tmp_path / ("n" * length), "text")
        assert len(opened[-1]) <= length


def test_the_longest_name_is_that_of_the_file_system(tmp_path, monkeypatch):
    assert files.longest_name(tmp_path / "new" / "newer") == files.longest_name(tmp_path) >= 143
    monkeypatch.setattr(files.os, "pathconf", lambda *_: 143)
    assert files.longest_name(tmp_path) == 143
    monkeypatch.delattr(files.os, "pathconf")
    assert files.longest_name(tmp_path) == 255
