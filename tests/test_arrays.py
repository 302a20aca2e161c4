import numpy as np
import pytest
import torch
from lively import unet, values
from PIL import Image


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("shape", [(31, 45, 3), (31, 45, 4), (31, 45), (31, 45, 1), (1, 7, 3), (1, 1)])
def test_numpy_comes_back_as_it_was(dtype, shape):
    image = values(dtype, *shape)
    before = image.copy()
    denoised = unet()(image)
    assert (denoised.shape, denoised.dtype) == (image.shape, image.dtype)
    assert np.array_equal(image, before) and not np.shares_memory(image, denoised)
    white = {1: 255, 2: 65535}[image.itemsize] if image.dtype.kind == "u" else 1
    colours = np.atleast_3d(image.astype(np.float32))[..., :3] / np.float32(white)
    planes = torch.from_numpy(colours).permute(2, 0, 1)[None]
    with torch.no_grad():
        expected = unet()(planes.expand(-1, 3, -1, -1)).numpy()[0].transpose(1, 2, 0)
    expected = expected if colours.shape[2] == 3 else expected.mean(2, keepdims=True)
    expected = np.clip(expected, 0, 1) if white > 1 else expected
    found = np.atleast_3d(denoised).astype(np.float64)
    step = 0.51 / white if white > 1 else 2e-3 if image.dtype == np.float16 else 1e-5
    assert np.abs(found[..., :3] / white - expected).max() <= step
    if shape[-1] == 4:
        assert np.array_equal(denoised[..., 3], image[..., 3])


def test_numpy_of_any_strides_and_read_only():
    image = values("u1", 40, 50, 3)
    expected = unet()(image[::-1, ::2])
    frozen = image[::-1, ::2].copy()
    frozen.flags.writeable = False
    assert np.array_equal(unet()(frozen), expected)
    assert np.array_equal(unet()(np.asfortranarray(frozen)), expected)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.uint16, torch.float16, torch.bfloat16, torch.float32, torch.float64]
)
@pytest.mark.parametrize("shape", [(3, 21, 34), (21, 34), (1, 21, 34)])
def test_torch_comes_back_as_it_was_and_agrees_with_numpy(dtype, shape):
    image = (
        torch.from_numpy(values("u1", *shape)).to(dtype)
        if dtype.itemsize < 2
        else torch.from_numpy(values("f4" if dtype.is_floating_point else "u2", *shape)).to(dtype)
    )
    denoised = unet()(image)
    assert (denoised.shape, denoised.dtype, denoised.requires_grad) == (image.shape, dtype, False)
    if dtype != torch.bfloat16:
        array = image.numpy() if image.ndim == 2 else image.permute(1, 2, 0).numpy()
        expected = unet()(array)
        assert np.array_equal(denoised.numpy(), expected if image.ndim == 2 else expected.transpose(2, 0, 1))


def test_a_batch_of_integers_is_picture_by_picture():
    batch = torch.from_numpy(values("u1", 2, 3, 21, 34))
    assert torch.equal(unet()(batch), torch.stack([unet()(batch[0]), unet()(batch[1])]))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "I;16B"])
def test_pillow_comes_back_as_it_was(mode):
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}.get(mode, ())
    dtype = {"I;16": "<u2", "I;16B": ">u2"}.get(mode, "u1")
    array = values(dtype, 33, 20, *channels)
    image = Image.fromarray(array)
    assert image.mode == mode
    image.info["icc_profile"] = b"profile"
    denoised = unet()(image)
    assert (denoised.mode, denoised.size, denoised.info["icc_profile"]) == (mode, (20, 33), b"profile")
    found = np.array(denoised)
    colours = array[..., 0] if mode == "LA" else array
    assert np.array_equal(found[..., 0] if mode == "LA" else found, unet()(colours))
    assert mode[-1] != "A" or np.array_equal(found[..., -1], array[..., -1])


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "F", "I"])
def test_modes_that_cannot_be_kept(mode):
    with pytest.raises(ValueError, match=rf"mode {mode}, which .* cannot keep; Pillow: L, LA, RGB, RGBA"):
        unet()(Image.new(mode, (8, 8)))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((2, 8, 8, 3), np.uint8), r"shape \(2, 8, 8, 3\); numpy: \(H, W\)"),
        (np.zeros((3, 8, 9), np.uint8), r"shape \(3, 8, 9\)"),
        (np.zeros((8, 8), np.int32), "of int32"),
        (np.zeros((8, 8), bool), "of bool"),
        (np.zeros((0, 8, 3), np.uint8), "no pixels"),
        (np.full((8, 8), np.nan), "not finite"),
        (np.full((8, 8), np.inf, np.float16), "not finite"),
        (torch.zeros(8, 8, 3), r"shape \(8, 8, 3\); torch: "),
        (torch.zeros(3, 8, 8, dtype=torch.int64), "of torch.int64"),
        (torch.full((3, 8, 8), torch.nan), "not finite"),
    ],
)
def test_what_is_no_picture_is_told(image, reason):
    with pytest.raises(ValueError, match=reason):
        unet()(image)
