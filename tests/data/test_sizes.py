import pytest
import torch

from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Pictures
from denoiser.errors import DenoiserError


class Sized(PairsDataModule):
    """Black pictures of given sizes, which a split can override."""

    def __init__(self, sizes, batch_size=1, patch_size=None, noise=None, **other):
        super().__init__(3, batch_size, patch_size, noise=noise)
        self.sizes, self.other = sizes, other

    def pictures(self, split):
        sizes = self.other.get(split, self.sizes)
        return Pictures([f"{split}/{i}" for i in range(len(sizes))], [torch.zeros(3, *size).byte() for size in sizes])


MIXED = ((16, 16), (12, 30), (30, 14), (20, 20))


def refused(data, stage="fit"):
    with pytest.raises(DenoiserError) as caught:
        data.setup(stage)
    assert caught.value.code == 2
    return caught.value.what, caught.value.fix


def test_a_patch_larger_than_a_picture_names_the_smallest():
    problem, fix = refused(Sized(MIXED, patch_size=15))
    assert problem == "data.patch_size=15 is larger than a training picture of 12x30 (train/1)"
    assert fix == "data.patch_size=12"
    assert refused(Sized([(16, 16)] * 3, patch_size=17))[1] == "data.patch_size=16"
    Sized(MIXED, patch_size=12).setup("fit")
    Sized(MIXED, patch_size=15).setup("test")


def test_pictures_of_several_sizes_need_crops():
    problem, fix = refused(Sized(MIXED, batch_size=4))
    assert "several sizes" in problem and fix == "data.patch_size=12 (from Python, patch_size=12)"
    Sized(MIXED, batch_size=1).setup("fit")


@pytest.mark.parametrize(("split", "stage"), [("val", "fit"), ("test", "fit"), ("test", "test")])
def test_pictures_that_no_window_fits_into_are_named(split, stage):
    problem, fix = refused(Sized(MIXED, **{split: ((16, 16), (40, 10))}), stage)
    assert problem == f"40x10 is smaller than the SSIM window of 11x11 ({split}/1)"
    assert fix == "use pictures of at least 11x11"
    Sized(MIXED, **{split: ((16, 16), (40, 11))}).setup(stage)


def test_crops_may_be_smaller_than_the_window():
    Sized(MIXED, patch_size=4, train=((8, 8),)).setup("fit")
