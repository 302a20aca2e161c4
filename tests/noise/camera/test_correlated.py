import pytest
import torch
from helpers.noises import check_refused

from denoiser.noise.camera.correlated import Correlated, correlated, draw_mixing
from denoiser.noise.camera.likeness import autocorrelation, statistics


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def filtered_noise(blur, equal):
    draws = torch.randn(2, 3, 256, 200, generator=generator())
    mixing = draw_mixing(2, 3, torch.tensor([equal, equal]), generator())
    return correlated(draws, torch.tensor([10.0, 25.0]), torch.full((2,), blur), mixing) * 255


def test_the_deviation_is_sigma_with_and_without_correlation():
    for blur in (0.0, 0.7, 1.5):
        for equal in (True, False):
            deviations = filtered_noise(blur, equal).std((2, 3))
            torch.testing.assert_close(deviations, torch.tensor([[10.0], [25.0]]).expand(2, 3), rtol=0.06, atol=0)


def test_equal_channels_are_equal_and_others_are_not():
    equal, other = filtered_noise(0.0, True), filtered_noise(0.0, False)
    torch.testing.assert_close(equal[:, 0], equal[:, 2])
    assert (other[:, 0] - other[:, 2]).std() > 1


def test_the_autocorrelation_is_that_of_the_filter():
    plane = filtered_noise(1.0, True)[0, 0]
    values = autocorrelation(plane, torch.ones_like(plane, dtype=torch.bool), (1, 2, 6))
    expected = torch.exp(-(torch.tensor([1.0, 2.0, 6.0]) ** 2) / 4)  # of a Gaussian of sigma 1 with itself
    torch.testing.assert_close(values, expected, atol=0.05, rtol=0)


def test_white_noise_is_measured_as_such():
    clean = torch.full((3, 128, 128), 0.5)
    noisy = clean + torch.randn(3, 128, 128, generator=generator()) * 5 / 255
    measured = statistics(noisy, clean)
    torch.testing.assert_close(measured["psnr"], torch.tensor(34.15), atol=0.1, rtol=0)
    assert measured["correlation"].abs().max() < 0.05 and measured["luma"].abs().max() < 0.05


def test_correlation_and_covariance_of_channels_are_measured():
    clean = torch.linspace(0.2, 0.8, 256).expand(3, 256, 256)
    one, other = torch.randn(2, 256, 256, generator=generator())
    noise = torch.stack([2 * one, one, -one + other])  # variances 4, 1 and 2 and covariances 2, -2 and -1
    measured = statistics(clean + noise * 5 / 255, clean)
    expected = torch.tensor([4.0, 1.0, 2.0, 2.0, -2.0, -1.0]) * 3 / 7
    torch.testing.assert_close(measured["covariance"], expected, atol=0.03, rtol=0)
    torch.testing.assert_close(
        measured["correlation"], torch.tensor([1.0, -(0.5**0.5), -(0.5**0.5)]), atol=0.02, rtol=0
    )


@pytest.mark.parametrize("width", [0.0, 0.8, 1.5])
@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
def test_the_noise_has_its_deviation_autocorrelation_and_covariance(width, correlation):
    clean = torch.full((1, 3, 400, 400), 0.5)
    noise = Correlated(sigma=20, width=width, correlation=correlation)
    error = (noise(clean, torch.tensor([20.0]), generator()) - clean)[0] * 255
    covariance = torch.cov(error.flatten(1)) / 20**2
    expected = correlation + (1 - correlation) * torch.eye(3)
    torch.testing.assert_close(covariance, expected, atol=0.04, rtol=0)
    mask = torch.ones(400, 400, dtype=torch.bool)
    squares = torch.tensor([1.0, 2.0, 4.0]).square()
    gone = torch.exp(-squares / (4 * width**2)) if width else torch.zeros(3)
    torch.testing.assert_close(autocorrelation(error[1], mask, (1, 2, 4)), gone, atol=0.04, rtol=0)


def test_one_channel_has_the_deviation_too():
    clean = torch.full((1, 1, 400, 400), 0.5)
    error = Correlated()(clean, torch.tensor([20.0]), generator()) - clean
    assert error.std() * 255 == pytest.approx(20, rel=0.05)


@pytest.mark.parametrize(
    ("wrong", "fix"),
    [
        ({"width": -1}, "noise.width=1"),
        ({"width": 1000}, "0 to 32"),
        ({"correlation": 1.5}, "noise.correlation=0.5"),
        ({"sigma": 0.5}, "grey levels"),
    ],
)
def test_wrong_parameters_are_refused(wrong, fix):
    check_refused(lambda: Correlated(**wrong), [fix])
