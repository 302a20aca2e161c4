import subprocess
import sys

import pytest
import torch

import denoiser
from denoiser.errors import DenoiserError
from denoiser.module import Denoiser

NETWORK = {"_target_": "denoiser.models.strided.StridedAutoencoder", "channels": 1, "widths": [2, 3]}
HYPER_PARAMETERS = {
    "network": NETWORK,
    "objective": {"_target_": "denoiser.objectives.Supervised", "loss": "mse"},
    "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3, "warmup": 0, "schedule": "constant"},
    "channels": 1,
    "name": "tiny",
    "trained_on": "nothing",
}


def checkpoint(**changes):
    torch.manual_seed(0)
    module = Denoiser(**HYPER_PARAMETERS)
    return {"state_dict": module.state_dict(), "hyper_parameters": {**HYPER_PARAMETERS, **changes}}


def save(path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content or checkpoint(), path)
    return path


def refused(path, reason):
    with pytest.raises(DenoiserError, match=rf"^error: [^\n]*{reason}[^\n]*\nfix: .+$") as raised:
        denoiser.load(path)
    assert raised.value.code == 2
    return raised.value


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_file_becomes_a_model_that_denoises(tmp_path, kind):
    model = denoiser.load(kind(save(tmp_path / "a.ckpt")))
    assert isinstance(model, Denoiser) and not model.training
    assert model.hparams["channels"] == 1
    noisy = torch.rand(2, 1, 13, 7)
    torch.manual_seed(0)
    assert torch.equal(model(noisy), Denoiser(**HYPER_PARAMETERS).eval()(noisy))


def test_a_run_folder_is_its_best_else_its_last_checkpoint(tmp_path):
    save(tmp_path / "checkpoints" / "last.ckpt", checkpoint(trained_on="last"))
    assert denoiser.load(tmp_path).hparams["trained_on"] == "last"
    save(tmp_path / "checkpoints" / "best.ckpt", checkpoint(trained_on="best"))
    assert denoiser.load(tmp_path).hparams["trained_on"] == "best"


def test_a_folder_without_a_checkpoint(tmp_path):
    refused(tmp_path, "no checkpoint in the folder")
    save(tmp_path / "0" / "checkpoints" / "last.ckpt")
    assert refused(tmp_path, "no checkpoint in the folder").fix.endswith(str(tmp_path / "0"))


def test_a_path_that_is_not_there_gets_the_nearest(tmp_path):
    save(tmp_path / "first_run" / "checkpoints" / "best.ckpt")
    assert str(tmp_path / "first_run") in refused(tmp_path / "frist_run", "no such checkpoint").fix
    assert str(tmp_path / "first_run") in refused(tmp_path / "first_rum" / "checkpoints" / "b.ckpt", "no such").fix
    assert str(tmp_path) in refused(tmp_path / "quite_another", "no such checkpoint").fix


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


@pytest.mark.parametrize(
    ("channels", "reason"),
    [
        (3, r"expected input\[1, 3, "),
        (2, "1 and 3 are possible"),
        (torch.ones(2), "1 and 3 are possible"),
        ("1", "1 and 3 are possible"),
        (None, "1 and 3 are possible"),
    ],
)
def test_a_model_that_does_not_run(tmp_path, channels, reason):
    refused(save(tmp_path / "a.ckpt", checkpoint(channels=channels)), f"describes a model that does not run.*{reason}")


def test_a_model_with_other_channels_out_than_in(tmp_path, monkeypatch):
    file = save(tmp_path / "a.ckpt")
    monkeypatch.setattr(Denoiser, "forward", lambda self, noisy: noisy.repeat(1, 3, 1, 1))
    refused(file, "does not run.*1x1x64x64 becomes 1x3x64x64")


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        (lambda value: value.to("meta"), "without content"),
        (torch.Tensor.to_sparse, "sparse"),
        (lambda value: value.to(torch.complex64), "complex"),
        (torch.Tensor.long, "int64"),
    ],
)
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
        {"objective": {"_target_": "denoiser.objectives.torch.os.mkdir", "path": "proof"}},
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
    refused(file, "the checkpoint describes (a model that is not built|no model)")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_text_is_no_checkpoint(tmp_path):
    (tmp_path / "a.ckpt").write_text("text")
    refused(tmp_path / "a.ckpt", "no file of torch.save")


@pytest.mark.parametrize("code", ["import denoiser; denoiser.load", "import denoiser.run, denoiser.denoise"])
def test_importing_does_not_import_torch(code):
    subprocess.run([sys.executable, "-c", f"{code}; import sys; sys.exit('torch' in sys.modules)"], check=True)


def test_help_does_not_import_torch():
    code = (
        "import sys; from denoiser import cli\n"
        "sys.argv = ['denoiser', 'run', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "bsds_deep" in done.stdout
