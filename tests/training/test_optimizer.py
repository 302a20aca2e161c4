import math
from itertools import pairwise

import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR

from denoiser.errors import DenoiserError
from denoiser.training.optimizer import configure, factor

ADAM = {"_target_": "torch.optim.Adam", "lr": 1e-2}


def parameters():
    return [torch.nn.Parameter(torch.ones(3))]


def test_warm_up_rises_in_even_steps_to_the_full_rate():
    rates = [factor(step, 100, 0.1, "constant") for step in range(12)]
    assert rates == pytest.approx([n / 11 for n in range(1, 11)] + [1, 1])


def test_cosine_falls_from_one_to_zero():
    rates = [factor(step, 100, 0, "cosine") for step in range(101)]
    assert rates[0] == 1 and rates[50] == pytest.approx(0.5) and rates[100] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_cosine_starts_where_the_warm_up_ends_and_stays_at_zero():
    rates = [factor(step, 1000, 0.05, "cosine") for step in range(1001)]
    assert max(rates) == rates[50] == 1 and rates[49] == pytest.approx(50 / 51)
    assert rates[525] == pytest.approx(0.5) and rates[1000] == pytest.approx(0, abs=1e-12)
    assert factor(1500, 1000, 0.05, "cosine") == pytest.approx(0, abs=1e-12)


def test_constant_is_constant():
    assert {factor(step, 10, 0, "constant") for step in range(20)} == {1.0}


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_the_shortest_trainings_have_a_rate(steps, schedule):
    for step in range(steps + 1):
        assert 0 <= factor(step, steps, 0.5, schedule) <= 1


def test_a_constant_rate_needs_no_scheduler():
    optimizer = configure({**ADAM, "warmup": 0, "schedule": "constant"}, parameters(), 10)
    assert isinstance(optimizer, torch.optim.Adam) and optimizer.param_groups[0]["lr"] == 1e-2
    assert type(configure(ADAM, parameters(), 10)) is torch.optim.Adam


@pytest.mark.parametrize(("warmup", "schedule"), [(0.2, "cosine"), (0, "cosine"), (0.2, "constant")])
def test_the_schedule_moves_the_rate_each_step(warmup, schedule):
    config = {**ADAM, "_target_": "torch.optim.AdamW", "warmup": warmup, "schedule": schedule}
    configured = configure(config, parameters(), 10)
    optimizer, scheduler = configured["optimizer"], configured["lr_scheduler"]["scheduler"]
    assert isinstance(scheduler, LambdaLR) and configured["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(11):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([1e-2 * factor(step, 10, warmup, schedule) for step in range(11)])
    assert config["warmup"] == warmup


@pytest.mark.parametrize(("warmup", "schedule"), [(0, "cosine"), (0.2, "constant")])
def test_a_training_without_end_has_no_schedule(warmup, schedule):
    assert isinstance(configure(ADAM, parameters(), math.inf), torch.optim.Adam)
    problem = rf"no schedule \(optimizer.schedule={schedule}, optimizer.warmup={warmup}\)\nfix: trainer.max_epochs=20"
    with pytest.raises(DenoiserError, match=problem):
        configure({**ADAM, "warmup": warmup, "schedule": schedule}, parameters(), math.inf)


@pytest.mark.parametrize(
    ("change", "message", "fix"),
    [
        ({"schedule": "cosin"}, "no schedule 'cosin'", "optimizer.schedule=cosine"),
        ({"schedule": "flat"}, "no schedule 'flat'", "optimizer.schedule=constant"),
        ({"warmup": 1}, "optimizer.warmup=1 is not a share", "optimizer.warmup=0.05"),
        ({"warmup": -0.1}, "optimizer.warmup=-0.1", "optimizer.warmup=0.05"),
        ({"warmup": "some"}, "optimizer.warmup=some", "optimizer.warmup=0.05"),
        ({"lr": -1}, "optimizer cannot be built: Invalid learning rate: -1", "check the keys below optimizer"),
        ({"learning_rate": 1}, "Adam takes no 'learning_rate' (keys of optimizer)", "one of lr, betas, "),
        ({"_target_": "torch.optim.Adm"}, "there is no torch.optim.Adm", "check its spelling"),
        ({"_target_": "os.system"}, "os.system is not allowed", "torch.optim."),
    ],
)
def test_what_cannot_be_configured_is_refused_in_two_lines(change, message, fix):
    with pytest.raises(DenoiserError) as caught:
        configure({**ADAM, **change}, parameters(), 10)
    assert message in caught.value.what and fix in caught.value.fix and caught.value.code == 2
