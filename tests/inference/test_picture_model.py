import copy
import warnings

import numpy as np
import pytest
import torch
from helpers.checkpoints import write_export
from helpers.lively import drunet, unet, values

from denoiser import load
from denoiser.config import compose
from denoiser.inference import pipeline, tiling
from denoiser.inference.tile_layout import Tiling
from denoiser.noise.estimate import noise_level
from denoiser.training import assemble

pytestmark = pytest.mark.filterwarnings("ignore:unet is a model for colour")  # and gets grey ones


def test_a_path_is_refused():
    with pytest.raises(TypeError, match=r"model\(PIL.Image.open\('a.png'\)\)"):
        unet()("a.png")


def test_a_float_batch_is_a_plain_call_with_gradients():
    model, noisy = unet(), torch.rand(2, 3, 17, 16, requires_grad=True)
    denoised = model(noisy)
    assert torch.equal(denoised, model.forward(noisy))
    denoised.sum().backward()
    assert noisy.grad.abs().max() > 0 and model.network.head.weight.grad.abs().max() > 0


def test_a_call_of_a_replaced_forward_is_plain():
    model = copy.deepcopy(unet())
    model.forward = lambda batch, index: (batch, index)  # as Lightning's strategies for several processes do
    assert model(("noisy", "clean"), 3) == (("noisy", "clean"), 3)


@pytest.mark.parametrize("value", [None, [[1, 2]], (torch.zeros(1, 3, 8, 8),), 3])
def test_what_is_no_picture_is_refused(value):
    with pytest.raises(TypeError, match=f"no picture, but {type(value).__name__}"):
        unet()(value)


@pytest.mark.parametrize(("args", "options"), [((), {"level": 25}), ((25, 3), {}), ((25,), {"sigma": 25})])
def test_other_arguments_are_refused(args, options):
    for image in (values("u1", 9, 9), torch.rand(1, 3, 9, 9)):
        with pytest.raises(TypeError, match=r"^model\(image, sigma=None, \.\.\.\) "):
            unet()(image, *args, **options)


