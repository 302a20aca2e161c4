import hashlib
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.checkpoints import ODD_TENSORS
from PIL import Image
from safetensors.torch import save_file
from spandrel import MAIN_REGISTRY
from spandrel.architectures.Compact import Compact
from spandrel.architectures.DnCNN import DnCNN
from spandrel.architectures.DRUNet import DRUNet
from spandrel.architectures.NAFNet import NAFNet
from spandrel.architectures.SCUNet import SCUNet
from spandrel.architectures.SwinIR import SwinIR
from torch.nn import functional

from denoiser.errors import DenoiserError
from denoiser.metrics.psnr_ssim import psnr
from denoiser.noise.base import to_8_bit
from denoiser.weights import published, published_files

NETWORKS = {
    "DnCNN": lambda c: DnCNN(in_nc=c, out_nc=c, nc=4, nb=9, act_mode="R"),
    "FDnCNN": lambda c: DnCNN(in_nc=c + 1, out_nc=c, nc=4, nb=9, act_mode="R", mode="FDnCNN"),
    "DRUNet": lambda c: DRUNet(in_nc=c + 1, out_nc=c, nc=[4, 4, 8, 8], nb=2),
    "NAFNet": lambda c: NAFNet(img_channel=c, width=4, middle_blk_num=1, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
    "SCUNet": lambda c: SCUNet(in_nc=c, config=[1] * 7, dim=64),
    "SwinIR": lambda c: SwinIR(
        img_size=16, in_chans=c, embed_dim=12, depths=[2], num_heads=[2], window_size=8, mlp_ratio=2, upsampler=""
    ),
}


class Payload:
    """Makes a folder when it is unpickled."""

    def __init__(self, proof):
        self.proof = proof

    def __reduce__(self):
        return os.mkdir, (str(self.proof),)


def refused(path, reason, fix=".+"):
    lines = rf"^error: [^\n]*{reason}[^\n]*{path.name}\)\nfix: {fix}[^\n]*$"
    with pytest.raises(DenoiserError, match=lines) as raised:
        published.read(path)
    assert raised.value.code == 2


def network(name="DnCNN", channels=1):
    torch.manual_seed(0)
    module = NETWORKS[name](channels).eval().requires_grad_(False)
    for parameter in module.parameters():
        parameter.mul_(1.5).add_(0.01 * torch.randn(parameter.shape))
    return module


@pytest.fixture
def weights():
    return network().state_dict()


def saved(content, path, zipped=True):
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def called(model, size, sigma=25.0):
    noisy = 30 * torch.randn(2, model.channels, *size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return noisy, model.forward(noisy, torch.tensor([sigma, 50]))


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # SwinIR's own construction
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_take_any_size_and_clamp_nothing(tmp_path, name, channels):
    module = network(name, channels)
    model = published.read(saved(module.state_dict(), tmp_path / "some net.pth"))
    assert (model.name, model.architecture, model.channels) == ("some net", f"{name} (spandrel)", channels)
    assert model.takes_sigma == (name in ("FDnCNN", "DRUNet"))
    assert not model.training
    for size in ((48, 64), (33, 17)):
        noisy, denoised = called(model, size)
        assert denoised.shape == noisy.shape
    levels = torch.tensor([25.0, 50]).view(-1, 1, 1, 1).expand(2, 1, 48, 64) / 255
    noisy, denoised = called(model, (48, 64))
    expected = module(torch.cat([noisy, levels], 1) if model.takes_sigma else noisy)
    assert ((expected < 0) | (expected > 1)).any()
    largest = expected.abs().max().item()  # of which sums of float32 are good for some 1e-6
    torch.testing.assert_close(denoised, expected, rtol=0, atol=1e-5 * largest)


def test_sizes_are_met_by_reflection(tmp_path):
    module = network("DRUNet")
    model = published.read(saved(module.state_dict(), tmp_path / "a.pth"))
    assert (model.multiple, model.smallest) == (8, 1)
    noisy, denoised = called(model, (13, 22))
    levels = torch.tensor([25.0, 50]).view(-1, 1, 1, 1).expand(2, 1, 16, 24) / 255
    padded = functional.pad(noisy, (0, 2, 0, 3), mode="reflect")
    expected = module(torch.cat([padded, levels], 1))[..., :13, :22]
    torch.testing.assert_close(denoised, expected, rtol=0, atol=1e-5 * expected.abs().max().item())


@pytest.mark.parametrize("wrap", ["params", "params_ema", "state_dict", "model", "net", None])
@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_the_usual_wrappings_and_formats(tmp_path, weights, kind, wrap):
    content = {wrap: weights, "epoch": 3} if wrap else {f"module.{name}": value for name, value in weights.items()}
    path = saved(content, tmp_path / "a.pth", zipped=kind == "zip")
    model = published.read(path)
    assert torch.equal(model.network.state_dict()["model.0.weight"], weights["model.0.weight"])
    assert model.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_safetensors_and_half_precision(tmp_path, weights):
    save_file({name: value.half() for name, value in weights.items()}, tmp_path / "a.safetensors")
    model = published.read(tmp_path / "a.safetensors")
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}
    expected = weights["model.0.weight"].half().float()
    assert torch.equal(model.network.state_dict()["model.0.weight"], expected)


def test_no_file_and_a_folder(tmp_path, weights):
    saved(weights, tmp_path / "dncnn_25x.pth")
    refused(tmp_path / "dncn_25x.pth", "no such file of weights", "did you mean .*dncnn_25x.pth")
    refused(tmp_path / "dncnn_25.pth", "no such file of weights", "download https://.*/dncnn_25.pth")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "Is a directory")


