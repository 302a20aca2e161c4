"""Model cards: what a network is, what it learned from under which licence, and what was measured of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import OmegaConf

from denoiser import build
from denoiser.config import config_dir, options
from denoiser.data.store.catalogue import card as dataset_card
from denoiser.weights.export import parity
from denoiser.weights.export.bundle import ONNX, SAFETENSORS

UNKNOWN = "not recorded"
DISPLAY = "callbacks.progress"
COLOURS = {1: "grey", 3: "colour"}
COLUMNS = (
    *("data", "noise", "sigma", "n", "protocol", "noisy PSNR (dB)", "PSNR (dB) [95 %]", "SSIM [95 %]", "seed"),
    "pictures that it was trained on",
)


def text(told: Mapping[str, Any], ships: bool = False) -> str:
    """The card in Markdown.

    Args:
        told: what the JSON says, see `denoiser.weights.export.bundle`.
        ships: whether the files are in the package, and called by their name.
    """
    parts = (
        _about(told),
        _use(told, ships),
        _data(told),
        _training(told),
        _results(told, ships),
        _parity(told),
        _limits(told),
    )
    return "\n\n".join(map("\n".join, parts)) + "\n"


def _about(told: Mapping[str, Any]) -> Iterator[str]:
    kind = "It is told the noise level" if told["takes_sigma"] else "It is not told the noise level"
    name = told["name"]
    yield f"# {name}\n"
    yield f"A denoiser for {COLOURS[told['channels']]} pictures. {kind}. Written by denoiser {told['version']}.\n"
    yield "| | |\n|---|---|"
    yield f"| network | `{told['architecture']}` |"
    yield f"| parameters | {told['parameters']:,} |"
    yield f"| multiply-accumulates | {told['macs'] / 1e9:.2f} G at {told['channels']}x256x256 |"
    yield f"| noise levels of training | {_levels(told.get('trained_sigma'))} |"
    if SAFETENSORS in told["formats"]:
        yield f"| {name}.safetensors | {'float16' if told['half'] else 'float32'}, sha256 `{told['sha256']}` |"
    if ONNX in told["formats"]:
        yield f"| {name}.onnx | operator set {told['onnx']['opset']}, sha256 `{told['onnx']['sha256']}` |"


def _levels(span: Any) -> str:
    if not span:
        return UNKNOWN
    low, high = span
    return f"sigma {low:g}{'' if low == high else f' to {high:g}'}, in grey levels of 255"


def _use(told: Mapping[str, Any], ships: bool) -> Iterator[str]:
    yield "## Use\n"
    name = told["name"]
    if SAFETENSORS in told["formats"]:
        file = name if ships else f"{name}.safetensors"
        option = f"--model {name}" if ships else f"--checkpoint {file}"
        yield f"    denoiser denoise PICTURE_OR_FOLDER -o OUT {option}\n"
        yield f'    clean = denoiser.load("{file}")(image)  # numpy, torch or Pillow in, the same out'
    if ONNX in told["formats"]:
        level = ', "sigma": sigma' if told["takes_sigma"] else ""
        call = f'(None, {{"noisy": noisy{level}}})[0]'
        yield f'    denoised = onnxruntime.InferenceSession("{name}.onnx").run{call}\n'
        yield f"`noisy` is float32 `(batch, {told['channels']}, height, width)`, nominally in [0, 1], of any size" + (
            "; `sigma` is float32 `(batch,)` in grey levels of 255." if level else "."
        )


def _data(told: Mapping[str, Any]) -> Iterator[str]:
    yield "## Training data and licence\n"
    seen = told.get("seen") or {}
    data = seen.get("data") or (told.get("trained_on") or "").partition(",")[0]
    yield f"Trained on: {told.get('trained_on') or UNKNOWN}."
    if seen:
        yield f"{seen['pictures']} pictures were trained or selected on (split {seen['split']})."
    yield _licence(data)
    yield "The code is under the MIT licence. Whether weights are bound by the licence of the pictures that they were"
    yield "trained on is not settled here: where that licence matters to you, keep to it."


def _licence(data: str) -> str:
    """The dataset and its licence as its own card and page have them."""
    known = dataset_card(data) if data in options("data") else None
    if known is None:
        return f"The licence of the pictures: {UNKNOWN}."
    target = str(OmegaConf.select(OmegaConf.load(config_dir() / "data" / f"{data}.yaml"), "_target_"))
    page = sys.modules[build.target("data", target).__module__].__doc__ or ""
    source = next((" ".join(part.split()) for part in page.split("\n\n") if part.startswith("Source:")), "")
    return f"{data}: {known.what}. Licence: {known.licence}. {source}".rstrip()


def _training(told: Mapping[str, Any]) -> Iterator[str]:
    training = told.get("training") or {}
    yield "## Training\n"
    yield f"    {_command(training.get('command') or f'command: {UNKNOWN}')}\n"
    seconds, steps = training.get("seconds"), training.get("steps")
    minutes = UNKNOWN if seconds is None else f"{seconds / 60:,.0f} minutes"
    yield f"Commit: {training.get('commit') or UNKNOWN}. Device: {training.get('device') or UNKNOWN}."
    yield f"Duration: {minutes}. Optimiser steps: {UNKNOWN if steps is None else f'{steps:,}'}."


def _command(line: str) -> str:
    """The command without what concerns its display alone."""
    words = shlex.split(line)
    return shlex.join(word for word in words if not word.lstrip("+~").startswith(DISPLAY)) if DISPLAY in line else line


def _results(told: Mapping[str, Any], ships: bool) -> Iterator[str]:
    yield "## Measured\n"
    if not told.get("results"):
        yield "Not measured."
    else:
        yield f"| {' | '.join(COLUMNS)} |"
        yield "|---" * len(COLUMNS) + "|"
        yield from map(_row, told["results"])
        devices = {(row["device"], row["commit"]) for row in told["results"]}
        yield "\nPSNR and SSIM are computed per image and then averaged; the intervals are over images. Measured on"
        yield "; ".join(f"{device}, commit {commit or UNKNOWN}" for device, commit in sorted(devices, key=str)) + "."
    if "check" in told:
        check = told["check"]
        picture = check["picture"].rpartition(".")[0]
        yield f"\nTo check a copy: {check['psnr']:.2f} dB, from {check['psnr_noisy']:.2f} dB, is the row of {picture}"
        yield f"(scikit-image's {check['picture']}; seed {check['seed']}) in results.csv of\n"
        yield f"    denoiser evaluate {_evaluated(told, ships)} noise.sigma={check['sigma']}"


def _evaluated(told: Mapping[str, Any], ships: bool) -> str:
    """What has `denoiser evaluate` compare this network on the photographs of the check."""
    file = told["name"] if ships else f"{told['name']}.safetensors" if SAFETENSORS in told["formats"] else "FILE"
    key = "checkpoint" if file != "FILE" or "hyper_parameters" in told else "weights"
    return f"{key}={file} data=photos" + (" data.channels=1" if told["channels"] == 1 else "")


def _row(row: Mapping[str, Any]) -> str:
    leak = "not known" if row["leak"] is None else f"LEAK: {len(row['leak'])}" if row["leak"] else "none"
    sigma = "" if row["sigma"] is None else f"{row['sigma']:g}"
    cells = (row["data"], row["noise"], sigma, row["n_images"], row["protocol"], _figure(row, "psnr_noisy", 2))
    figures = (f"**{_figure(row, 'psnr', 2)}**", _figure(row, "ssim", 4), row["seed"], leak)
    return f"| {' | '.join(map(str, (*cells, *figures)))} |"


def _figure(row: Mapping[str, Any], key: str, digits: int) -> str:
    if row[key] is None:
        return "infinite"
    ends = row.get(f"{key}_interval")
    return f"{row[key]:.{digits}f}" + (f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]" if ends else "")


def _parity(told: Mapping[str, Any]) -> Iterator[str]:
    yield "## Parity\n"
    beside = {
        SAFETENSORS: "what the `.safetensors` gives beside the model that it was made from",
        ONNX: "what onnxruntime gives beside torch with the same weights",
    }
    compared = "; ".join(beside[kind] for kind in beside if kind in told["formats"])
    yield f"Outputs on photographs with Gaussian noise of sigma 25, seed 0, where 1.0 is white: {compared}.\n"
    yield from parity.table(told["parity"])
    if ONNX in told["formats"]:
        yield f"\nSpeeds are medians of {parity.TIMES} calls on {told['device']}."


def _limits(told: Mapping[str, Any]) -> Iterator[str]:
    yield "## Limits\n"
    several = "s" if told["channels"] > 1 else ""
    yield f"- It takes {COLOURS[told['channels']]} pictures: {told['channels']} channel{several}."
    yield f"- Noise of training: {told.get('trained_on') or UNKNOWN}. Other noise, such as that of compressed or of"
    yield "  strongly processed photographs, is not measured unless it stands in the table above."
    if told["channels"] == 3:
        yield "- Noise of JPEGs whose chroma is subsampled is not what a colour model has learned. Unless a model is"
        yield "  named, `denoiser denoise` gives such pictures to the model for grey ones, plane by plane."
