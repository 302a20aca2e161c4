"""The rules that choose device, count, precision and memory format."""

import pytest
import torch
from omegaconf import OmegaConf

from denoiser.config import compose
from denoiser.errors import NOT_POSSIBLE, DenoiserError
from denoiser.machine import hardware

RECIPE = OmegaConf.create({"bfloat16": True, "channels_last": True})
LAUNCHERS = ("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE")


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch):
    """No GPU, no bfloat16, no launcher, whatever this machine has."""
    monkeypatch.setattr(hardware, "has_gpu", lambda: False)
    monkeypatch.setattr(hardware, "has_bfloat16", lambda accelerator: False)
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


def chosen(*overrides, recipe=RECIPE):
    return hardware.trainer_options(compose(list(overrides)).trainer, recipe)


@pytest.mark.parametrize("there", [False, True])
def test_the_accelerator_is_the_best_that_is_there(there, monkeypatch):
    monkeypatch.setattr(hardware, "has_gpu", lambda: there)
    assert chosen()["accelerator"] == ("gpu" if there else "cpu")
    assert chosen("trainer=cpu")["accelerator"] == "cpu"


@pytest.mark.parametrize("overrides", [["trainer=gpu"], ["trainer.accelerator=cuda"], ["trainer.accelerator=mps"]])
def test_a_gpu_that_is_not_there_is_an_error_of_two_lines(overrides, monkeypatch):
    with pytest.raises(DenoiserError) as error:
        chosen(*overrides)
    assert error.value.code == NOT_POSSIBLE
    problem, fix = str(error.value).splitlines()
    assert "no GPU" in problem and "trainer.accelerator" in problem
    assert fix == "fix: trainer=cpu"
    monkeypatch.setattr(hardware, "has_gpu", lambda: True)
    assert chosen(*overrides)["accelerator"] in overrides[0]


@pytest.mark.parametrize("name", LAUNCHERS)
def test_as_many_devices_as_a_launcher_started(name, monkeypatch):
    assert chosen()["devices"] == 1
    monkeypatch.setenv(name, "4")
    assert chosen()["devices"] == 4
    assert chosen("trainer.devices=2")["devices"] == 2


@pytest.mark.parametrize("recipe_gains", [False, True])
@pytest.mark.parametrize("device_gains", [False, True])
def test_bfloat16_where_recipe_and_device_gain(recipe_gains, device_gains, monkeypatch):
    monkeypatch.setattr(hardware, "has_bfloat16", lambda accelerator: device_gains and accelerator == "cpu")
    recipe = OmegaConf.create({"bfloat16": recipe_gains})
    expected = "bf16-mixed" if recipe_gains and device_gains else "32-true"
    assert chosen(recipe=recipe)["precision"] == expected
    assert chosen("trainer.precision=64-true", recipe=recipe)["precision"] == "64-true"


@pytest.mark.parametrize("recipe", [None, OmegaConf.create({})])
def test_a_model_without_a_recipe_runs_plainly(recipe):
    options = chosen(recipe=recipe)
    assert (options["precision"], options["memory_format"]) == ("32-true", "contiguous")


def test_memory_format_follows_the_recipe_unless_asked_for():
    assert chosen()["memory_format"] == "channels_last"
    assert chosen("trainer.memory_format=contiguous")["memory_format"] == "contiguous"


def test_memory_formats_are_torch_s():
    assert hardware.memory_format("channels_last") is torch.channels_last
    assert hardware.memory_format("contiguous") is torch.contiguous_format
    with pytest.raises(DenoiserError, match=r"no memory format 'nhwc' \(trainer.memory_format\)"):
        hardware.memory_format("nhwc")


@pytest.mark.parametrize(("avx512", "amx"), [(False, False), (True, False), (False, True)])
def test_bfloat16_on_a_cpu_takes_its_instructions(avx512, amx, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert hardware.has_bfloat16("cpu") is (avx512 or amx)
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")  # as in a torch that has renamed it
    assert hardware.has_bfloat16("cpu") is amx
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    assert hardware.has_bfloat16("cpu") is False


@pytest.mark.parametrize("real", [False, True])
def test_bfloat16_on_a_gpu_is_not_an_emulation(real, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or real)
    assert hardware.has_bfloat16("gpu") is real


def test_the_cpu_is_described_by_name_and_threads():
    words = hardware.describe(torch.device("cpu"))
    assert words.endswith(f", {torch.get_num_threads()} thread{'s' if torch.get_num_threads() > 1 else ''}")
    assert len(words.split(", ")[0]) > 1
