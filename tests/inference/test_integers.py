"""Integers whose type says nothing of white, through models as through the command."""

import numpy as np
import pytest
import torch
from helpers.dimmer import checkpoint, run

import denoiser
from denoiser.inference import integers

RNG = np.random.default_rng(0)
TYPES = ("i1", "i4", "u4", ">i4")


def counted(kind, *shape):
    top = 100 if kind == "i1" else 2_000_000_000
    return (RNG.random(shape) * top - (0 if kind == "u4" else top / 4)).astype(kind)


@pytest.fixture(scope="module")
def grey(tmp_path_factory):
    return checkpoint(tmp_path_factory.mktemp("grey") / "run", 1)


@pytest.mark.parametrize("kind", TYPES)
def test_an_array_is_denoised_as_its_file_is(kind, grey, tmp_path):
    stack = counted(kind, 3, 20, 27)
    stack[1] //= 3
    stack[2, 4, 4] = np.iinfo(kind).max  # a hot pixel
    np.save(tmp_path / "x.npy", stack)
    assert run(tmp_path / "x.npy", "-o", tmp_path / "y.npy", "--checkpoint", grey, "--axes", "NHW") == 0
    denoised = denoiser.load(grey)(stack, axes="NHW")
    assert (denoised.dtype, denoised.shape) == (stack.dtype, stack.shape)
    np.testing.assert_array_equal(denoised, np.load(tmp_path / "y.npy"))
    assert not np.array_equal(denoised, stack)


@pytest.mark.parametrize("kind", [torch.int8, torch.int32, torch.uint32])
def test_a_tensor_is_denoised_as_an_array(kind, grey):
    array = counted(str(kind).replace("torch.", ""), 2, 20, 27)
    model, tensor = denoiser.load(grey), torch.from_numpy(array)
    batch = model(tensor[:, None])
    assert batch.dtype == kind and np.array_equal(batch[:, 0].numpy(), model(array, axes="NHW"))
    assert np.array_equal(model(tensor[0]).numpy(), model(array[0]))


def test_alpha_and_masks_are_kept_and_hidden_values_are_no_white(grey):
    picture = counted("i4", 20, 27)
    mask = np.zeros(picture.shape, bool)
    mask[3:9, 5:20] = True
    bright = picture.copy()
    bright[mask] = 2**31 - 1
    model = denoiser.load(grey)
    one, other = (model(np.ma.MaskedArray(each, mask)) for each in (picture, bright))
    assert np.array_equal(one[~mask], other[~mask]) and np.array_equal(other.data[mask], bright[mask])
    alpha = np.where(mask, 0, 7).astype("i4")
    faded = model(np.dstack([bright, bright, bright, alpha]), axes="HWC")
    assert np.array_equal(faded[..., 3], alpha) and np.array_equal(faded[..., 0][mask], bright[mask])


def test_other_integers_are_refused(grey):
    assert not integers.counted(np.int64) and not integers.counted(torch.uint8)
    for picture in (np.zeros((9, 9), np.int64), torch.zeros(9, 9, dtype=torch.int64)):
        with pytest.raises(ValueError, match=r"int64; .* integers of 8 to 32 bits"):
            denoiser.load(grey)(picture)
