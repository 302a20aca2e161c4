"""Checkpoints and run folders of a tiny network, and the errors of those that are refused."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

import denoiser
from denoiser.errors import DenoiserError
from denoiser.training.module import Denoiser
from denoiser.weights import exported

NETWORK = {"_target_": "denoiser.models.strided.StridedAutoencoder", "channels": 1, "widths": [2, 3]}
HYPER_PARAMETERS = {
    "network": NETWORK,
    "objective": {"_target_": "denoiser.objectives.supervised.Supervised", "loss": "mse"},
    "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3, "warmup": 0, "schedule": "constant"},
    "channels": 1,
    "name": "tiny",
    "trained_on": "nothing",
}
ODD_TENSORS = [
    (lambda value: value.to("meta"), "without content"),
    (torch.Tensor.to_sparse, "sparse"),
    (lambda value: value.to(torch.complex64), "complex"),
    (torch.Tensor.long, "int64"),
    (torch.Tensor.bool, "bool"),
]
"""Changes to a tensor that make it unfit to be a weight, and the words of the error."""


def checkpoint(**changes):
    torch.manual_seed(0)
    module = Denoiser(**HYPER_PARAMETERS)
    return {"state_dict": module.state_dict(), "hyper_parameters": {**HYPER_PARAMETERS, **changes}}


def save(path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content or checkpoint(), path)
    return path


def refused(path, reason):
    """The error of a file that is refused; it names the file, or the description beside an export."""
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{reason}[^\n]*\nfix: .+$") as raised:
        denoiser.load(path)
    assert raised.value.code == 2
    assert str(Path(path).with_suffix("")) in raised.value.what
    return raised.value


SEEN = {
    "data": "folder",
    "split": "split_seed=0",
    "pictures": 2,
    "sizes": torch.tensor([[321, 481], [70_000, 2]], dtype=torch.int32),
    "thumbnails": torch.arange(128, dtype=torch.uint8).reshape(2, 8, 8),
}


def tiny(**changes):
    torch.manual_seed(0)
    return Denoiser(**{**HYPER_PARAMETERS, **changes}).eval()


def write_export(model, stem, half=False, seen=None, facts=None):
    """The `.safetensors` and the `.json` of an export that has not been compared with the model."""
    content = exported.to_bytes(model, half)
    description = {"half": half, **(facts or {}), **exported.describe(model, seen)}
    description["sha256"] = hashlib.sha256(content).hexdigest()
    path = stem.with_name(f"{stem.name}.safetensors")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    stem.with_name(f"{stem.name}.json").write_text(json.dumps(description))
    return path


def run_folder(folder, seen=SEEN, model=None):
    model = model or tiny(trained_on="folder, gaussian noise, sigma 0 to 55", trained_sigma=[0, 55])
    (folder / "checkpoints").mkdir(parents=True)
    content = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "seen": seen,
        "global_step": 7,
    }
    torch.save(content, folder / "checkpoints" / "best.ckpt")
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("- data=folder\n- noise.sigma_range=[0,55]\n")
    return folder
