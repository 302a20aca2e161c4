import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR, LinearLR, ReduceLROnPlateau

from denoiser.errors import DenoiserError
from denoiser.training.optimizer import Length, configure

ADAM = {"_target_": "torch.optim.Adam", "lr": 1e-2}
TORCHS = "torch.optim.lr_scheduler"
OURS = "denoiser.training.schedulers"


def parameters():
    return [torch.nn.Parameter(torch.ones(3))]


def configured(scheduler=None, length=None, **changes):
    return configure({**ADAM, **changes}, scheduler, parameters(), length or Length(10, 5))


def rates(made, length, loss=1.0):
    """The learning rate of each step, stepped as Lightning does: `length.steps` in `length.epochs`."""
    schedulers = made["lr_scheduler"] if isinstance(made, dict) else made[1]
    schedulers = [schedulers] if isinstance(schedulers, dict) else schedulers
    optimizer, found = schedulers[0]["scheduler"].optimizer, []
    for step in range(length.steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        ends = (step + 1) % (length.steps // length.epochs) == 0
        for one in schedulers:
            if one["interval"] == "step" or ends:
                given = (loss,) if "monitor" in one else ()
                one["scheduler"].step(*given)
    return found


def test_no_scheduler_is_a_constant_rate():
    for scheduler in (None, {}, {"_target_": f"{OURS}.constant", "warmup": 0}):
        optimizer = configured(scheduler)
        assert type(optimizer) is torch.optim.Adam and optimizer.param_groups[0]["lr"] == 1e-2


@pytest.mark.parametrize(
    ("earlier", "current"),
    [
        ({"warmup": 0.2, "schedule": "cosine"}, {"_target_": f"{OURS}.cosine", "warmup": 0.2}),
        ({"warmup": 0.5, "schedule": "constant"}, {"_target_": f"{OURS}.constant", "warmup": 0.5}),
        ({"schedule": "cosine"}, {"_target_": f"{OURS}.cosine", "warmup": 0}),
        ({"warmup": 0.5}, {"_target_": f"{OURS}.constant", "warmup": 0.5}),
    ],
)
def test_keys_of_earlier_versions_are_read(earlier, current):
    old, new = configured(**earlier), configured(current)
    assert old["lr_scheduler"]["interval"] == new["lr_scheduler"]["interval"] == "step"
    assert isinstance(old["lr_scheduler"]["scheduler"], LambdaLR)
    assert rates(old, Length(10, 5)) == rates(new, Length(10, 5)) != [1e-2] * 10
    assert type(configured(warmup=0, schedule="constant")) is torch.optim.Adam


def test_torchs_schedulers_are_stepped_each_epoch_unless_told():
    step = {"_target_": f"{TORCHS}.StepLR", "step_size": 2}
    assert rates(configured(step), Length(10, 5)) == pytest.approx([1e-2] * 4 + [1e-3] * 4 + [1e-4] * 2)
    assert rates(configured({**step, "interval": "step"}), Length(4, 2)) == pytest.approx([1e-2] * 2 + [1e-3] * 2)


def test_a_scheduler_of_torch_has_a_warm_up_too():
    made = configured({"_target_": f"{TORCHS}.StepLR", "step_size": 4, "warmup": 0.4})
    assert type(made[1][0]["scheduler"]) is LinearLR
    assert rates(made, Length(10, 5)) == pytest.approx([2e-3, 4e-3, 6e-3, 8e-3, 1e-2, 1e-2, 1e-2, 1e-2, 1e-3, 1e-3])


@pytest.mark.parametrize("interval", ["step", "epoch"])
def test_a_length_that_is_not_given_is_that_of_the_training(interval):
    made = configured({"_target_": f"{TORCHS}.CosineAnnealingLR", "interval": interval})
    assert made["lr_scheduler"]["scheduler"].T_max == {"step": 10, "epoch": 5}[interval]
    made = configured({"_target_": f"{TORCHS}.OneCycleLR", "interval": interval})
    assert made["lr_scheduler"]["scheduler"].total_steps == {"step": 10, "epoch": 5}[interval]
    given = configured({"_target_": f"{TORCHS}.CosineAnnealingLR", "T_max": 3})
    assert given["lr_scheduler"]["scheduler"].T_max == 3


def test_each_group_of_parameters_has_its_own_highest_rate():
    config = {"_target_": "denoiser.training.muon.Muon", "lr": 0.5, "vector_lr": 0.25}
    weights = [torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(2))]
    made = configure(config, {"_target_": f"{TORCHS}.OneCycleLR"}, weights, Length(10, 10))
    assert [group["max_lr"] for group in made["optimizer"].param_groups] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("monitor", "mode", "frequency"), [("val/loss", "min", 4), ("val/psnr", "max", 4), ("train/loss", "min", 1)]
)
def test_plateau_is_stepped_where_its_figure_is_new(monitor, mode, frequency):
    config = {"_target_": f"{TORCHS}.ReduceLROnPlateau", "factor": 0.5, "patience": 0, "monitor": monitor}
    made = configured(config, Length(10, 5, validate_every=4))["lr_scheduler"]
    assert (made["monitor"], made["frequency"], made["interval"]) == (monitor, frequency, "epoch")
    assert isinstance(made["scheduler"], ReduceLROnPlateau) and made["scheduler"].mode == mode


