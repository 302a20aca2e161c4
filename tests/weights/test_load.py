import hashlib
import subprocess
import sys
import zipfile

import pytest
import torch
from helpers.checkpoints import HYPER_PARAMETERS, SEEN, checkpoint, refused, save, write_export
from safetensors.torch import save_file
from spandrel.architectures.DnCNN import DnCNN

import denoiser
from denoiser.training.module import Denoiser
from denoiser.weights import formats
from denoiser.weights.load import opened
from denoiser.weights.published import Published


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


def test_text_is_no_checkpoint(tmp_path):
    (tmp_path / "a.ckpt").write_text("text")
    refused(tmp_path / "a.ckpt", "not a file of torch.save")


@pytest.mark.parametrize(
    "code", ["import denoiser; denoiser.load", "import denoiser.run, denoiser.denoise, denoiser.export"]
)
def test_importing_does_not_import_torch(code):
    subprocess.run([sys.executable, "-c", f"{code}; import sys; sys.exit('torch' in sys.modules)"], check=True)


def test_help_does_not_import_torch():
    code = (
        "import sys; from denoiser.cli import main as cli\n"
        "sys.argv = ['denoiser', 'run', '--help']\n"
        "try: cli.main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "bsds_deep" in done.stdout


@pytest.mark.parametrize(("name", "noun"), [("a.ckpt", "the checkpoint is"), ("a.pth", "the file of weights is")])
def test_a_damaged_zip_is_what_it_is_called(tmp_path, name, noun):
    path = save(tmp_path / name)
    path.write_bytes(path.read_bytes()[:-100])
    refused(path, f"{noun} truncated or damaged")


def test_a_checkpoint_may_have_any_name(tmp_path):
    assert isinstance(denoiser.load(save(tmp_path / "renamed.pth")), Denoiser)


@pytest.mark.parametrize("name", ["a.pth", "a.ckpt", "a.bin"])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_published_weights_under_any_name(tmp_path, name, kind):
    weights = DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict()
    if kind == "safetensors":
        save_file(weights, tmp_path / name)
    else:
        torch.save(weights, tmp_path / name, _use_new_zipfile_serialization=kind == "zip")
    model = denoiser.load(tmp_path / name)
    assert isinstance(model, Published) and model.channels == 1 and not model.training


def test_what_a_file_records_comes_with_its_model(tmp_path):
    content = {**checkpoint(), "seen": SEEN, "global_step": 7, "epoch": 2}
    run = opened(save(tmp_path / "run" / "checkpoints" / "best.ckpt", content).parent.parent)
    assert (run.file, run.name) == (tmp_path / "run" / "checkpoints" / "best.ckpt", "tiny")
    assert run.facts == {"steps": 7, "epoch": 2}
    assert run.seen["pictures"] == 2 and run.sha256 == hashlib.sha256(run.file.read_bytes()).hexdigest()
    write_export(run.model, tmp_path / "net", False, SEEN, {"licence": "public domain"})
    export = opened(tmp_path / "net.safetensors")
    assert export.model.name == "net" and export.model.hparams["name"] == run.model.name == "tiny"
    assert (export.name, export.facts["licence"]) == ("net", "public domain") and export.seen["pictures"] == 2
    assert export.sha256 == hashlib.sha256(export.file.read_bytes()).hexdigest()
    torch.save(DnCNN(in_nc=1, out_nc=1, nc=4, nb=9, act_mode="R").state_dict(), tmp_path / "theirs.pth")
    theirs = opened(tmp_path / "theirs.pth")
    assert (theirs.name, theirs.model.name, theirs.seen) == ("theirs", "theirs", None)
    assert theirs.sha256 == hashlib.sha256(theirs.file.read_bytes()).hexdigest()


def test_missing_published_weights_get_their_address():
    refused("dncnn_25.pth", "no such file of weights").fix.startswith("download https://")


def test_a_zip_that_grows_beyond_belief_is_not_unpacked(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(10**6))
    monkeypatch.setattr(formats, "LARGEST_PICKLE", 10**5)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    assert formats.is_published(tmp_path / "a.pth")


def test_a_network_that_is_given_can_be_trained_further(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3, padding=1), torch.nn.Conv2d(1, 1, 1).requires_grad_(False))
    file = save(tmp_path / "a.ckpt", checkpoint(network={"object": "mine.Net"}))
    content = torch.load(file, weights_only=True)
    content["state_dict"] = {f"network.{name}": value for name, value in network.state_dict().items()}
    torch.save(content, file)
    model = denoiser.load(file, network=network)
    assert model.network is network and [p.requires_grad for p in network.parameters()] == [True, True, False, False]
    assert not any(p.requires_grad for p in denoiser.load(save(tmp_path / "b.ckpt")).parameters())
    with pytest.raises(TypeError, match=r"the network is a torch.nn.Module, not 'unet'"):
        denoiser.load(file, network="unet")
