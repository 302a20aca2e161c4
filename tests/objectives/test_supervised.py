import pytest
import torch

from denoiser.data.batch import Batch
from denoiser.errors import DenoiserError
from denoiser.objectives.losses import LOSSES
from denoiser.objectives.supervised import Supervised

CLEAN = torch.tensor([[[[0.0, 0.5], [1.0, 0.25]]]]).repeat(1, 1, 8, 8)
DENOISED = torch.tensor([[[[0.3, 0.5], [0.6, 0.25]]]]).repeat(1, 1, 8, 8)
BATCH = Batch(CLEAN + 9, CLEAN, torch.tensor([25.0]), torch.tensor([0]))


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", (0.09 + 0.16) / 4),
        ("l1", (0.3 + 0.4) / 4),
        ("charbonnier", ((0.09 + 1e-6) ** 0.5 + (0.16 + 1e-6) ** 0.5 + 2 * 1e-3) / 4),
    ],
)
def test_value_against_its_formula(loss, expected):
    value, denoised = Supervised(loss)(lambda noisy: DENOISED + 0 * noisy, BATCH)
    assert value.shape == () and value.item() == pytest.approx(expected, rel=1e-5)
    assert denoised.equal(DENOISED)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_network_sees_the_noisy_image_and_gets_finite_gradients_even_where_it_is_right(loss):
    seen = []
    scale = torch.nn.Parameter(torch.ones(()))

    def denoise(noisy):
        seen.append(noisy)
        return scale * CLEAN

    value, _ = Supervised(loss)(denoise, BATCH)
    value.backward()
    assert seen[0] is BATCH.noisy and scale.grad.isfinite()


def test_a_half_precision_network_is_scored_in_float32():
    value, denoised = Supervised()(lambda noisy: DENOISED.bfloat16(), BATCH)
    assert value.dtype == denoised.dtype == torch.float32


@pytest.mark.parametrize(("typo", "near"), [("charbonier", "charbonnier"), ("L1", "l1"), ("rmse", "mse"), (3, "mse")])
def test_unknown_loss_names_the_nearest(typo, near):
    with pytest.raises(DenoiserError) as caught:
        Supervised(typo)
    assert f"no loss '{typo}'" in caught.value.what and f"objective.loss={near}," in caught.value.fix
