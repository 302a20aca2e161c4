import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
from torchvision.datasets import CIFAR10 as Reader

from denoiser.data.cifar10 import CIFAR10, read_batch
from denoiser.errors import DenoiserError


@pytest.fixture(autouse=True)
def nothing_to_fetch(monkeypatch):
    monkeypatch.setattr(Reader, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")


def refused(make, code=3):
    with pytest.raises(DenoiserError) as caught:
        make()
    assert caught.value.code == code and len(str(caught.value).splitlines()) == 2
    return str(caught.value)


def test_real_pictures_of_a_partial_set(protocol, real_data):
    data = CIFAR10(real_data, **protocol(), verify=False, channels=3)
    data.prepare_data()
    splits = [data.split(name) for name in ("train", "val", "test")]
    assert [tuple(split.images.shape) for split in splits] == [(n, 3, 32, 32) for n in (4500, 500, 1000)]
    assert set(splits[0].keys).isdisjoint(splits[1].keys)
    assert splits[1].keys == CIFAR10(real_data, **protocol(seed=5), verify=False, channels=3).split("val").keys
    with (real_data / "cifar-10-batches-py" / "test_batch").open("rb") as file:
        pixels = pickle.load(file, encoding="latin1")["data"]
    assert np.array_equal(splits[2].images.numpy(), pixels.reshape(-1, 3, 32, 32))


def test_a_partial_set_is_not_the_original(protocol, real_data):
    text = refused(lambda: CIFAR10(real_data, **protocol(), channels=3).setup("fit"))
    assert "CIFAR10 is incomplete or altered" in text and "fix: data.verify=false" in text
    assert "download=True" not in text
    assert str(real_data / "cifar-10-batches-py") in text


def test_no_network_says_what_to_fetch(protocol, tmp_path):
    for verify in (True, False):
        text = refused(CIFAR10(tmp_path / "store", **protocol(), verify=verify, channels=3).prepare_data)
        assert "download cifar-10-python.tar.gz from http://127.0.0.1:9 " in text
        assert text.endswith(f" to {tmp_path / 'store'}")


def batch(n, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, 3072), dtype=np.uint8)
    return pickle.dumps({"data": pixels, "labels": [0] * n, "batch_label": "x"}, protocol=2)


def test_an_archive_put_there_by_hand_is_unpacked(protocol, tmp_path, monkeypatch):
    names = [name for name, _ in Reader.train_list + Reader.test_list]
    members = {name: batch(20, seed) for seed, name in enumerate(names)}
    members["batches.meta"] = pickle.dumps({"label_names": ["cat"]}, protocol=2)
    with tarfile.open(tmp_path / "cifar-10-python.tar.gz", "w:gz") as archive:
        for name, body in members.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    sums = {name: hashlib.md5(body).hexdigest() for name, body in members.items()}
    for listed in ("train_list", "test_list"):
        monkeypatch.setattr(Reader, listed, [[name, sums[name]] for name, _ in getattr(Reader, listed)])
    monkeypatch.setattr(Reader, "meta", {**Reader.meta, "md5": sums["batches.meta"]})
    whole = (tmp_path / "cifar-10-python.tar.gz").read_bytes()
    monkeypatch.setattr(Reader, "tgz_md5", hashlib.md5(whole).hexdigest())
    verified, unverified = (CIFAR10(tmp_path, **protocol(), verify=verify, channels=3) for verify in (True, False))
    verified.prepare_data()
    for split, n in (("train", 90), ("val", 10), ("test", 20)):
        assert len(verified.split(split)) == n and verified.split(split).keys == unverified.split(split).keys
        assert verified.split(split).images.equal(unverified.split(split).images)
    assert (tmp_path / "cifar-10-python.tar.gz").read_bytes() == whole


class Payload:
    def __reduce__(self):
        return os.mkdir, ("owned",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pickle.dumps({"data": Payload()}), "mkdir"),
        (pickle.dumps({"labels": []}), "data"),
        (batch(3, 0)[:-40], ""),
        (b"", ""),
        (b"<html>", ""),
        (pickle.dumps({"data": np.zeros((2, 100), np.uint8)}, protocol=2), "3,32,32"),
    ],
)
def test_an_unverified_file_is_data_or_nothing(tmp_path, monkeypatch, body, reason):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data_batch_1").write_bytes(body)
    text = refused(lambda: read_batch(tmp_path / "data_batch_1"), 2)
    assert "unreadable batch" in text and reason in text and f"({tmp_path / 'data_batch_1'})" in text
    assert not (tmp_path / "owned").exists()
    assert "No such file" in refused(lambda: read_batch(tmp_path / "missing"), 2)


@pytest.mark.parametrize("protocol_number", range(2, 6))
def test_arrays_are_read_whatever_pickled_them(tmp_path, protocol_number):
    pixels = np.arange(2 * 3072).astype(np.uint8).reshape(2, 3072)
    (tmp_path / "x").write_bytes(pickle.dumps({"data": pixels}, protocol=protocol_number))
    assert np.array_equal(read_batch(tmp_path / "x").numpy(), pixels.reshape(2, 3, 32, 32))


def test_pictures_are_in_colour(protocol):
    assert "CIFAR10 has 3 channel(s), not 1" in refused(lambda: CIFAR10("x", **protocol(), channels=1), 2)
