import gzip
import hashlib

import pytest
import torch
from torchvision.datasets import MNIST as Reader

from denoiser.data.mnist import MNIST
from denoiser.errors import DenoiserError

DIGITS = {"train": 40, "t10k": 8}


def idx(*shape):
    """A file of MNIST's format whose bytes count up."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    return header + bytes(i % 251 for i in range(torch.Size(shape).numel()))


@pytest.fixture
def archives(monkeypatch):
    """MNIST's four archives, by name, with few digits; torchvision's md5 sums are theirs."""
    archives = {}
    for split, n in DIGITS.items():
        archives[f"{split}-images-idx3-ubyte.gz"] = gzip.compress(idx(n, 28, 28))
        archives[f"{split}-labels-idx1-ubyte.gz"] = gzip.compress(idx(n))
    monkeypatch.setattr(
        Reader, "resources", [(name, hashlib.md5(archives[name]).hexdigest()) for name, _ in Reader.resources]
    )
    monkeypatch.setattr(Reader, "mirrors", ["http://127.0.0.1:9/"])
    return archives


@pytest.fixture
def served(archives, mirror, monkeypatch):
    for name, body in archives.items():
        mirror.add(f"/{name}", body)
    monkeypatch.setattr(Reader, "mirrors", [f"http://127.0.0.1:{mirror.server_port}/"])
    return mirror


def refused(make, code=3):
    with pytest.raises(DenoiserError) as caught:
        make()
    assert caught.value.code == code and len(str(caught.value).splitlines()) == 2
    return str(caught.value)


def below(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_real_digits_in_54000_6000_10000(protocol, real_data):
    data = MNIST(real_data, **protocol(), channels=1)
    data.prepare_data()
    data.setup("fit")
    splits = [data.split(name) for name in ("train", "val", "test")]
    assert [tuple(split.images.shape) for split in splits] == [(n, 1, 28, 28) for n in (54000, 6000, 10000)]
    train, val, test = (set(split.keys) for split in splits)
    assert len(train | val) == 60000 and test == {f"test/{i:05d}" for i in range(10000)}
    assert splits[1].keys == MNIST(real_data, **protocol(seed=9), channels=1).split("val").keys
    assert splits[1].keys != MNIST(real_data, 1, **protocol(), channels=1).split("val").keys
    assert splits[1].keys[:3] == ["train/00001", "train/00003", "train/00047"]
    assert splits[2].images.float().mean() == pytest.approx(33.79, abs=0.01)


def test_download_arrives_whole_and_once(protocol, served, tmp_path):
    data = MNIST(tmp_path / "store", **protocol(), channels=1)
    data.prepare_data()
    requests = len(served.requests)
    data.prepare_data()
    assert [len(data.split(name)) for name in ("train", "val", "test")] == [36, 4, 8]
    assert len(served.requests) == requests
    assert {path for path in below(tmp_path / "store") if path.endswith("ubyte")} == {
        f"MNIST/raw/{split}-{kind}-ubyte" for split in DIGITS for kind in ("images-idx3", "labels-idx1")
    }
    assert not list((tmp_path / "store").glob(".MNIST.*/"))


def test_no_network_says_what_to_fetch_and_leaves_nothing(protocol, archives, tmp_path):
    root = tmp_path / "store"
    text = refused(MNIST(root, **protocol(), channels=1).prepare_data)
    assert "MNIST is missing and cannot be downloaded" in text
    assert "fix: download train-images-idx3-ubyte.gz, " in text and text.endswith(f"to {root / 'MNIST/raw'}")
    assert not [path for path in below(root) if not path.endswith(".lock")]


def test_a_download_that_breaks_off_leaves_nothing_half_done(protocol, served, tmp_path):
    data, root = MNIST(tmp_path / "store", **protocol(), channels=1), tmp_path / "store"
    served.routes["/t10k-labels-idx1-ubyte.gz"]["cut"] = 9
    assert "t10k-labels" in refused(data.prepare_data)
    assert not [path for path in below(root) if not path.endswith(".lock")]
    served.routes["/t10k-labels-idx1-ubyte.gz"]["cut"] = None
    assert len(data.split("train")) == 36


def test_archives_put_there_by_hand_need_no_network(protocol, archives, tmp_path):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, body in archives.items():
        (raw / name).write_bytes(body)
    assert len(MNIST(tmp_path, **protocol(), channels=1).split("test")) == 8
    assert all((raw / name).read_bytes() == body for name, body in archives.items())


@pytest.mark.parametrize("damage", [lambda whole: whole[:500], lambda whole: b"", lambda whole: b"<html>" + whole])
def test_damaged_digits_are_told_and_kept(protocol, served, tmp_path, damage):
    data = MNIST(tmp_path, **protocol(), channels=1)
    data.prepare_data()
    file = tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte"
    file.write_bytes(damage(file.read_bytes()))
    kept = file.read_bytes()
    text = refused(lambda: data.pictures("train"))
    assert "MNIST is incomplete or altered" in text and f"fix: mv {file.parent} {file.parent}-incomplete" in text
    assert file.read_bytes() == kept


def test_a_store_that_cannot_be_written(protocol, served, tmp_path):
    (tmp_path / "file").write_text("in the way")
    text = refused(MNIST(tmp_path / "file" / "store", **protocol(), channels=1).prepare_data)
    assert "cannot store" in text and "data.root" in text and not served.requests


def test_digits_are_grey(protocol):
    assert "MNIST has 1 channel(s), not 3" in refused(lambda: MNIST("x", **protocol(), channels=3), 2)