def test_autocast_takes_batches_of_its_types_with_gradients():
    model, noisy = unet(), torch.rand(2, 3, 16, 16, dtype=torch.bfloat16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert model(noisy).requires_grad and not model(noisy.double()).requires_grad
    assert not model(noisy).requires_grad


def test_a_model_in_another_precision_takes_any_picture():
    image, expected = values("u1", 30, 41, 3), unet()(values("u1", 30, 41, 3))
    model = copy.deepcopy(unet()).double()
    assert np.abs(model(image).astype(int) - expected).max() <= 1
    noisy = torch.rand(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    assert model(noisy).requires_grad and model(noisy.float()).dtype == torch.float32


def test_a_thin_picture_is_small_only_with_what_it_is_padded_to(monkeypatch):
    cuts = []
    monkeypatch.setattr(tiling, "denoise", lambda f, image, white, cut, *rest: cuts.append(cut.tile) or cut)
    monkeypatch.setattr(tiling, "fit", lambda *args: Tiling(256, 16, 4))
    for shape in ((256, 256), (1, 16384), (1, 16385), (65536, 1)):
        unet()(np.zeros(shape, np.uint8))
    assert cuts == [pipeline.WHOLE_PIXELS, pipeline.WHOLE_PIXELS, 256, 256]


def test_levels_of_a_batch_go_to_its_pictures():
    batch = torch.from_numpy(values("f4", 2, 1, 40, 48)).double()
    denoised = drunet()(batch, torch.tensor([10.0, 50.0]))
    assert torch.equal(denoised, torch.stack([drunet()(batch[0], 10), drunet()(batch[1], 50)]))


def test_a_grey_model_takes_colours_one_by_one():
    image, grey = values("u1", 30, 41, 3), unet(1)
    assert np.array_equal(grey(image), np.dstack([grey(np.ascontiguousarray(image[..., i])) for i in range(3)]))


def test_large_pictures_go_through_in_tiles_that_are_fitted_once(monkeypatch):
    monkeypatch.setattr(tiling, "LONGEST", 200)
    fitted = []
    fit = tiling.fit
    monkeypatch.setattr(tiling, "fit", lambda *args: fitted.append(fit(*args)) or fitted[-1])
    model, image = copy.deepcopy(unet()), values("f4", 301, 355, 3)
    whole = model.function()(torch.from_numpy(image).permute(2, 0, 1)[None])[0].permute(1, 2, 0).numpy()
    for _ in range(2):
        assert np.abs(model(image) - whole).max() < 1e-4
    assert [cut.tile for cut in fitted] == [200]
    model(np.ascontiguousarray(image[..., 0]))
    model(image)
    assert len(fitted) == 2  # one for colour and one for grey pictures
    with torch.no_grad():
        model.network.tail.weight.mul_(2)
    model(image)
    assert len(fitted) == 3
    model.network.tail.weight.data = model.network.tail.weight.data.clone()
    model(image)
    assert len(fitted) == 4 and len(model.tilings) == 2  # those of earlier weights are not kept


def test_the_training_mode_is_kept():
    model = assemble.module(compose(["model=bsds_deep", "model.network.widths=[4,4]"]))
    image, before = values("u1", 30, 41, 3), {k: v.clone() for k, v in model.state_dict().items()}
    expected = model.eval()(image)
    model.train()
    model.network.encoder[1].eval()
    assert np.array_equal(model(image), expected)
    assert model.training and model.network.decoder.training and not model.network.encoder[1].training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_noise_levels():
    model, image = drunet(), values("u1", 40, 48)
    assert model.takes_sigma and not np.array_equal(model(image, 10), model(image, sigma=50))
    assert np.array_equal(model(image), model(image, noise_level(image, 255)))
    batch = torch.from_numpy(image / 255).float()[None, None]
    assert torch.equal(model(batch, 25), model(batch, torch.tensor([25.0])))
    torch.testing.assert_close(model(batch)[0, 0], model(batch[0, 0]), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"did you mean 127\.5"):
        model(image, 0.5)
    assert model.function(0.5)(batch).shape == batch.shape  # an estimate may be anything


def test_noise_levels_for_models_that_take_none_and_missing_ones():
    for image in (values("u1", 9, 9), torch.rand(1, 3, 9, 9)):
        with pytest.raises(ValueError, match="sigma=25 for unet, which takes no noise level"):
            unet()(image, 25)
    for call in (lambda: unet().function(25), lambda: drunet().function(), lambda: drunet().function(-1)):
        with pytest.raises(ValueError, match="sigma="):
            call()
    with pytest.raises(ValueError, match="precision 'bf17'; allowed: 32, bf16"):
        unet().function(precision="bf17")


def test_the_attributes_of_a_model():
    assert (unet(1).channels, unet(1).takes_sigma, unet(1).name) == (1, False, "unet")
    assert (drunet().channels, drunet().takes_sigma, drunet().name) == (1, True, "drunet")


def test_a_colour_model_warns_of_grey_pictures_alone():
    model, grey = unet(), values(np.uint8, 20, 20)
    with pytest.warns(UserWarning, match=r"leaves much noise in grey pictures: denoiser\.load\('grey'\)") as caught:
        model(grey)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(np.stack([grey] * 3, axis=2))


def test_a_model_that_is_loaded_gives_no_gradients_unless_asked_to(tmp_path):
    model = load(write_export(unet(), tmp_path / "a", False))
    assert not model(torch.rand(1, 3, 16, 16)).requires_grad
    assert model.requires_grad_()(torch.rand(1, 3, 16, 16)).requires_grad
    noisy = torch.rand(1, 3, 16, 16, requires_grad=True)
    assert model.requires_grad_(False)(noisy).requires_grad  # of the picture, as plug-and-play methods want it
