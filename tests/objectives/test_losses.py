import pytest
import torch
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure as theirs

from denoiser import build, trust
from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import ssim
from denoiser.objectives import losses
from denoiser.objectives.losses import EXPONENTS, LOSSES, loss

FIX = "'objective.loss={l1:0.16,ms_ssim:0.84}'"


def pictures(side, channels=3, noise=0.1):
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(2, channels, side // 4, side // 4, generator=generator).repeat_interleave(4, 2)
    clean = clean.repeat_interleave(4, 3)
    return clean + noise * torch.randn(clean.shape, generator=generator), clean


@pytest.mark.parametrize("name", LOSSES)
def test_better_pictures_have_a_smaller_loss_and_equal_ones_almost_none(name):
    noisy, clean = pictures(64)
    better = (noisy + clean) / 2
    assert loss(name)(noisy, clean) > loss(name)(better, clean) > loss(name)(clean, clean)
    assert loss(name)(clean, clean).item() == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_along_the_gradient_makes_the_loss_smaller(name):
    noisy, clean = pictures(32)
    noisy.requires_grad_()
    value = loss(name)(noisy, clean)
    value.backward()
    assert value.dtype == torch.float32 and value.shape == () and noisy.grad.isfinite().all()
    step = 1e-2 * noisy.grad / noisy.grad.norm()
    assert loss(name)(noisy.detach() - step, clean) < value


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    "other", [torch.zeros_like, lambda clean: 1 - clean, torch.clone], ids=["zeros", "negative", "same"]
)
def test_the_gradients_of_the_worst_and_the_best_pictures_are_finite(name, other):
    _, clean = pictures(32)
    for target in (clean, torch.zeros_like(clean)):
        image = other(target).requires_grad_()
        loss(name)(image, target).backward()
        assert image.grad.isfinite().all()


def test_huber_is_linear_beyond_a_tenth():
    zero = torch.zeros(1, 1, 1, 1)
    assert loss("huber")(zero + 0.05, zero).item() == pytest.approx(0.05**2 / 2)
    assert loss("huber")(zero + 0.5, zero).item() == pytest.approx(0.1 * (0.5 - 0.05))


def test_ssim_is_that_of_the_tables():
    noisy, clean = pictures(32)
    assert loss("ssim")(noisy, clean).item() == pytest.approx(1 - ssim(noisy, clean).mean().item(), abs=1e-6)


def test_ms_ssim_is_that_of_torchmetrics_where_all_five_scales_fit():
    noisy, clean = pictures(180)
    expected = theirs(noisy.double(), clean.double(), data_range=1.0, betas=EXPONENTS)
    assert loss("ms_ssim")(noisy, clean).item() == pytest.approx(1 - expected.item(), abs=2e-3)


@pytest.mark.parametrize(("side", "scales"), [(11, 1), (22, 2), (43, 2), (44, 3), (64, 3), (176, 5), (400, 5)])
def test_ms_ssim_of_smaller_pictures_has_the_scales_that_fit(monkeypatch, side, scales):
    sizes, maps = [], losses.similarity_maps
    monkeypatch.setattr(losses, "similarity_maps", lambda x, y: sizes.append(x.shape[-1]) or maps(x, y))
    clean = torch.rand(1, 1, side, side)
    loss("ms_ssim")(clean, clean)
    assert sizes == [side // 2**scale for scale in range(scales)] and sizes[-1] >= 11


def test_ms_ssim_of_one_scale_is_ssim():
    noisy, clean = pictures(20)
    assert loss("ms_ssim")(noisy, clean).item() == pytest.approx(loss("ssim")(noisy, clean).item(), abs=1e-6)


@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
def test_pictures_smaller_than_the_window_are_refused(name):
    with pytest.raises(ValueError, match="11x11 pixels, the image has 8x8"):
        loss(name)(*pictures(8))


def test_a_sum_weighs_its_parts():
    noisy, clean = pictures(32)
    parts = {"l1": 0.25, "torch.nn.MSELoss": 2, "ssim": 0.5}
    expected = sum(weight * loss(name)(noisy, clean) for name, weight in parts.items())
    assert loss(parts)(noisy, clean).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("given", "what", "fix"),
    [
        ({"l1": 0.5, "ssin": 0.5}, "no loss 'ssin'", "objective.loss=ssim,"),
        ({"l1": -1}, "the weight of l1 is -1", FIX),
        ({"l1": "much"}, "the weight of l1 is much", FIX),
        ({}, "no loss '{}'", "objective.loss=mse,"),
        ("torch.nn.SmoothL2Loss", "there is no torch.nn.SmoothL2Loss", "did you mean torch.nn.SmoothL1Loss?"),
        ("torch.nn.Conv2d", "torch.nn.Conv2d is not allowed", "torch.nn."),
        ("os.path.join", "os.path.join is not allowed", "trust=[os]"),
        ("denoiser.objectives.supervised.Supervised", "is an objective and no loss", "objective._target_=denoiser."),
    ],
)
def test_what_is_no_loss_is_refused_in_two_lines(given, what, fix):
    with pytest.raises(DenoiserError) as caught:
        loss(given)
    assert what in caught.value.what and fix in caught.value.fix and caught.value.code == 2


@pytest.mark.parametrize("path", ["torch.nn.SmoothL1Loss", "torch.nn.HuberLoss"])
def test_a_loss_of_torch_by_its_path(path):
    noisy, clean = pictures(16)
    assert loss(path)(noisy, clean) == build.objective({"_target_": path})(noisy, clean)


def test_a_loss_of_an_own_package_with_trust(tmp_path, monkeypatch):
    code = "import torch\ndef cubes(denoised, clean):\n    return (denoised - clean).abs().pow(3).mean()\n"
    (tmp_path / "own_losses.py").write_text(code + "class Cubes(torch.nn.Module):\n    forward = staticmethod(cubes)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    noisy, clean = pictures(16)
    with pytest.raises(DenoiserError, match=r"trust=\[own_losses\]"):
        loss("own_losses.cubes")
    with trust.names_of_command(["own_losses"]):
        for name in ("cubes", "Cubes"):
            assert loss(f"own_losses.{name}")(noisy, clean) == (noisy - clean).abs().pow(3).mean()
