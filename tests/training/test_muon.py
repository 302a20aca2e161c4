import pytest
import torch
from torch import nn

from denoiser.training import muon
from denoiser.training.muon import Muon, orthogonalise


@pytest.mark.parametrize("shape", [(3, 16, 144), (2, 144, 16), (1, 32, 32)])
def test_singular_values_come_near_one_and_singular_vectors_stay(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    turned = u.mT @ orthogonalise(matrices, dtype=torch.float64) @ vh.mT
    values = turned.diagonal(dim1=-2, dim2=-1)
    assert values.min() > 0.5 and values.max() < 1.3
    assert (turned - torch.diag_embed(values)).abs().max() < 1e-9


def test_bfloat16_is_precise_enough():
    matrices = torch.randn(2, 48, 432, generator=torch.Generator().manual_seed(0))
    exact = orthogonalise(matrices, dtype=torch.float32)
    assert (orthogonalise(matrices) - exact).norm() < 0.05 * exact.norm()
    assert orthogonalise(matrices).dtype == torch.float32


def test_a_zero_gradient_moves_nothing():
    layer = nn.Conv2d(3, 8, 3)
    before = [p.clone() for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = torch.zeros_like(p)
    Muon(layer.parameters()).step()
    assert all(torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))


def test_the_first_step_of_a_weight_has_the_rate_as_its_norm():
    layer = nn.Conv2d(4, 6, 3)
    before = layer.weight.detach().clone()
    layer(torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))).square().sum().backward()
    Muon(layer.parameters(), lr=0.1).step()
    assert 0.05 < torch.linalg.svdvals((layer.weight - before).reshape(6, -1)).max() < 0.13


@pytest.mark.parametrize("shape", [(24, 16), (16, 24)])
def test_a_matrix_takes_the_steps_of_torchs_muon(shape):
    generator = torch.Generator().manual_seed(0)
    start, gradients = torch.randn(shape, generator=generator), torch.randn(4, *shape, generator=generator)
    ours, torchs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    options = {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.8}
    own = Muon([ours], **options)
    theirs = torch.optim.Muon([torchs], nesterov=True, adjust_lr_fn="original", **options)
    for gradient in gradients:
        for p, optimizer in ((ours, own), (torchs, theirs)):
            p.grad = gradient.clone()
            optimizer.step()
    assert (ours - torchs).norm() < 0.1 * (torchs - start).norm()  # both compute in bfloat16, in another order


@pytest.mark.parametrize(("fast", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_for_devices_that_have_it(monkeypatch, fast, dtype):
    taken, layer = [], nn.Linear(3, 4)

    def recorded(matrices, iterations, dtype):
        taken.append(dtype)
        return orthogonalise(matrices, iterations, dtype)

    monkeypatch.setattr(muon, "has_bfloat16", lambda accelerator: fast and accelerator == "cpu")
    monkeypatch.setattr(muon, "orthogonalise", recorded)
    layer(torch.ones(1, 3)).square().sum().backward()
    muon.Muon(layer.parameters()).step()
    assert taken == [dtype]


def test_vectors_take_the_steps_of_adamw():
    ours, torchs = (nn.Parameter(torch.tensor([1.0, -2.0, 3.0])) for _ in range(2))
    pair = ((ours, Muon([ours], vector_lr=0.01)), (torchs, torch.optim.AdamW([torchs], lr=0.01, weight_decay=0)))
    for i in range(5):
        for p, optimizer in pair:
            p.grad = p.detach() * (i - 2) + 0.5
            optimizer.step()
    assert torch.allclose(ours, torchs, atol=1e-6)


def test_weight_decay_shrinks_weights_only():
    layer = nn.Linear(3, 3)
    before = [p.detach().clone() for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = torch.zeros_like(p)
    Muon(layer.parameters(), lr=0.1, weight_decay=0.5).step()
    assert torch.allclose(layer.weight, before[0] * 0.95) and torch.equal(layer.bias, before[1])


def test_it_learns_what_adam_learns_in_fewer_steps():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, 16, 16, generator=generator)

    def loss_after(make, steps=60):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1))
        optimizer = make(model.parameters())
        for _ in range(steps):
            optimizer.zero_grad()
            loss = (model(images) - images).square().mean()
            loss.backward()
            optimizer.step()
        return loss.item()

    assert loss_after(lambda p: Muon(p, lr=0.05)) < loss_after(lambda p: torch.optim.Adam(p, lr=1e-3))


def test_its_state_can_be_saved_and_loaded():
    layer = nn.Conv2d(3, 8, 3)
    optimizer = Muon(layer.parameters())
    layer(torch.ones(1, 3, 8, 8)).sum().backward()
    optimizer.step()
    other = Muon(layer.parameters())
    other.load_state_dict(optimizer.state_dict())
    for p in layer.parameters():
        for key, value in optimizer.state[p].items():
            assert torch.equal(torch.as_tensor(other.state[p][key]), torch.as_tensor(value)), key


def test_a_step_returns_the_loss_of_its_closure():
    layer = nn.Linear(2, 2)
    assert Muon(layer.parameters()).step(lambda: 3.5) == 3.5
