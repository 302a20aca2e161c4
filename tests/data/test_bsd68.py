import numpy as np
import pytest
import torch
from PIL import Image

from denoiser.config import compose
from denoiser.data import from_config
from denoiser.data.bsd68 import BSD68, CBSD68, IDS
from denoiser.data.bsds500 import BSDS500
from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import psnr


@pytest.fixture
def grey(protocol, real_data):
    return BSD68(real_data, **protocol(), channels=1)


def test_grey_pictures_are_the_published_ones_in_their_order(grey, real_data):
    images, different = grey.split("test").images, 0
    assert len(images) == len(IDS) == 68
    for number, image in enumerate(images, 1):
        published = np.array(Image.open(real_data / "BSD68" / f"test{number:03d}.png")).astype(int)
        difference = np.abs(image[0].numpy() - published)
        assert image.shape == (1, *published.shape) and difference.max() <= 1
        different += bool(difference.any())
    assert different == 68 - 29


def test_noisy_input_is_20_17_db_at_sigma_25(grey):
    scores = torch.cat([psnr(batch.noisy, batch.clean) for batch in grey.test_dataloader()])
    assert len(scores) == 68 and scores.mean() == pytest.approx(20.17, abs=0.02)
    assert scores.std() < 0.05


def test_the_test_pictures_of_bsds500_are_these_with_the_same_noise(grey, protocol, real_data):
    benchmark = BSDS500(real_data, **protocol(), channels=1, cache_gb=0)
    assert benchmark.split("test").keys == grey.split("test").keys
    for index in (0, 67):
        first, second = (data.frozen("test").__getitems__([index]) for data in (grey, benchmark))
        assert first.noisy.equal(second.noisy) and first.clean.equal(second.clean)


@pytest.mark.parametrize(("name", "dataset", "channels"), [("bsd68", BSD68, 1), ("cbsd68", CBSD68, 3)])
def test_each_is_tested_on_by_its_name(name, dataset, channels):
    data = from_config.training_data(compose(["data=synthetic", f"data.channels={channels}", f"data.test={name}"]))
    assert type(data.test) is dataset and data.test.test_only and data.test.channels == channels


def test_only_the_68_have_to_be_the_published_files(protocol, tmp_path, real_data):
    for name in BSDS500.card.files:
        file = tmp_path / BSDS500.card.folders[0] / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(
            (real_data / "BSR/BSDS500/data/images" / name).read_bytes() if name in BSD68.card.files else b"x"
        )
    assert len(BSD68(tmp_path, **protocol(), channels=1).split("test")) == 68
    (file.parents[1] / "val" / "101085.jpg").write_bytes((file.parents[1] / "val" / "101087.jpg").read_bytes())
    for name, dataset in (("bsd68", BSD68), ("cbsd68", CBSD68)):
        with pytest.raises(DenoiserError, match=rf"{name} has 1 altered .* val/101085\.jpg first \(") as refused:
            dataset(tmp_path, **protocol(), channels=dataset.allowed_channels[0]).split("test")
        assert refused.value.code == 3 and f"data verify {name} --root {tmp_path}, then mv " in refused.value.fix


def test_channels_are_fixed(protocol):
    with pytest.raises(DenoiserError, match=r"BSD68 has 1 channel\(s\), not 3"):
        BSD68("x", **protocol(), channels=3)
    with pytest.raises(DenoiserError, match=r"CBSD68 has 3 channel\(s\), not 1"):
        CBSD68("x", **protocol(), channels=1)
