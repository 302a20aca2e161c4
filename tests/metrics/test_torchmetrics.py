from types import SimpleNamespace

import pytest
import torch
from skimage.metrics import structural_similarity
from torchmetrics.functional import image as functional
from torchvision.models import vgg

from denoiser.errors import DenoiserError
from denoiser.metrics.torchmetrics import BUILT_IN, NETWORKS, SHORT_NAMES, _available, named_metric

PLAIN = [name for name in _available() if name not in NETWORKS]
LOWER_IS_BETTER = {
    "lpips",
    "dists",
    "sam",
    "error_relative_global_dimensionless_synthesis",
    "relative_average_spectral_error",
    "root_mean_squared_error_using_sliding_window",
    "spectral_distortion_index",
}
SIZE = {"ms_ssim": (176, 180)}
CHANNELS = {"peak_signal_noise_ratio_with_blocked_effect": 1, "ms_ssim": 1}


def pairs(name, sigmas, channels=None):
    size, channels = SIZE.get(name, (48, 41)), channels or CHANNELS.get(name, 3)
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((1, channels, 8, 8), generator=generator).expand(len(sigmas), -1, -1, -1)
    clean = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    noise = torch.randn(clean.shape, generator=generator) * torch.tensor(sigmas).view(-1, 1, 1, 1) / 255
    return clean + noise, clean


@pytest.fixture
def networks(monkeypatch):
    """AlexNet and VGG16 with random weights, and a list of those that were created."""
    networks = []

    def features(kind):
        torch.manual_seed(0)
        networks.append(kind)
        if kind == "alexnet":
            from torchvision.models import alexnet

            monkeypatch.setattr(torch.nn, "Linear", lambda *_: torch.nn.Identity())  # the classifier is not used
            return alexnet(weights=None).features
        return vgg.make_layers(vgg.cfgs["D"], batch_norm=False)

    monkeypatch.setattr(
        "torchmetrics.functional.image.lpips._get_tv_model_features", lambda net, pretrained: features(net)
    )
    monkeypatch.setattr(
        "torchmetrics.functional.image.dists.vgg16", lambda weights: SimpleNamespace(features=features("vgg16"))
    )
    return networks


@pytest.mark.parametrize("name", PLAIN)
def test_less_noise_is_better_and_each_image_counts_alone(name):
    image, clean = pairs(name, [2.0, 10.0, 40.0])
    metric = named_metric(name)
    values = metric(image, clean)
    assert values.dtype == torch.float64
    assert values.shape == (3,)
    assert values.tolist() == sorted(values.tolist(), reverse=name not in LOWER_IS_BETTER)
    assert len(set(values.tolist())) == 3
    torch.testing.assert_close(values[1:2], metric(image[1:2], clean[1:2]), rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_networks_are_made_once_and_take_grey(name, networks):
    image, clean = pairs(name, [2.0, 40.0, 200.0])
    metric = named_metric(name)
    values = metric(image, clean)
    assert values.dtype == torch.float64
    assert values.tolist() == sorted(values.tolist())
    assert metric(clean, clean).abs().max() < 1e-5
    grey, reference = pairs(name, [40.0], channels=1)
    colour = [picture.expand(-1, 3, -1, -1) for picture in (grey, reference)]
    torch.testing.assert_close(metric(grey, reference), metric(*colour), rtol=1e-4, atol=1e-6)  # of float32
    assert len(networks) == 1


def test_lpips_is_torchmetrics_function(networks):
    image, clean = pairs("lpips", [20.0, 60.0])
    options = {"normalize": True, "reduction": "none"}
    expected = functional.learned_perceptual_image_patch_similarity(image.clamp(0, 1), clean, **options)
    torch.testing.assert_close(named_metric("lpips")(image, clean), expected.double().reshape(2), rtol=1e-4, atol=1e-6)
    assert named_metric("learned_perceptual_image_patch_similarity")(image, clean).shape == (2,)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_without_a_network_the_file_is_named_and_no_download_announced(name, capsys, monkeypatch):
    monkeypatch.setattr(torch.nn.Linear, "reset_parameters", lambda layer: None)  # 100 million that are never used
    problem = rf"^error: {name} requires torchvision's weights of .* \(.*/torch/hub/checkpoints/\w+-\w.*\.pth\)"
    fix = r"fix: download https://.* to that path"
    with pytest.raises(DenoiserError, match=f"{problem}\n{fix}") as raised:
        named_metric(name)
    assert raised.value.code == 3
    assert capsys.readouterr() == ("", "")


def test_a_download_is_named_above_its_progress(monkeypatch, tmp_path, capsys):
    weights = tmp_path / "a" / "alexnet-0123abcd.pth"
    weights.parent.mkdir()
    torch.save({"w": torch.zeros(1)}, weights)

    def downloaded():
        torch.hub.load_state_dict_from_url(weights.as_uri(), str(tmp_path / "b"))
        return torch.nn.Identity()

    monkeypatch.setattr("denoiser.metrics.torchmetrics._Lpips", downloaded)
    named_metric("lpips")
    out, err = capsys.readouterr()
    name, progress = err.split("\n", 1)
    assert out == ""
    assert name.startswith(f'Downloading: "{weights.as_uri()}"')
    assert "100%|█" in progress and "D" not in progress


def test_the_data_range_is_one_and_that_of_vif_255():
    image, clean = pairs("ms_ssim", [20.0])
    expected = functional.multiscale_structural_similarity_index_measure(255 * image, 255 * clean, data_range=255.0)
    torch.testing.assert_close(named_metric("ms_ssim")(image, clean)[0], expected.double(), rtol=0, atol=1e-4)
    expected = functional.visual_information_fidelity(255 * image.double(), 255 * clean.double())
    torch.testing.assert_close(named_metric("vif")(image, clean)[0], expected, rtol=0, atol=1e-9)


def test_uqi_is_ssim_without_constants():
    image, clean = pairs("uqi", [20.0], channels=1)
    options = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1, "K1": 1e-6, "K2": 1e-6}
    expected = structural_similarity(image[0, 0].double().numpy(), clean[0, 0].double().numpy(), **options)
    assert named_metric("uqi")(image, clean).item() == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize(
    ("name", "channels", "size"),
    [("ms_ssim", 3, (100, 200)), ("vif", 1, (28, 28)), ("sam", 1, (32, 32)), ("lpips", 3, (8, 9))],
)
def test_images_that_a_metric_does_not_take(name, channels, size, networks):
    problem = f"{name} does not support images of {size[0]}x{size[1]} pixels with {channels} "
    with pytest.raises(DenoiserError, match=f"{problem}.*\nfix: remove {name} from metrics"):
        named_metric(name)(torch.rand(1, channels, *size), torch.rand(1, channels, *size))


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_always_there(name):
    with pytest.raises(DenoiserError, match=rf"reports {name} already \(metrics\)\nfix: remove {name} from metrics"):
        named_metric(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [("lpip", "lpips"), ("msssim", "ms_ssim"), ("xqzt", "lpips"), ("total_variation", "lpips"), ("__all__", "lpips")],
)
def test_an_unknown_name_is_told_the_nearest(name, near):
    with pytest.raises(DenoiserError, match=rf"no metric '{name}' \(metrics\)\nfix: metrics=\[{near}\], of lpips, "):
        named_metric(name)


def test_every_short_name_is_documented():
    assert all(f"| `{name}` |" in named_metric.__doc__ for name in SHORT_NAMES)