def test_plateau_lowers_the_rate_of_a_loss_that_stays():
    config = {"_target_": f"{TORCHS}.ReduceLROnPlateau", "factor": 0.5, "patience": 1}
    assert rates(configured(config), Length(6, 6)) == pytest.approx([1e-2, 1e-2, 1e-2, 5e-3, 5e-3, 2.5e-3])


@pytest.mark.parametrize(
    ("change", "message", "fix"),
    [
        ({"schedule": "cosin"}, "no schedule 'cosin'", "scheduler=cosine"),
        ({"schedule": "flat", "warmup": 0.1}, "no schedule 'flat'", "scheduler=constant scheduler.warmup=0.1"),
        ({"warmup": 1}, "scheduler.warmup=1 is not a share", "scheduler.warmup=0.05"),
        ({"lr": -1}, "optimizer cannot be built: Invalid learning rate: -1", "check the keys below optimizer"),
        ({"learning_rate": 1}, "Adam takes no 'learning_rate' (keys of optimizer)", "one of lr, betas, "),
        ({"_target_": "torch.optim.Adm"}, "there is no torch.optim.Adm", "did you mean torch.optim.Adam?"),
        ({"_target_": "os.system"}, "os.system is not allowed", "torch.optim."),
    ],
)
def test_an_optimizer_that_cannot_be_configured_is_refused_in_two_lines(change, message, fix):
    with pytest.raises(DenoiserError) as caught:
        configured(**change)
    assert message in caught.value.what and fix in caught.value.fix and caught.value.code == 2


@pytest.mark.parametrize(
    ("scheduler", "length", "message", "fix"),
    [
        ({"_target_": f"{TORCHS}.StepRL"}, Length(9), f"there is no {TORCHS}.StepRL", f"did you mean {TORCHS}.StepLR?"),
        ({"_target_": "os.system"}, Length(9), "os.system is not allowed", "torch.optim.lr_scheduler."),
        ({"step_size": 3}, Length(9), "None is not allowed (_target_ of scheduler)", "torch.optim.lr_scheduler."),
        ({"_target_": f"{TORCHS}.StepLR"}, Length(9), "step_size", "check the keys below scheduler"),
        ({"_target_": f"{OURS}.cosine", "gama": 3}, Length(9), "takes no 'gama' (keys of scheduler)", "one of warmup"),
        ({"_target_": f"{OURS}.cosine"}, Length(float("inf")), "without end", "scheduler=constant"),
        ({"_target_": f"{OURS}.constant", "warmup": 0.1}, Length(float("inf")), "without end", "scheduler.warmup=0"),
        ({"_target_": f"{TORCHS}.CosineAnnealingLR"}, Length(9), "without end", "trainer.max_epochs=20"),
        ({"_target_": f"{TORCHS}.OneCycleLR", "warmup": 0.1}, Length(9, 3), "OneCycleLR sets", "scheduler.warmup=0"),
        ({"_target_": f"{TORCHS}.StepLR", "step_size": 3, "warmup": 2}, Length(9), "warmup=2", "scheduler.warmup=0.05"),
        ({"_target_": f"{TORCHS}.StepLR", "interval": "batch"}, Length(9), "interval=batch", "scheduler.interval="),
    ],
)
def test_a_scheduler_that_cannot_be_configured_is_refused_in_two_lines(scheduler, length, message, fix):
    with pytest.raises(DenoiserError) as caught:
        configured(scheduler, length)
    assert message in caught.value.what and fix in caught.value.fix and caught.value.code == 2


def test_a_training_without_end_has_what_needs_none():
    endless = Length(float("inf"))
    assert type(configured({"_target_": f"{OURS}.constant", "warmup": 0}, endless)) is torch.optim.Adam
    assert configured({"_target_": f"{TORCHS}.ExponentialLR", "gamma": 0.9}, endless)["lr_scheduler"]["scheduler"]


def test_the_earlier_keys_beside_a_scheduler_advise_it():
    with pytest.raises(DenoiserError, match=r"(.|\n)*fix: scheduler=cosine scheduler.warmup=0.1"):
        configured({"_target_": f"{OURS}.constant"}, warmup=0.1, schedule="cosine")
