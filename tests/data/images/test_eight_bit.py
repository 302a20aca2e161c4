"""Tensors of 8 bits written as picture files."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from denoiser.data import own_depth
from denoiser.data.images import eight_bit
from denoiser.data.images.formats.suffixes import TRAINING
from denoiser.errors import DenoiserError

COLOUR = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def read(path, channels):
    return own_depth.read([path], channels, [own_depth.stored([path])[path]])


@pytest.mark.parametrize("suffix", sorted(TRAINING - {".jpg", ".jpeg", ".webp"}))
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_give_back_what_was_written(tmp_path, suffix, channels):
    image = torch.from_numpy(COLOUR.transpose(2, 0, 1)[:channels].copy())
    path = tmp_path / "new" / f"a{suffix.upper()}"
    eight_bit.write(path, image)
    assert torch.equal(read(path, channels), image)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_stay_close(tmp_path, suffix):
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    image = torch.from_numpy(np.stack([np.tile(ramp, (64, 1)), np.tile(ramp[:, None], 64), np.full((64, 64), 90)]))
    eight_bit.write(tmp_path / f"a{suffix}", image.byte())
    assert (read(tmp_path / f"a{suffix}", 3).int() - image.int()).abs().float().mean() < 2


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(DenoiserError, match=r"\.xyz files are not written"):
        eight_bit.write(tmp_path / "a.xyz", torch.zeros(1, 2, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"torch\.float32 \(1, 2, 2\)"):
        eight_bit.write(tmp_path / "a.png", torch.zeros(1, 2, 2))
    with pytest.raises(DenoiserError, match="WEBP cannot hold this picture") as raised:
        eight_bit.write(tmp_path / "a.webp", torch.zeros(1, 1, 16384, dtype=torch.uint8))
    assert raised.value.code == 2
    assert not list(tmp_path.iterdir())


def test_importing_it_does_not_import_torch():
    code = "import sys, denoiser.data.images.eight_bit; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
