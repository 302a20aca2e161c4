import copy

import numpy as np
import pytest
import torch
from helpers.lively import drunet, unet, values
from PIL import Image

from denoiser.data.images.formats.photo import Details, Photo
from denoiser.inference import axes, tiling
from denoiser.photos.options import Options
from denoiser.photos.restore import Restorer
from denoiser.photos.routes import Way

pytestmark = pytest.mark.filterwarnings("ignore:unet is a model for colour")  # and gets grey ones
SIZES = {"N": 2, "C": 3, "H": 20, "W": 27}


def test_four_channels_for_a_grey_model_are_colour_or_a_stack():
    image = values("u1", 20, 27, 4)
    with pytest.raises(ValueError, match=r"\(20, 27, 4\) for unet.*axes='HWC'.*np\.moveaxis\(array, 2, 0\).*'NHW'"):
        unet(1)(image)
    colour, stack = unet(1)(image, axes="HWC"), unet(1)(np.moveaxis(image, 2, 0), axes="NHW")
    assert np.array_equal(colour[..., 3], image[..., 3]) and not np.array_equal(stack[3], image[..., 3])
    assert np.array_equal(stack[3], unet(1)(np.ascontiguousarray(image[..., 3])))
    assert np.array_equal(unet(3)(image, axes="HWC"), unet(3)(image))
    assert np.array_equal(unet(1)(Image.fromarray(image)), colour)  # of which the mode says what it is


@pytest.mark.parametrize("order", axes.AXES)
@pytest.mark.parametrize("kind", ["u1", "i2", ">u2", "f2", "f8", torch.uint8, torch.int16, torch.bfloat16])
def test_an_array_is_denoised_picture_by_picture(order, kind):
    shape = [SIZES[letter] for letter in order]
    if isinstance(kind, str):
        array = values(kind if kind != "i2" else "u2", *shape).astype(kind)
    else:
        array = torch.from_numpy(values("f4", *shape) * (1 if kind.is_floating_point else 255)).to(kind)
    before = copy.deepcopy(array)
    denoised = unet()(array, axes=order)
    assert (type(denoised), denoised.dtype, denoised.shape) == (type(array), array.dtype, array.shape)
    assert (array == before).all() and not (denoised == array).all()
    for picture, result in zip(axes.pictures(array, order), axes.pictures(denoised, order), strict=True):
        if isinstance(kind, str):
            assert np.array_equal(unet()(picture), result)
        else:
            planes = picture.movedim(2, 0) if picture.ndim == 3 else picture
            expected = unet()(planes)
            assert torch.equal(expected.movedim(0, 2) if picture.ndim == 3 else expected, result)


def test_signed_integers_are_rounded_and_clamped():
    class Ten(type(unet())):
        def run_network(self, noisy, sigma):
            return noisy * 10

    model = copy.deepcopy(unet(1))
    model.__class__ = Ten
    image = np.array([[-30000, -7, 0, 11, 30000]], np.int16)
    assert model(image).tolist() == [[-32768, -70, 0, 110, 32767]]
    assert model(image, strength=0.5).tolist() == [[-32768, -38, 0, 60, 32767]]  # -38.5 and 60.5: halves to even


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("row", [0, 7])
def test_an_output_that_is_no_number_is_refused_wherever_it_is(row, dtype):
    class Faulty(type(unet())):
        def run_network(self, noisy, sigma):
            return noisy.index_fill(2, torch.tensor(row), torch.nan)

    model = copy.deepcopy(unet(1))
    model.__class__ = Faulty
    with pytest.raises(ValueError, match="the model's output is not finite"):
        model(np.zeros((8, 8), dtype))


