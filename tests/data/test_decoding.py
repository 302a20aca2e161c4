import pytest

from denoiser.data.decoding import read_files
from denoiser.data.folder import Folder
from denoiser.data.scratch import DecodedOnce


@pytest.mark.parametrize("channels", [3, 1])
def test_decoded_once_equals_in_memory(protocol, pictures_folder, channels):
    folder = pictures_folder(12)
    held, lazy = (
        Folder(folder, **protocol(), cache_gb=gb, channels=channels, patch_size=16, flip=True) for gb in (4, 0)
    )
    assert isinstance(held.split("train").images, list) and isinstance(lazy.split("train").images, DecodedOnce)
    assert held.split("train").shapes == lazy.split("train").shapes
    for split in ("train", "val", "test"):
        for a, b in zip(*(getattr(x, f"{split}_dataloader")() for x in (held, lazy)), strict=True):
            assert a.noisy.equal(b.noisy) and a.clean.equal(b.clean)


def test_the_cache_counts_what_pictures_take_decoded(pictures_folder):
    folder = pictures_folder(3, 24, 32)
    files = [[path] for path in sorted(folder.iterdir())]
    needed = 3 * 24 * 32 * 3 / 1e9
    assert isinstance(read_files(files, folder, 3, needed).images, list)
    assert isinstance(read_files(files, folder, 3, needed * 0.99).images, DecodedOnce)
    assert read_files(files, folder, 1, 0).shapes == [(1, 24, 32)] * 3
