from itertools import pairwise

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from denoiser.errors import DenoiserError
from denoiser.training import schedulers


def factors(make, steps, count=None, **options):
    """The factor of the learning rate in each step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    scheduler = make(optimizer, steps, **options)
    return [scheduler.lr_lambdas[0](step) for step in range(steps + 1 if count is None else count)]


def test_warm_up_rises_in_even_steps_to_the_full_rate():
    rates = factors(schedulers.constant, 100, 12, warmup=0.1)
    assert rates == pytest.approx([n / 11 for n in range(1, 11)] + [1, 1])


def test_cosine_falls_from_one_to_zero():
    rates = factors(schedulers.cosine, 100, warmup=0)
    assert rates[0] == 1 and rates[50] == pytest.approx(0.5) and rates[100] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(rates))


def test_cosine_starts_where_the_warm_up_ends_and_stays_at_zero():
    rates = factors(schedulers.cosine, 1000, 1501)
    assert max(rates) == rates[50] == 1 and rates[49] == pytest.approx(50 / 51)
    assert rates[525] == pytest.approx(0.5) and rates[1000] == pytest.approx(0, abs=1e-12)
    assert rates[1500] == pytest.approx(0, abs=1e-12)


def test_step_multiplies_at_each_milestone_after_the_warm_up():
    assert factors(schedulers.step, 8) == pytest.approx([1] * 4 + [0.1] * 2 + [0.01] * 3)
    rates = factors(schedulers.step, 20, milestones=[0.5], gamma=0.5, warmup=0.2)
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8] + [1] * 8 + [0.5] * 9)


def test_one_cycle_has_the_rates_of_torch():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    theirs, rates = OneCycleLR(optimizer, 1.0, total_steps=101, cycle_momentum=False, pct_start=31 / 101), []
    for _ in range(101):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step() if len(rates) < 101 else None
    assert factors(schedulers.one_cycle, 100, pct_start=0.3) == pytest.approx(rates, abs=1e-9)


def test_constant_without_a_warm_up_needs_no_scheduler():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    assert schedulers.constant(optimizer, 100) is None


@pytest.mark.parametrize("name", ["constant", "cosine", "step"])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_the_shortest_trainings_have_a_rate(steps, name):
    assert all(0 <= rate <= 1 for rate in factors(getattr(schedulers, name), steps, warmup=0.5))
    assert all(0 <= rate <= 1 for rate in factors(schedulers.one_cycle, steps))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        *(("cosine", "warmup", value) for value in (1, -0.1, "some", None)),
        *(("step", "milestones", value) for value in ("half", [0, 0.5], [1.5], 0.5)),
        *(("step", "gamma", value) for value in (0, "small")),
        *(("one_cycle", "pct_start", value) for value in (0, 1, "some")),
        *(("one_cycle", key, 0) for key in ("div_factor", "final_div_factor")),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_key(name, key, value):
    with pytest.raises(DenoiserError) as caught:
        factors(getattr(schedulers, name), 10, **{key: value})
    assert f"(scheduler.{key})" in caught.value.what and caught.value.fix.startswith(f"scheduler.{key}=")