def test_axes_that_an_array_cannot_have():
    for array in (np.zeros((4, 5)), torch.zeros(4, 5)):
        with pytest.raises(ValueError, match=r"axes='NCHW' has 4 axes, and an array of shape \(4, 5\) 2"):
            unet()(array, axes="NCHW")
    with pytest.raises(TypeError, match="axes='HW' is for arrays and tensors"):
        unet()(Image.new("L", (8, 8)), axes="HW")
    with pytest.raises(ValueError, match=r"shape \(5, 6, 7\): axes='NHW', .*; another order by axes=, .*, NCHW"):
        unet()(np.zeros((5, 6, 7)))
    with pytest.raises(ValueError, match=r"shape \(6, 7, 5\)"):
        unet()(np.zeros((2, 5, 6, 7)), axes="NCHW")  # five channels


def masked_and_not(dtype, mask):
    image = values(dtype, *mask.shape)
    return np.ma.MaskedArray(image.copy(), mask, fill_value=9), image


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("kind", ["grey", "colour", "red alone"])
def test_what_is_masked_changes_nothing_else_and_stays(dtype, kind):
    mask = np.zeros((30, 40) if kind == "grey" else (30, 40, 3), bool)
    mask[10:, 25:] = True
    if kind == "red alone":
        mask[..., 1:] = False
    one, image = masked_and_not(dtype, mask)
    other = one.copy()
    other.data[mask] = np.nan if dtype == "f4" else 255 - image[mask]
    results = [unet()(array) for array in (one, other)]
    for before, result in zip((one, other), results, strict=True):
        assert isinstance(result, np.ma.MaskedArray) and result.dtype == before.dtype and result.fill_value == 9
        assert np.array_equal(result.mask, mask) and not np.shares_memory(result.mask, before.mask)
        assert np.array_equal(result.data[mask], before.data[mask], equal_nan=True)
    assert np.array_equal(results[0].data[~mask], results[1].data[~mask])
    assert not np.array_equal(results[0].data[~mask], image[~mask])


def test_masks_that_hide_nothing_or_everything_and_those_of_stacks():
    nothing, image = masked_and_not("u1", np.zeros((20, 27), bool))
    assert np.array_equal(unet()(nothing).data, unet()(image))
    assert unet()(np.ma.MaskedArray(image)).mask is np.ma.nomask
    everything = np.ma.MaskedArray(np.full((20, 27), np.nan), True)
    assert unet()(everything).mask.all()
    mask = np.zeros((3, 20, 27), bool)
    mask[1, 5:, :9] = True
    stack, _ = masked_and_not("u1", mask)
    denoised = unet()(stack, axes="NHW")
    assert np.array_equal(denoised.mask, mask) and np.array_equal(denoised.data[mask], stack.data[mask])
    assert np.array_equal(denoised.data[1], unet()(stack[1]).data)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize(
    "options",
    [
        {"strength": 0.3},
        {"strength": 1.5},
        {"strength": 0.5, "chroma_strength": 2.0},
        {"strength": 0.0, "chroma_strength": 0.7},
        {"strength": 2.0, "texture": 0.5},
        {"texture": 1.0},
    ],
)
def test_the_options_are_those_of_the_command(dtype, options):
    image, white = values(dtype, 40, 51, 3), 255.0 if dtype == "u1" else 1.0
    for model, sigma in ((unet(), None), (drunet(3), 30.0)):
        restorer = Restorer(model, torch.device("cpu"), Options(precision="32", sigma=sigma, **options))
        expected = restorer(Photo(image, white, Details("TIFF")), Way.WHOLE).pixels
        result = model(image, sigma, **options)
        assert np.abs(result.astype(np.float64) - expected).max() <= (1e-5 if dtype[0] == "f" else 0)
        assert not np.array_equal(result, model(image, sigma))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize(
    "options", [{}, {"strength": 0.5}, {"strength": 1.5, "texture": 0.5}, {"strength": 0.0, "chroma_strength": 2.0}]
)
@pytest.mark.parametrize("name", ["4:2:0", "4:2:2"])
def test_the_plane_route_is_that_of_the_command(dtype, options, name):
    image = values(dtype, 41, 52, 3)
    details = Details("JPEG", subsampling={"4:2:0": (2, 2), "4:2:2": (1, 2)}[name])
    photo = Photo(image, {"u1": 255.0, "u2": 65535.0}[dtype], details)
    restorer = Restorer(unet(1), torch.device("cpu"), Options(precision="32", **options))
    result = unet(1)(image, subsampling=name, **options)
    assert np.array_equal(result, restorer(photo, Way.PLANES).pixels)
    assert not np.array_equal(result, unet(1)(image, **options))
    if dtype == "u1":
        assert np.array_equal(unet(1)(Image.fromarray(image), subsampling=name, **options), result)
    batch = torch.from_numpy(image).permute(2, 0, 1)[None]
    assert np.array_equal(unet(1)(batch, subsampling=name, **options)[0].permute(1, 2, 0).numpy(), result)


