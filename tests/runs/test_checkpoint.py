import os
import pickle
import zipfile

import pytest
import torch

from denoiser.errors import DenoiserError
from denoiser.runs import checkpoint

CONTENT = {"state_dict": {"w": torch.arange(6.0)}, "hyper_parameters": {"name": "x"}, "epoch": 3}


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return os.mkdir, (str(self.proof),)


def refused(path, reason):
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{reason}[^\n]* \(.*{path.name}\)\nfix: .+$") as raised:
        checkpoint.read(path)
    assert raised.value.code == 2


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "whole.ckpt"
    checkpoint.AtomicCheckpoints().save_checkpoint(CONTENT, path)
    return path


def test_what_is_saved_comes_back(whole):
    for read in (checkpoint.read, checkpoint.AtomicCheckpoints().load_checkpoint):
        assert torch.equal(read(whole)["state_dict"]["w"], torch.arange(6.0))
        assert read(whole)["epoch"] == 3
    assert [path.name for path in whole.parent.iterdir()] == ["whole.ckpt"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"\xef\xbb\xbf\r\n <html lang='en'><body>Sign in</body></html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 2224903\n", "is a git-LFS pointer"),
        (b"hello", "not a file of torch.save"),
        (b"PK", "truncated or damaged"),
        (b"PK\x03\x04" + bytes(500), "truncated or damaged"),
    ],
)
def test_no_checkpoint_at_all(tmp_path, content, reason):
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    refused(path, reason)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_truncated(whole, kept):
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * kept)])
    refused(whole, "truncated or damaged")


def attributes_in_directory(content):
    """Where the zip's directory may mark an entry as a folder, of which torch reads nothing."""
    start = content.index(b"PK\x01\x02")
    while start >= 0:
        yield start + 38
        start = content.find(b"PK\x01\x02", start + 1)


def test_a_flipped_byte_is_detected_or_harmless(whole):
    content = whole.read_bytes()
    place = content.index(torch.arange(6.0).numpy().tobytes())
    for position in [*range(0, len(content), 23), place + 9, *attributes_in_directory(content)]:
        whole.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:
            read = checkpoint.read(whole)
        except DenoiserError:
            continue
        assert position != place + 9  # a weight; the rest are names' dates, padding and the like
        assert torch.equal(read["state_dict"]["w"], torch.arange(6.0))


def test_a_legacy_pickle_with_a_payload_is_not_run(tmp_path):
    proof, path = tmp_path / "proof", tmp_path / "a.ckpt"
    path.write_bytes(pickle.dumps({**CONTENT, "extra": Payload(proof)}))
    refused(path, "old pickle")
    torch.save({"extra": Payload(proof)}, path, _use_new_zipfile_serialization=False)
    refused(path, "old pickle")
    assert not proof.exists()


def test_a_zip_with_a_payload_is_not_run(tmp_path):
    proof, path = tmp_path / "proof", tmp_path / "a.ckpt"
    torch.save({**CONTENT, "extra": Payload(proof)}, path)
    refused(path, "more than tensors and plain values")
    with pytest.raises(DenoiserError):
        checkpoint.AtomicCheckpoints().load_checkpoint(path, weights_only=False)
    assert not proof.exists()
    torch.load(path, weights_only=False)  # so it would have been run
    assert proof.exists()


def test_a_zip_of_something_else(tmp_path):
    path = tmp_path / "a.ckpt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text")
    refused(path, "more than tensors and plain values")


@pytest.mark.parametrize(
    "content",
    [
        torch.zeros(3),
        {"w": torch.zeros(3)},
        {"state_dict": CONTENT["state_dict"], "hyper_parameters": None},
        {"state_dict": {"w": 3}, "hyper_parameters": {}},
        {"state_dict": [1], "hyper_parameters": {}},
    ],
)
def test_checkpoints_of_other_programs(tmp_path, content):
    torch.save(content, tmp_path / "a.ckpt")
    refused(tmp_path / "a.ckpt", "not one of `denoiser run`")


def test_no_file_and_a_folder(tmp_path):
    refused(tmp_path / "absent.ckpt", "No such file")
    (tmp_path / "folder.ckpt").mkdir()
    refused(tmp_path / "folder.ckpt", "Is a directory")


def test_a_file_that_may_not_be_read(whole, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(whole), "read_bytes", forbidden)
    with pytest.raises(DenoiserError, match="Permission denied") as raised:
        checkpoint.read(whole)
    assert raised.value.code == 3


def test_a_failing_write_leaves_the_old_file_and_nothing_else(whole, monkeypatch):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DenoiserError, match="No space left on device") as raised:
        checkpoint.AtomicCheckpoints().save_checkpoint({**CONTENT, "epoch": 4}, whole)
    assert raised.value.code == 3
    assert [path.name for path in whole.parent.iterdir()] == ["whole.ckpt"]
    assert checkpoint.read(whole)["epoch"] == 3


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(whole, monkeypatch):
    def interrupted(checkpoint, file):
        file.write(b"PK half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.AtomicCheckpoints().save_checkpoint(CONTENT, whole)
    assert [path.name for path in whole.parent.iterdir()] == ["whole.ckpt"]
    assert checkpoint.read(whole)["epoch"] == 3


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DenoiserError, match=r"cannot write a\.ckpt") as raised:
        checkpoint.AtomicCheckpoints().save_checkpoint(CONTENT, tmp_path / "file" / "a.ckpt")
    assert raised.value.code == 3


def test_only_a_checkpoint_is_removed(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.ckpt").touch()
    (tmp_path / "notes.txt").touch()
    for name in ("thesis", "notes.txt", "absent.ckpt", "thesis/a.ckpt"):
        checkpoint.AtomicCheckpoints().remove_checkpoint(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.txt", "thesis"]
    assert list((tmp_path / "thesis").iterdir()) == []
