"""Models as ONNX, for any batch, height and width: the graph pads to the sizes that the network needs."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from denoiser.errors import DenoiserError
from denoiser.weights.published import Published

if TYPE_CHECKING:
    from denoiser.training.module import Denoiser

INPUTS, OUTPUT = ("noisy", "sigma"), "denoised"
AXES = {0: "batch", 2: "height", 3: "width"}
EXAMPLE = (2, 61, 75)
"""Batch, height and width that the network is traced with: none is 1 or a multiple of what networks pad to."""
LOWEST_OPSET = 18
"""The oldest operator set that has all operators of torch's exporter."""
LOGGERS = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


class Forward(nn.Module):
    """A model whose call is its `forward`, which the exporter traces; the model's own call takes pictures.

    Args:
        model: a trained model or published weights.
    """

    def __init__(self, model: Denoiser | Published) -> None:
        super().__init__()
        self.model = model

    def forward(self, noisy: Tensor, sigma: Tensor | None = None) -> Tensor:
        """Denoise a batch, see `PictureModel.forward`."""
        return self.model.forward(noisy, sigma)


def to_onnx(
    model: Denoiser | Published, opset: int | None, metadata: Mapping[str, str], half: bool = False
) -> tuple[bytes, int]:
    """Export a model to ONNX.

    The input of the graph is `noisy`, float32 `(batch, C, height, width)`, nominally in [0, 1], its output `denoised`.
    Networks that take a noise level have a second input `sigma`, float32 `(batch,)` in grey levels of 255.

    Args:
        model: the model, on the CPU, in evaluation mode.
        opset: version of the operators; None for the exporter's own.
        metadata: entries of the file's metadata.
        half: keep weights that float16 holds exactly in float16.

    Returns:
        The content of the ONNX file, and the version of its operators.

    Raises:
        DenoiserError: the packages are not installed, or the exporter does not support the network or the version.
    """
    require_packages("onnx", "onnxscript")
    if opset is not None and opset < LOWEST_OPSET:
        raise DenoiserError(f"no operator set {opset}: from {LOWEST_OPSET} on (--opset)", "leave out --opset")
    with warnings.catch_warnings(), _silence():
        warnings.simplefilter("ignore")  # warnings about the code of the exporter and of the networks' authors
        try:
            graph = _trace(Forward(model).eval(), opset)
        except Exception as error:  # tracing raises many kinds of errors, depending on the network
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            fix = "--format safetensors" if not isinstance(model, Published) else "export DnCNN, FDnCNN or DRUNet"
            raise DenoiserError(f"the network cannot be written as ONNX: {reason} (--format onnx)", fix) from error
    if opset not in (None, graph.opset_import[0].version):
        raise DenoiserError(f"no operator set {opset} for this network (--opset)", "leave out --opset")
    _tidy(graph.graph)
    if half:
        _halve(graph.graph)
    for key, value in metadata.items():
        graph.metadata_props.add(key=key, value=value)
    return bytes(graph.SerializeToString()), int(graph.opset_import[0].version)


def require_packages(*names: str) -> None:
    """Require packages to be installed.

    Raises:
        DenoiserError: one is not installed.
    """
    from importlib.util import find_spec

    if missing := [name for name in names if find_spec(name) is None]:
        what = f"{' and '.join(missing)} not installed (--format onnx)"
        raise DenoiserError(what, "pip install onnx onnxscript onnxruntime, or --format safetensors")


def function(content: bytes) -> Callable[[Tensor, float], Tensor]:
    """An ONNX file in onnxruntime as a function of a picture and its noise level; on the CPU, with torch's threads.

    Raises:
        DenoiserError: onnxruntime is not installed.
    """
    require_packages("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    takes_sigma = len(session.get_inputs()) == 2

    def denoise(noisy: Tensor, sigma: float) -> Tensor:
        level = {INPUTS[1]: torch.full((len(noisy),), sigma).numpy()} if takes_sigma else {}
        return torch.from_numpy(session.run(None, {INPUTS[0]: noisy.numpy(), **level})[0])

    return denoise


def _trace(forward: Forward, opset: int | None) -> Any:
    """Torch's export of a model, as ONNX's ModelProto."""
    takes_sigma, (batch, height, width) = forward.model.takes_sigma, EXAMPLE
    noisy = torch.zeros(batch, forward.model.channels, height, width)
    dynamic = torch.export.Dim.DYNAMIC
    program = torch.onnx.export(
        forward,
        (noisy, torch.full((batch,), 25.0))[: 1 + takes_sigma],
        dynamo=True,
        input_names=INPUTS[: 1 + takes_sigma],
        output_names=[OUTPUT],
        dynamic_shapes=(dict.fromkeys(AXES, dynamic), {0: dynamic} if takes_sigma else None)[: 1 + takes_sigma],
        opset_version=opset,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("the exporter returned nothing")
    return program.model_proto


def _tidy(graph: Any) -> None:
    """Name the axes, and remove the exporter's notes about the code and the machine that it ran on."""
    for end in (*graph.input, *graph.output):
        for axis, dim in enumerate(end.type.tensor_type.shape.dim):
            if dim.dim_param:
                dim.dim_param = AXES[axis]
    del graph.value_info[:]  # intermediate shapes, with the axes' former names
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def _halve(graph: Any) -> None:
    """Store initialisers that float16 holds exactly as float16; the graph casts them to float32."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.ndim and np.array_equal(values.astype(np.float16), values):
            name = weight.name
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


@contextmanager
def _silence() -> Iterator[None]:
    """Silence the exporter's loggers, whose messages are of no use to a user."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