def test_the_plane_route_is_for_decoded_colour_in_grey_models():
    image = values("u1", 20, 27, 3)
    for model, picture, reason in (
        (unet(3), image, "a colour picture in unet, a model for colour ones"),
        (unet(1), image[..., 0], "a grey picture in unet, a model for grey ones"),
        (unet(1), image / 255, r"for uint8 and uint16, .* not torch\.float64"),
    ):
        with pytest.raises(ValueError, match=reason):
            model(picture, subsampling="4:2:0")
    with pytest.raises(ValueError, match="sigma= with subsampling="):
        drunet()(image, 25, subsampling="4:2:0")
    assert drunet()(image, subsampling="4:2:0").shape == image.shape  # at the level of each plane
    with pytest.raises(ValueError, match="subsampling='4:2:1'; allowed: 4:4:4, 4:2:0, 4:2:2, 4:4:0, 4:1:1"):
        unet(1)(image, subsampling="4:2:1")


def test_chroma_of_every_pixel_is_as_without_subsampling():
    for model, image in ((unet(1), values("u1", 20, 27, 3)), (unet(3), values("f4", 20, 27, 3))):
        assert np.array_equal(model(image, subsampling="4:4:4"), model(image))


def test_a_strength_of_nothing_and_of_everything():
    for image in (values("u1", 20, 27, 3), values("f4", 20, 27), torch.rand(2, 3, 20, 27), torch.rand(3, 20, 27)):
        assert (unet()(image, strength=0) == image).all()
        assert (unet()(image, strength=1, chroma_strength=1) == unet()(image)).all()


def test_a_strength_of_a_batch_is_that_of_its_pictures():
    batch = torch.rand(2, 3, 20, 27)
    assert torch.equal(unet()(batch, strength=1.5), torch.stack([unet()(each, strength=1.5) for each in batch]))
    assert np.array_equal(unet()(batch.numpy(), strength=1.5, axes="NCHW"), unet()(batch, strength=1.5).numpy())


def test_a_large_picture_is_tiled_at_any_strength(monkeypatch):
    monkeypatch.setattr(tiling, "LONGEST", 200)
    model, image = copy.deepcopy(unet(1)), values("f4", 301, 255)
    for options in ({"strength": 1.5}, {"texture": 0.5}):
        with monkeypatch.context() as whole:
            whole.setattr("denoiser.inference.pipeline.WHOLE_PIXELS", 10**6)
            expected = model(image, **options)
        assert np.abs(model(image, **options) - expected).max() < 1e-4
    assert len(model.tilings) == 2


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"strength": 2.1}, ValueError, "strength=2.1; allowed: 0 to 2"),
        ({"strength": None}, TypeError, "strength=None is no number"),
        ({"chroma_strength": -1}, ValueError, "chroma_strength=-1; allowed: 0 to 2"),
        ({"chroma_strength": "1"}, TypeError, "chroma_strength='1' is no number"),
        ({"texture": float("nan")}, ValueError, "texture=nan; allowed: 0 to 1"),
        ({"texture": True}, TypeError, "texture=True is no number"),
        ({"sigma": -1}, ValueError, "sigma=-1.0 is not a noise level"),
        ({"sigma": 0.5}, ValueError, "sigma=0.5 is below one grey level .*did you mean 127.5"),
        ({"sigma": "25"}, TypeError, "sigma='25' is no number"),
        ({"sigma": [25, 50]}, TypeError, "nor a tensor"),
        ({"axes": 3}, TypeError, "axes=3 is no text"),
        ({"axes": "WH"}, ValueError, "axes='WH'; allowed: HW, "),
        ({"subsampling": (2, 2)}, TypeError, r"subsampling=\(2, 2\) is no text"),
    ],
)
@pytest.mark.parametrize("image", [values("u1", 9, 9), torch.rand(1, 3, 9, 9)])
def test_a_wrong_value_is_a_value_error_and_a_wrong_type_a_type_error(options, error, reason, image):
    with pytest.raises(error, match=reason):
        drunet()(image, **options)


