"""Networks as ONNX: any batch, height and width, with what a network needs of sizes met inside the graph."""

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
"""Batch, height and width that the network is traced with: none divides what networks divide by, nor is 1."""
LOWEST = 18
"""What the exporter starts from; older operator sets lack some of what it writes."""
LOGGERS = ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")


class Forward(nn.Module):
    """A model whose call is its `forward`, which the exporter traces; the model's own call takes pictures.

    Args:
        model: a trained or a published network.
    """

    def __init__(self, model: Denoiser | Published) -> None:
        super().__init__()
        self.model = model

    def forward(self, noisy: Tensor, sigma: Tensor | None = None) -> Tensor:
        """Denoise a batch, see `PictureModel.forward`."""
        return self.model.forward(noisy, sigma)


def exported(
    model: Denoiser | Published, opset: int | None, told: Mapping[str, str], half: bool = False
) -> tuple[bytes, int]:
    """An ONNX file, and the version of its operators.

    Its input is `noisy`, float32 `(batch, C, height, width)`, nominally in [0, 1], its output `denoised`. Networks
    that take a noise level have an input `sigma` too, float32 `(batch,)` in grey levels of 255.

    Args:
        model: on the CPU, in evaluation mode.
        opset: version of the operators; None for the exporter's own.
        told: what the file's metadata say.
        half: keep weights that float16 holds exactly in float16.

    Raises:
        DenoiserError: the packages are not installed, or the network or the operators' version is not possible.
    """
    needed("onnx", "onnxscript")
    if opset is not None and opset < LOWEST:
        raise DenoiserError(f"no operator set {opset}: from {LOWEST} on (--opset)", "leave --opset out")
    with warnings.catch_warnings(), _silence():
        warnings.simplefilter("ignore")  # of what the exporter and the networks' authors call
        try:
            graph = _traced(Forward(model).eval(), opset)
        except Exception as error:  # from the tracing of whatever the network does
            reason = str(error.__cause__ or error).strip().partition("\n")[0]
            fix = "--format safetensors" if not isinstance(model, Published) else "DnCNN, FDnCNN and DRUNet export"
            raise DenoiserError(f"the network cannot be written as ONNX: {reason} (--format onnx)", fix) from error
    if opset not in (None, graph.opset_import[0].version):
        raise DenoiserError(f"no operator set {opset} for this network (--opset)", "leave --opset out")
    _tidy(graph.graph)
    if half:
        _halve(graph.graph)
    for key, value in told.items():
        graph.metadata_props.add(key=key, value=value)
    return bytes(graph.SerializeToString()), int(graph.opset_import[0].version)


def needed(*packages: str) -> None:
    """Refuse to go on without packages.

    Raises:
        DenoiserError: one is not installed.
    """
    from importlib.util import find_spec

    if absent := [name for name in packages if find_spec(name) is None]:
        what = f"{' and '.join(absent)} not installed (--format onnx)"
        raise DenoiserError(what, "pip install onnx onnxscript onnxruntime, or --format safetensors")


def runner(content: bytes) -> Callable[[Tensor, float], Tensor]:
    """The ONNX file in onnxruntime on the CPU, with as many threads as torch has: from a picture and its sigma.

    Raises:
        DenoiserError: onnxruntime is not installed.
    """
    needed("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = torch.get_num_threads(), 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    conditioned = len(session.get_inputs()) == 2

    def run(noisy: Tensor, sigma: float) -> Tensor:
        level = {INPUTS[1]: torch.full((len(noisy),), sigma).numpy()} if conditioned else {}
        return torch.from_numpy(session.run(None, {INPUTS[0]: noisy.numpy(), **level})[0])

    return run


def _traced(forward: Forward, opset: int | None) -> Any:
    conditioned, (batch, height, width) = forward.model.takes_sigma, EXAMPLE
    noisy = torch.zeros(batch, forward.model.channels, height, width)
    dynamic = torch.export.Dim.DYNAMIC
    program = torch.onnx.export(
        forward,
        (noisy, torch.full((batch,), 25.0))[: 1 + conditioned],
        dynamo=True,
        input_names=INPUTS[: 1 + conditioned],
        output_names=[OUTPUT],
        dynamic_shapes=(dict.fromkeys(AXES, dynamic), {0: dynamic} if conditioned else None)[: 1 + conditioned],
        opset_version=opset,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("the exporter gave nothing back")
    return program.model_proto


def _tidy(graph: Any) -> None:
    """Name the axes, and leave out what the exporter notes of the code and machine that it ran on."""
    for end in (*graph.input, *graph.output):
        for axis, dim in enumerate(end.type.tensor_type.shape.dim):
            if dim.dim_param:
                dim.dim_param = AXES[axis]
    del graph.value_info[:]  # intermediate shapes, in the axes' former names
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""


def _halve(graph: Any) -> None:
    """Initialisers that float16 holds exactly become float16, cast on use."""
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
    """Keep the exporter's loggers quiet, which say what is no concern of a user."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