@pytest.mark.parametrize(
    ("content", "reason", "fix"),
    [
        (b"", "is empty", "give a file"),
        (b"\n<!DOCTYPE html><html>404</html>", "is a web page", "download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 9\n", "a git-LFS pointer", "git lfs pull"),
        (b"hello, world", "no file of weights", "give a file"),
        (b"\x80", "truncated or damaged", "download"),
        (b"PK\x03\x04" + bytes(500), "truncated or damaged", "download"),
        (struct.pack("<Q", 40) + b'{"a": 1}', "truncated or damaged", "download"),
    ],
)
def test_no_weights_at_all(tmp_path, content, reason, fix):
    (tmp_path / "a.pth").write_bytes(content)
    refused(tmp_path / "a.pth", reason, fix)


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_truncated(tmp_path, weights, kind, kept):
    path = tmp_path / "a.pth"
    save_file(weights, path) if kind == "safetensors" else saved(weights, path, zipped=kind == "zip")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    refused(path, "truncated or damaged", "download the file again")


def flipped(content, position):
    return content[:position] + bytes([content[position] ^ 0x40]) + content[position + 1 :]


def test_a_flipped_byte_of_a_zip(tmp_path, weights):
    path = saved(weights, tmp_path / "a.pth")
    content = path.read_bytes()
    path.write_bytes(flipped(content, content.index(weights["model.4.weight"].numpy().tobytes()) + 50))
    refused(path, "damaged", "download the file again")


def test_a_flipped_byte_of_a_listed_file(tmp_path, weights, monkeypatch):
    path = saved(weights, tmp_path / "renamed.pth", zipped=False)
    content = path.read_bytes()
    start = content.index(weights["model.4.weight"].numpy().tobytes())
    monkeypatch.setattr(published_files, "BLOCK", 512)
    blocks = [hashlib.sha256(content[i : i + 512]).hexdigest()[:8] for i in range(0, len(content), 512)]
    entry = {"name": "dncnn_x.pth", "url": "https://x.org/dncnn_x.pth", "size": len(content), "blocks": blocks}
    entry["sha256"] = hashlib.sha256(content).hexdigest()
    (tmp_path / "published.json").write_text(json.dumps([entry]))
    path.write_bytes(flipped(content, start + 50))
    published.read(path)  # nothing tells
    monkeypatch.setattr(published_files, "LIST", tmp_path / "published.json")
    refused(path, f"dncnn_x.pth, but 1 of its {len(blocks)} blocks are altered", "download .*x.org.*on purpose")
    path.write_bytes(content)
    published.read(path)
    # Other weights in the same network and format are no damaged file.
    for value in weights.values():
        value.mul_(1.1)
    saved(weights, path, zipped=False)
    assert len(path.read_bytes()) == entry["size"]
    published.read(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_payload_is_not_run(tmp_path, weights, zipped):
    proof = tmp_path / "proof"
    path = saved({**weights, "extra": Payload(proof)}, tmp_path / "a.pth", zipped)
    refused(path, "holds more than tensors and plain values, which could run anything")
    path.write_bytes(pickle.dumps({**weights, "extra": Payload(proof)}))
    refused(path, "holds more than tensors")
    path.write_bytes(pickle.dumps(Payload(proof), protocol=2))
    refused(path, "holds more than tensors")
    path.write_bytes(pickle.dumps(Payload(proof), protocol=0))
    refused(path, "no file of weights")
    assert not proof.exists()
    pickle.loads(path.read_bytes())  # so it would have been run
    assert proof.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_another_pickle_protocol_is_no_damage(tmp_path, weights, zipped):
    path = tmp_path / "a.pth"
    torch.save(weights, path, pickle_protocol=4, _use_new_zipfile_serialization=zipped)
    refused(path, "of a pickle protocol that is not loaded safely", "torch.save without")


def test_torchscript_and_other_zips(tmp_path):
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/constants.pkl", b"")
        archive.writestr("a/data.pkl", b"")
    refused(path, "TorchScript program")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text")
    refused(path, "torch.save did not write")


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (torch.zeros(3), "Tensor"),
        ({}, "dictionary of"),
        ({"lr": 0.1, "epoch": 3}, "dictionary of lr, epoch"),
        ({3: torch.zeros(3)}, "dictionary of 3"),
    ],
)
def test_no_state_dict(tmp_path, content, seen):
    refused(saved(content, tmp_path / "a.pth"), f"no tensors by name, but .*{seen}")


