"""What is trained, of an optimizer and an objective that are given as objects."""

import pytest
import torch
from helpers.objects import Net, fitted, loader
from helpers.refusals import refused
from torch import nn

from denoiser.objectives.base import Objective
from denoiser.training.module import Denoiser

pytestmark = pytest.mark.filterwarnings("ignore:.*", "error::DeprecationWarning")


class Weighted(Objective):
    """A loss with a learned weight, a frozen one, and a part in evaluation mode."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.frozen = nn.Parameter(torch.ones(()), requires_grad=False)
        self.pretrained = nn.Conv2d(3, 3, 1).eval()

    def forward(self, denoise, batch):
        denoised = denoise(batch.noisy)
        error = (self.pretrained(denoised) - self.pretrained(batch.clean)).square().mean()
        return error * torch.exp(-self.weight) * self.frozen + self.weight, denoised


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


@pytest.mark.parametrize("optimizer", [sgd, {"_target_": "torch.optim.SGD", "lr": 0.1}], ids=["function", "dictionary"])
def test_the_parameters_of_an_objective_are_trained(optimizer):
    objective = Weighted()
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    trainer = fitted(Denoiser(Net(), objective, optimizer), loader(), loader())
    changed = {name for name, value in objective.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"weight"} and len(trainer.optimizers[0].param_groups[0]["params"]) == 3


def test_an_optimizer_itself_is_taken():
    network = Net()
    model = Denoiser(network, optimizer=torch.optim.SGD([network.convolution.bias], lr=0.1))
    weight, bias = network.convolution.weight.clone(), network.convolution.bias.clone()
    trainer = fitted(model, loader(), loader())
    assert trainer.optimizers[0] is model.optimizer
    assert torch.equal(weight, network.convolution.weight) and not torch.equal(bias, network.convolution.bias)


@pytest.mark.parametrize("wrapped", [lambda made: made, lambda made: lambda _: {"optimizer": made}])
def test_an_optimizer_of_other_parameters_is_refused(wrapped):
    network, other = Net(), Net()
    optimizer = torch.optim.SGD([*other.parameters(), network.convolution.bias], lr=0.1)
    before = network.convolution.bias.clone()
    text = refused(lambda: fitted(Denoiser(network, optimizer=wrapped(optimizer)), loader(), loader()))
    assert "of the 3 parameters of the optimizer, 1 are the model's (optimizer)" in text
    assert torch.equal(before, network.convolution.bias)


@pytest.mark.parametrize("made", [None, [], {"optimizer": None}])
def test_a_function_that_makes_no_optimizer_is_refused(made):
    text = refused(lambda: fitted(Denoiser(Net(), optimizer=lambda parameters: made), loader(), loader()))
    assert f"makes {type(made).__name__}, and no optimizer (optimizer)" in text


def test_a_class_is_no_loss():
    with pytest.raises(TypeError, match=r"the objective is the class L1Loss, not a loss: L1Loss\(\)"):
        Denoiser(Net(), nn.L1Loss)
    fitted(Denoiser(Net(), optimizer=torch.optim.Adam), loader(), loader())
