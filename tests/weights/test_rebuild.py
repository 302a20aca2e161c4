"""Checkpoints whose weights, network or channels do not fit one another, or that name what is not allowed."""

import pytest
import torch
from helpers.checkpoints import NETWORK, ODD_TENSORS, checkpoint, refused, save

from denoiser.training.module import Denoiser
from denoiser.weights.rebuild import rebuild


def test_a_whole_checkpoint_is_its_model_ready_to_denoise(tmp_path):
    content = checkpoint()
    module = rebuild(content, tmp_path / "a.ckpt")
    assert not module.training
    for key, weight in module.state_dict().items():
        assert torch.equal(weight, content["state_dict"][key])


def changed(key, value):
    content = checkpoint()
    content["state_dict"].pop(key, None)
    if value is not None:
        content["state_dict"][key] = value
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (changed("network.encoder.2.weight", None), r"network\.encoder\.2\.weight is missing"),
        (changed("network.extra", torch.zeros(2)), r"network\.extra has no place in the network"),
        (
            changed("network.decoder.0.bias", torch.zeros(())),
            r"network\.decoder\.0\.bias is one number and should be 2 \(",
        ),
        (checkpoint(network={**NETWORK, "widths": [4]}), r"encoder\.0\.weight is 2x1x3x3 and should be 4x1x3x3"),
        (
            checkpoint(network={**NETWORK, "_target_": "denoiser.models.shallow.ShallowAutoencoder", "width": 2}),
            "built",
        ),
    ],
)
def test_another_architecture_is_named_by_its_first_key(tmp_path, content, reason):
    refused(save(tmp_path / "a.ckpt", content), reason)


def test_a_model_that_does_not_run(tmp_path):
    reason = r"describes a model that does not run.*expected input\[1, 3, "
    refused(save(tmp_path / "a.ckpt", checkpoint(channels=3)), reason)


@pytest.mark.parametrize("channels", [2, torch.ones(2), "1"])
def test_other_channels(tmp_path, channels):
    reason = "describes a model that cannot be built: .* channels: pictures have 3, or 1"
    refused(save(tmp_path / "a.ckpt", checkpoint(channels=channels)), reason)


def test_a_model_with_other_channels_out_than_in(tmp_path, monkeypatch):
    file = save(tmp_path / "a.ckpt")
    monkeypatch.setattr(Denoiser, "forward", lambda self, noisy: noisy.repeat(1, 3, 1, 1))
    refused(file, "does not run.*1x1x64x64 becomes 1x3x64x64")


def test_too_little_memory_for_a_trial_is_no_fault_of_the_checkpoint(tmp_path, monkeypatch):
    def full(module, noisy):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(Denoiser, "forward", full)
    assert rebuild(checkpoint(), tmp_path / "a.ckpt").hparams["name"] == "tiny"


@pytest.mark.parametrize(("kind", "odd"), ODD_TENSORS)
def test_tensors_that_are_no_weights(tmp_path, kind, odd):
    key = "network.decoder.0.bias"
    refused(save(tmp_path / "a.ckpt", changed(key, kind(checkpoint()["state_dict"][key]))), f"{key} is {odd}")


@pytest.mark.parametrize(
    "changes",
    [
        {"network": {"_target_": "torch.nn.modules.os.mkdir", "path": "proof"}},
        {"network": {"_target_": "os.mkdir", "path": "proof"}},
        {"network": {"_target_": "builtins.exec", "_args_": ["open('proof', 'w')"]}},
        {"network": {**NETWORK, "hook": {"_target_": "os.mkdir", "path": "proof"}}},
        {"network": {**NETWORK, "hook": [{"deep": {"_target_": "os.mkdir", "path": "proof"}}]}},
        {"objective": {"_target_": "denoiser.objectives.supervised.torch.os.mkdir", "path": "proof"}},
        {"objective": {"_target_": "torch.nn.Linear", "in_features": 1, "out_features": 1}},
        {"network": {**NETWORK, "widths": [-3]}},
        {"network": {**NETWORK, "widths": ["${oc.env:ABSENT}"]}},
        {"network": None},
        {"network": "os.mkdir"},
        {"unknown": 1},
        {"objective": 3},
    ],
)
def test_what_a_checkpoint_may_not_describe(tmp_path, monkeypatch, changes):
    file = save(tmp_path / "run" / "a.ckpt", checkpoint(**changes))
    monkeypatch.chdir(tmp_path)
    refused(file, "the checkpoint describes (a model that cannot be built|no model)")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
