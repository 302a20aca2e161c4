"""Every model as ONNX gives what it gives in torch, at any size."""

import importlib.util

import onnx
import pytest
import torch
from helpers.tiny import names
from spandrel.architectures.DRUNet import DRUNet

from denoiser.config import compose
from denoiser.errors import DenoiserError
from denoiser.training import assemble
from denoiser.weights import published
from denoiser.weights.export import onnx_model

SMALL = {
    "bsds_deep": ["model.network.widths=[4,6,8]"],
    "cifar_strided": ["model.network.widths=[4,6]"],
    "cifar_early": ["model.network.widths=[4]"],
    "mnist_basic": ["data=mnist"],
    "dncnn": ["model.network.nc=4", "model.network.nb=3"],
    "unet": ["model.network.widths=[8,12,16]", "model.network.blocks=[1,1,1]"],
}
SIZES = ((1, 61, 75), (3, 16, 24), (1, 1, 1), (2, 1, 40), (1, 130, 17))
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(autouse=True, scope="module")
def one_model_at_a_time():
    yield
    torch.compiler.reset()


def build(name, *overrides):
    torch.manual_seed(0)
    return assemble.module(compose([f"model={name}", *SMALL.get(name, []), *overrides])).eval()


def outputs(model, run, size, sigma=40.0):
    batch, height, width = size
    noisy = torch.rand(batch, model.channels, height, width, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return model(noisy, sigma) if model.takes_sigma else model(noisy), run(noisy, sigma)


@pytest.mark.parametrize("name", names("model"))
def test_any_batch_height_and_width_as_in_torch(name):
    model = build(name)
    content, _ = onnx_model.to_onnx(model, None, {})
    run = onnx_model.function(content)
    for size in SIZES:
        expected, actual = outputs(model, run, size)
        torch.testing.assert_close(actual, expected, **TOLERANCE)


@pytest.fixture(scope="module")
def model():
    return build("unet")


def test_a_file_says_what_it_is_and_nothing_of_where_it_was_made(model):
    content, version = onnx_model.to_onnx(model, 21, {"name": "x", "sha256": "ab"}, half=True)
    graph = onnx.load_model_from_string(content)
    onnx.checker.check_model(graph, full_check=True)
    assert {entry.key: entry.value for entry in graph.metadata_props} == {"name": "x", "sha256": "ab"}
    axes = [[dim.dim_param or dim.dim_value for dim in end.type.tensor_type.shape.dim] for end in graph.graph.input]
    assert axes == [["batch", 3, "height", "width"]] and [end.name for end in graph.graph.output] == ["denoised"]
    assert version == 21 == graph.opset_import[0].version
    assert b".py" not in content and b"/" + b"denoiser" not in content


def test_weights_that_float16_holds_are_kept_so_and_give_the_same(model):
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()
    whole, _ = onnx_model.to_onnx(model, None, {})
    half, _ = onnx_model.to_onnx(model, None, {}, half=True)
    assert len(half) < 0.65 * len(whole)
    for size in SIZES[:2]:
        expected, actual = outputs(model, onnx_model.function(half), size)
        torch.testing.assert_close(actual, expected, **TOLERANCE)


def test_published_networks_get_the_noise_level(tmp_path):
    torch.manual_seed(0)
    torch.save(DRUNet(in_nc=2, out_nc=1, nc=[4, 4, 8, 8], nb=2).state_dict(), tmp_path / "a.pth")
    network = published.read(tmp_path / "a.pth")
    content, _ = onnx_model.to_onnx(network, None, {})
    run = onnx_model.function(content)
    assert [end.name for end in onnx.load_model_from_string(content).graph.input] == ["noisy", "sigma"]
    for size in SIZES:
        expected, actual = outputs(network, run, size)
        torch.testing.assert_close(actual, expected, **TOLERANCE)
    assert not torch.equal(outputs(network, run, SIZES[0], 5.0)[1], outputs(network, run, SIZES[0])[1])


@pytest.mark.parametrize("opset", [7, 99])
def test_operator_sets_that_are_not_there(model, opset):
    with pytest.raises(DenoiserError, match=rf"no operator set {opset}.*--opset.*\nfix: leave out --opset") as raised:
        onnx_model.to_onnx(model, opset, {})
    assert raised.value.code == 2


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_packages_that_are_not_installed(model, monkeypatch, package):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else there(name))
    with pytest.raises(
        DenoiserError, match=rf"{package} not installed.*\nfix: pip install onnx onnxscript onnxruntime"
    ):
        onnx_model.to_onnx(model, None, {})


def test_a_network_that_cannot_be_traced(model, monkeypatch):
    monkeypatch.setattr(model.network, "forward", lambda x: x if x.mean() > 0.5 else -x)
    with pytest.raises(DenoiserError, match=r"cannot be written as ONNX: \S.*\nfix: --format safetensors") as raised:
        onnx_model.to_onnx(model, None, {})
    assert raised.value.code == 2
