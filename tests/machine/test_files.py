"""Files are complete or absent, and locks are held while a file is open."""

import hashlib

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
    with path.open("wb") as third:
        assert files.locked(third)


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
