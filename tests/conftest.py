"""Fixtures of all tests: no network, caches of their own, fixed seeds, one thread."""

import os
import socket

import numpy as np
import pytest
import torch
from helpers import real_images
from helpers.signals import ctrl_c_interrupts
from PIL import Image

from denoiser.data import published_pairs
from denoiser.data.store import download
from denoiser.noise.gaussian import Gaussian

torch.set_num_threads(1)  # tests run in parallel, and threads that wait for a core spin
HERE = ("127.0.0.1", "localhost", "::1")


REAL_IMAGES = dict(os.environ)
"""The environment that names the folder of real images, which no test sees."""


def pytest_configure():
    """Refuse a wrong DENOISER_TEST_DATA before the first test."""
    real_images.folder(REAL_IMAGES)


def pytest_make_parametrize_id(val, argname):
    """Long values are named by their argument: files that a test makes differ from process to process (dates)."""
    return argname if isinstance(val, bytes | str | dict) and len(repr(val)) > 60 else None


@pytest.fixture(autouse=True)
def isolation(monkeypatch, tmp_path_factory):
    """Data and caches in a temporary folder, a fixed seed, and no network."""
    store = tmp_path_factory.getbasetemp() / "store"
    monkeypatch.setenv("DENOISER_DATA", str(store / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(store / "cache"))
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    resolve = socket.getaddrinfo

    def resolve_here(host, *args, **options):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "", *HERE, socket.gethostname()):
            raise socket.gaierror(f"tests reach no network: {name}")
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve_here)
    torch.manual_seed(0)


@pytest.fixture(autouse=True, scope="session")
def ctrl_c():
    """Tests that send Ctrl-C do not hang where a background shell has it ignored."""
    with ctrl_c_interrupts():
        yield


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch):
    """Pictures below a folder with a file `stand-ins` count as the published ones; all others are checked."""
    hashed, scored = download.missing_or_altered, published_pairs.check_noisy_psnr

    def verify_but_stand_ins(folder, hashes):
        return [] if any((parent / "stand-ins").exists() for parent in folder.parents) else hashed(folder, hashes)

    def score_but_stand_ins(pictures, card, root):
        return None if (root / "stand-ins").exists() else scored(pictures, card, root)

    monkeypatch.setattr(download, "missing_or_altered", verify_but_stand_ins)
    monkeypatch.setattr(published_pairs, "check_noisy_psnr", score_but_stand_ins)


@pytest.fixture
def real_data():
    """The folder of real images; the test is skipped where there is none."""
    path = real_images.folder(REAL_IMAGES)
    if path is None:
        pytest.skip(f"no real images: set DENOISER_TEST_DATA to {real_images.WANTED}")
    return path


def picture(path, height, width, channels=3, seed=0):
    """A picture of smooth colours, different for each seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize((width, height), Image.Resampling.BICUBIC).convert("RGB" if channels == 3 else "L").save(path)
    return path


@pytest.fixture
def save_picture():
    """Saves a small picture: `save_picture(path, height, width, channels, seed)`."""
    return picture


@pytest.fixture
def pictures_folder(tmp_path):
    """Makes a folder of small pictures: `pictures_folder(count, height, width, channels, name)`."""

    def make(count=20, height=24, width=32, channels=3, name="pictures", start=0):
        folder = tmp_path / name
        for seed in range(start, start + count):
            picture(folder / f"{seed:03d}.png", height, width, channels, seed)
        return folder

    return make


@pytest.fixture
def protocol():
    """Makes arguments of datasets: `protocol(noise, levels)`; Gaussian noise at sigma 25 by default, not clipped."""

    def make(noise=None, levels=None, seed=0, clip=False):
        return {"noise": noise or Gaussian(), "test_levels": levels, "seed": seed, "clip": clip}

    return make