def test_numbers_of_numpy_are_numbers():
    image = values("u1", 20, 27)
    options = {"strength": np.float32(0.5), "sigma": np.int64(25), "texture": np.float16(0.5)}
    assert np.array_equal(drunet()(image, **options), drunet()(image, 25, strength=0.5, texture=0.5))


@pytest.mark.filterwarnings("always:unet is a model for colour")
@pytest.mark.parametrize("stack", [values("u1", 4, 20, 27), torch.rand(4, 1, 20, 27)])
def test_a_stack_is_warned_of_once(stack):
    with pytest.warns(UserWarning, match="leaves much noise") as caught:
        unet(3)(stack, axes="NHW" if stack.ndim == 3 else "NCHW")
    assert len(caught) == 1 and caught[0].filename == __file__


@pytest.mark.parametrize(
    ("shape", "numpy_order", "torch_order"),
    [
        ((4, 20, 27), "NHW", "NHW"),
        ((3, 20, 27), "CHW", None),
        ((20, 27, 3), None, "HWC"),
        ((4, 20, 27, 3), "NHWC", "NHWC"),
        ((4, 3, 20, 27), "NCHW", None),
    ],
)
def test_an_array_of_another_order_gets_the_advice_that_works(shape, numpy_order, torch_order):
    for array, order in ((values("f4", *shape), numpy_order), (torch.rand(shape), torch_order)):
        if order is None:
            unet()(array)
            continue
        with pytest.raises(ValueError, match=rf"shape \({shape[0]}, .*\): axes='{order}', if that is the order"):
            unet()(array)
        assert unet()(array, axes=order.lower()).shape == shape


def test_levels_of_a_stack():
    stack = values("u1", 2, 40, 48)
    assert np.array_equal(
        drunet()(stack, torch.tensor([10.0, 50.0]), axes="NHW"), [drunet()(stack[0], 10), drunet()(stack[1], 50)]
    )
    with pytest.raises(ValueError, match="3 noise levels for 2 pictures"):
        drunet()(stack, torch.ones(3) * 10, axes="NHW")


def test_a_compiled_model_takes_batches_and_pictures():
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    model, image, batch = unet(1), values("u1", 20, 28), torch.rand(1, 1, 20, 28)
    compiled = torch.compile(model, backend=backend)
    torch.testing.assert_close(compiled(batch), model(batch))
    assert len(graphs) == 1
    mask = np.zeros(image.shape, bool)
    mask[3:7, 5:] = True
    for picture in (image, image.astype(">u2"), np.ma.MaskedArray(image, mask), Image.fromarray(image)):
        assert np.array_equal(np.asarray(compiled(picture, strength=0.5)), np.asarray(model(picture, strength=0.5)))
    assert isinstance(compiled(np.ma.MaskedArray(image, mask)), np.ma.MaskedArray) and len(graphs) == 1
    inside = copy.deepcopy(model)
    inside.network = torch.compile(inside.network, backend=backend)
    assert np.array_equal(inside(image), model(image)) and len(graphs) == 2