def test_checkpoints_of_our_own(tmp_path, weights):
    content = {"state_dict": weights, "hyper_parameters": {"name": "unet", "objective": {}}}
    refused(saved(content, tmp_path / "a.ckpt"), "a checkpoint of `denoiser run`", "checkpoint=.*a.ckpt")
    content["hyper_parameters"] = {"lr": 0.1}
    assert published.read(saved(content, tmp_path / "a.ckpt")).channels == 1


def test_another_architecture(tmp_path):
    content = {"patch_embed.proj.weight": torch.zeros(48, 3, 3, 3), "x.bias": torch.zeros(48)}
    fix = "give weights of DnCNN, DRUNet, NAFNet, SCUNet, SwinIR, ...$"
    reason = "no known architecture has these weights: patch_embed.proj.weight 48x3x3x3"
    refused(saved(content, tmp_path / "a.pth"), reason, fix)
    assert {*published.DENOISERS} <= {one.architecture.name for one in MAIN_REGISTRY}


def test_shapes_that_do_not_fit(tmp_path, weights):
    weights["model.2.weight"] = torch.zeros(3, 4, 3, 3)
    refused(saved(weights, tmp_path / "a.pth"), "do not fit their architecture: model.0.weight 4x1x3x3")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (
            lambda: Compact(num_in_ch=3, num_out_ch=3, num_feat=4, num_conv=2, upscale=2),
            "for SR at 2x, not",
        ),
        (
            lambda: DnCNN(in_nc=5, out_nc=4, nc=4, nb=9, act_mode="R", mode="FDnCNN"),
            "DnCNN with 4 channels",
        ),
        (
            lambda: NAFNet(img_channel=2, width=4, enc_blk_nums=[1], dec_blk_nums=[1]),
            "NAFNet with 2 channels",
        ),
    ],
)
def test_networks_that_do_something_else(tmp_path, module, reason):
    refused(saved(module().state_dict(), tmp_path / "a.pth"), reason, "give weights of a denoiser")


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_weights_that_are_not_finite(tmp_path, weights, value):
    weights["model.6.bias"][1] = value
    refused(saved(weights, tmp_path / "a.pth"), "not finite, first model.6.bias")


@pytest.mark.parametrize(("kind", "odd"), ODD_TENSORS)
def test_tensors_that_are_no_weights(tmp_path, weights, kind, odd):
    weights["model.4.weight"] = kind(weights["model.4.weight"])
    refused(saved(weights, tmp_path / "a.pth"), f"model.4.weight is {odd}; weights are dense", "give a file")


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # SwinIR's own construction
def test_indices_may_be_whole_numbers(tmp_path):
    module = SwinIR(img_size=16, in_chans=1, embed_dim=12, depths=[2], num_heads=[2], window_size=8, upsampler="")
    assert module.state_dict()["layers.0.residual_group.blocks.0.attn.relative_position_index"].dtype == torch.int64
    assert published.read(saved(module.state_dict(), tmp_path / "a.pth")).channels == 1


def test_the_published_dncnn(real_data, tmp_path):
    path = real_data / "reference" / "kair_dncnn_25.pth"
    model = published.read(path)
    assert sum(parameter.numel() for parameter in model.parameters()) == 555_137
    gains = []
    for picture in ("test001", "test003"):
        clean = torch.from_numpy(np.array(Image.open(real_data / "BSD68" / f"{picture}.png"))[None, None] / 255).float()
        clean = clean[..., 100:228, 100:228]
        noisy = clean + torch.randn(clean.shape, generator=torch.Generator().manual_seed(0)) * 25 / 255
        with torch.inference_mode():
            gains.append((psnr(to_8_bit(model(noisy)), clean) - psnr(noisy, clean)).item())
    assert min(gains) > 6
    content = path.read_bytes()
    for position in (1000, 100_000, len(content) - 9):
        (tmp_path / "a.pth").write_bytes(flipped(content, position))
        refused(tmp_path / "a.pth", "KAIR's dncnn_25.pth, but 1 of its 34 blocks", "download it again: https://github")


def test_a_library_whose_private_call_is_gone_is_called_publicly():
    torch.manual_seed(0)
    descriptor = published._descriptor(network("DnCNN", 1).state_dict(), Path("a.pth"))
    private = descriptor.__dict__.pop("_call_fn")
    model = published.Published(descriptor, "a", "0" * 64)
    descriptor._call_fn = private  # which spandrel's public call needs, whatever its name
    noisy = torch.rand(1, 1, 24, 20)
    torch.testing.assert_close(model(noisy), descriptor.model(noisy).clamp(0, 1))
