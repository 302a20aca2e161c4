import numpy as np
import pytest
import torch
from helpers.lively import unet, values
from PIL import Image

pytestmark = pytest.mark.filterwarnings("ignore:unet is a model for colour")  # and gets grey ones


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("shape", [(31, 45, 3), (31, 45, 4), (31, 45), (31, 45, 1), (1, 7, 3), (1, 1)])
def test_numpy_comes_back_as_it_was(dtype, shape):
    image = values(dtype, *shape)
    if shape[-1] == 4:
        image[..., 3] = np.maximum(np.abs(image[..., 3]), 1)  # colours of which nothing is seen are kept
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
    result = np.atleast_3d(denoised).astype(np.float64)
    # Half a step of integers, plus what sums of float32 differ by from one order or processor to another.
    step = 0.5 / white + 5e-6 if white > 1 else 2e-3 if image.dtype == np.float16 else 1e-5
    assert np.abs(result[..., :3] / white - expected).max() <= step
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


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16", "I;16B"])
def test_pillow_comes_back_as_it_was(mode):
    channels = {"L": (), "LA": (2,), "RGB": (3,), "RGBA": (4,)}.get(mode, ())
    dtype = {"I;16": "<u2", "I;16B": ">u2"}.get(mode, "u1")
    array = values(dtype, 33, 20, *channels)
    if mode[-1] == "A":
        array[..., -1] |= 1  # colours of which nothing is seen are kept
    image = Image.fromarray(array)
    assert image.mode == mode
    image.info["icc_profile"] = b"profile"
    denoised = unet()(image)
    assert (denoised.mode, denoised.size, denoised.info["icc_profile"]) == (mode, (20, 33), b"profile")
    pixels = np.array(denoised)
    colours = array[..., 0] if mode == "LA" else array
    assert np.array_equal(pixels[..., 0] if mode == "LA" else pixels, unet()(colours))
    assert mode[-1] != "A" or np.array_equal(pixels[..., -1], array[..., -1])


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "F", "I"])
def test_modes_that_cannot_be_kept(mode):
    with pytest.raises(ValueError, match=rf"mode {mode}, which .* cannot keep; Pillow: L, LA, RGB, RGBA"):
        unet()(Image.new(mode, (8, 8)))


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.zeros((2, 8, 8, 3), np.uint8), r"shape \(2, 8, 8, 3\): axes='NHWC', .*; numpy: \(H, W\)"),
        (np.zeros((3, 8, 9), np.uint8), r"shape \(3, 8, 9\)"),
        (np.zeros((8, 8), np.int64), "of int64"),
        (np.zeros((8, 8), bool), "of bool"),
        (np.zeros((0, 8, 3), np.uint8), "no pixels"),
        (np.full((8, 8), np.nan), "not finite"),
        (np.full((8, 8), np.inf, np.float16), "not finite"),
        (torch.zeros(8, 8, 3), r"shape \(8, 8, 3\): axes='HWC', .*; torch: "),
        (torch.zeros(3, 8, 8, dtype=torch.int64), "of torch.int64"),
        (torch.full((3, 8, 8), torch.nan), "not finite"),
    ],
)
def test_what_is_no_picture_is_refused(image, reason):
    with pytest.raises(ValueError, match=reason):
        unet()(image)


@pytest.mark.parametrize(
    ("mode", "key", "fix"), [("L", 7, "convert"), ("RGB", (1, 2, 3), "convert"), ("I;16", 7, "del")]
)
def test_a_transparent_colour_is_not_lost_silently(tmp_path, mode, key, fix):
    Image.new(mode, (8, 8)).save(tmp_path / "a.png", transparency=key)
    with Image.open(tmp_path / "a.png") as image:
        image.load()
    with pytest.raises(ValueError, match=rf"transparency, .*: .*{fix}"):
        unet()(image)
    if fix == "convert":
        assert unet()(image.convert("RGBA")).mode == "RGBA"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_exif_is_kept_byte_for_byte_and_with_what_was_changed(tmp_path, form):
    exif = Image.Exif()
    exif[0x010E], exif.get_ifd(0x8769)[0x9003] = "a view", "2020:01:01 00:00:00"
    Image.new("RGB", (8, 8)).save(tmp_path / "a", form, exif=exif)
    with Image.open(tmp_path / "a") as image:
        image.load()
    assert unet()(image).info["exif"] == image.info["exif"]
    image.getexif()[0x8298], image.getexif().get_ifd(0x8769)[0x9286] = "mine", "further"
    kept = unet()(image).getexif()
    assert (kept[0x010E], kept[0x8298], 0x8825 in kept) == ("a view", "mine", False)
    assert kept.get_ifd(0x8769) == {0x9003: "2020:01:01 00:00:00", 0x9286: "further"}
    assert "exif" not in unet()(Image.new("RGB", (8, 8))).info


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.uint8])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_of_another_type_or_of_other_channels_is_picture_by_picture(dtype, channels):
    batch = torch.from_numpy(values("u1" if dtype == torch.uint8 else "f4", 2, channels, 21, 34)).to(dtype)
    for model in (unet(1), unet(3)):
        denoised = model(batch)
        assert (denoised.dtype, denoised.shape) == (dtype, batch.shape)
        assert torch.equal(denoised, torch.stack([model(batch[0]), model(batch[1])]))
    assert unet(4 - channels)(batch.float()).shape == batch.shape


@pytest.mark.parametrize("shape", [(2, 4, 9, 9), (2, 2, 9, 9), (0, 3, 9, 9), (2, 3, 0, 9)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_batches_without_pictures(shape, dtype):
    with pytest.raises(ValueError, match=r"a batch of shape \(\d, \d, \d, \d\); torch: "):
        unet()(torch.zeros(shape, dtype=dtype))


@pytest.mark.parametrize("shape", [(3, 0, 5), (0, 5), (1, 4, 0)])
def test_tensors_without_pixels(shape):
    with pytest.raises(ValueError, match="no pixels"):
        unet()(torch.zeros(shape))


@pytest.mark.parametrize("mode", ["LA", "RGBA", "array"])
def test_colours_of_which_nothing_is_seen_do_not_change_the_others_and_stay(mode):
    channels = 2 if mode == "LA" else 4
    one, other = values("u1", 60, 70, channels), values("u1", 60, 70, channels)
    hidden = np.zeros((60, 70), bool)
    hidden[20:, 30:] = True
    one[..., -1] = other[..., -1] = np.where(hidden, 0, 200)
    other[hidden, :-1] = 255 - other[hidden, :-1]
    results = [unet()(array if mode == "array" else Image.fromarray(array)) for array in (one, other)]
    first, second = (np.array(result) for result in results)
    assert np.array_equal(first[~hidden], second[~hidden]) and not np.array_equal(first[~hidden], one[~hidden])
    assert np.array_equal(first[hidden], one[hidden]) and np.array_equal(second[hidden], other[hidden])
