"""What a network takes is found by trying."""

import pytest
import torch
from helpers.objects import Net, fitted, loader
from helpers.refusals import refused
from torch import nn

import denoiser
from denoiser.data.base import PairsDataModule
from denoiser.data.folder import Folder
from denoiser.data.pairs import Pictures
from denoiser.training import probing
from denoiser.training.module import Denoiser

pytestmark = pytest.mark.filterwarnings("ignore:.*", "error::DeprecationWarning")


class Halves(nn.Module):
    """Halves its pictures several times and doubles them again, so that their sides have to be multiples."""

    def __init__(self, times=1, channels=3):
        super().__init__()
        self.times, self.convolution = times, nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        small = nn.functional.avg_pool2d(x, 2**self.times)
        return x + nn.functional.interpolate(self.convolution(small), scale_factor=2**self.times)


class Gated(nn.Module):
    """Colour, though its first layer is for grey, and it is the last to be called."""

    def __init__(self):
        super().__init__()
        self.gate, self.body = nn.Conv2d(1, 1, 1), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        return self.body(x) * self.gate(x.mean(1, keepdim=True))


class Fixed(nn.Module):
    """Takes pictures of one size alone."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(256, 256)

    def forward(self, x):
        return self.layer(x.flatten(2)).view(len(x), 3, 16, 16)


@pytest.mark.parametrize(
    ("network", "channels"),
    [
        (Net(1), 1),
        (Net(3), 3),
        (nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3, padding=1), nn.PixelShuffle(2)), 1),
        (nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, 12, 3, padding=1), nn.PixelShuffle(2)), 3),
        (Gated(), 3),
        (Fixed(), 3),
        (nn.Conv2d(1, 1, 1), 1),
    ],
)
def test_channels_are_those_that_the_network_takes(network, channels):
    assert Denoiser(network).channels == channels and Denoiser(network, channels=1).channels == 1


@pytest.mark.parametrize("channels", [4, "x", "3", True, 0])
def test_other_channels_are_refused(channels):
    assert f"{channels!r} channels: pictures have 3, or 1" in refused(lambda: Denoiser(Net(), channels=channels))


@pytest.mark.parametrize(
    ("network", "multiple"),
    [
        (Net(), 1),
        (Halves(1), 2),
        (Halves(3), 8),
        (Halves(6), 64),
        (Fixed(), 1),
        (nn.Sequential(nn.PixelUnshuffle(3), nn.Conv2d(27, 27, 1), nn.PixelShuffle(3)), 3),
    ],
)
def test_the_multiple_of_the_sides_is_found(network, multiple):
    assert Denoiser(network).multiple == multiple


def test_a_multiple_that_the_network_has_is_taken_and_nothing_is_tried():
    network, calls = Halves(1), []
    network.multiple = 4
    network.register_forward_pre_hook(lambda *_: calls.append(1))
    assert Denoiser(network, channels=3).multiple == 4 and not calls


def test_odd_pictures_are_padded_in_training_and_everywhere(tmp_path):
    model = Denoiser(Halves(2))
    trainer = fitted(model, loader(side=15), loader(side=17))
    assert model(torch.zeros(1, 3, 33, 21)).shape == (1, 3, 33, 21)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert denoiser.load(tmp_path / "a.ckpt", network=Halves(2)).multiple == 4


class Drawn(PairsDataModule):
    """Pictures of one size, which are trained on whole."""

    def pictures(self, split):
        return Pictures([f"{split}/{i}" for i in range(4)], torch.rand(4, 3, 16, 16))


def test_a_network_for_one_size_is_trained_on_it(pictures_folder):
    for data in ([Folder(pictures_folder(20, 16, 16), patch_size=16)], [Drawn()], [loader(), loader()]):
        model = Denoiser(Fixed())
        before = model.network.layer.weight.clone()
        fitted(model, *data)
        assert not torch.equal(model.network.layer.weight, before)


def test_trying_changes_neither_statistics_nor_modes_nor_random_numbers():
    network = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Dropout(0.5))
    state = torch.get_rng_state()
    assert (probing.channels(network), probing.multiple(network, 3)) == (3, 1)
    assert torch.equal(torch.get_rng_state(), state) and int(network[1].num_batches_tracked) == 0 and network.training


def test_a_compiled_network_is_not_compiled_to_try_it():
    compiled = []
    network = torch.compile(Halves(1), backend=lambda graph, _: compiled.append(1) or graph)
    assert (Denoiser(network).channels, Denoiser(network).multiple) == (3, 2) and not compiled


def test_lazy_layers_are_not_called():
    network = nn.LazyConv2d(3, 3, padding=1)
    assert Denoiser(network).channels == 3 and nn.parameter.is_lazy(network.weight)
