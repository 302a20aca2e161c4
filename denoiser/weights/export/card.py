"""Model cards: what a model is, what it was trained on and under which licence, and what was measured."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from denoiser import build
from denoiser.config import choice
from denoiser.data.store.catalogue import dataset_card
from denoiser.noise.levels import LEVEL_KINDS, SIGMA
from denoiser.runs.row import noise_level
from denoiser.search_path import options
from denoiser.weights.export import parity
from denoiser.weights.export.bundle import ONNX, SAFETENSORS

UNKNOWN = "not recorded"
DISPLAY = "callbacks.progress"
COLOURS = {1: "grey", 3: "colour"}
COLUMNS = (
    *("data", "noise", "sigma", "n", "protocol", "noisy PSNR (dB)", "PSNR (dB) [95 %]", "SSIM [95 %]", "seed"),
    "pictures it was trained on",
)


def markdown(facts: Mapping[str, Any], ships: bool = False) -> str:
    """The model card of an export.

    Args:
        facts: content of the JSON, see `denoiser.weights.export.bundle`.
        ships: whether the files come with the package, so that their name is enough to load them.
    """
    parts = (
        _about(facts),
        _use(facts, ships),
        _data(facts),
        _training(facts),
        _results(facts, ships),
        _parity(facts),
        _limits(facts),
    )
    return "\n\n".join(map("\n".join, parts)) + "\n"


def _about(facts: Mapping[str, Any]) -> Iterator[str]:
    level = "It takes the noise level as an input" if facts["takes_sigma"] else "It needs no noise level"
    name = facts["name"]
    yield f"# {name}\n"
    yield f"A denoiser for {COLOURS[facts['channels']]} pictures. {level}. Written by denoiser {facts['version']}.\n"
    yield "| | |\n|---|---|"
    yield f"| network | `{facts['architecture']}` |"
    yield f"| parameters | {facts['parameters']:,} |"
    yield f"| multiply-accumulates | {facts['macs'] / 1e9:.2f} G at {facts['channels']}x256x256 |"
    yield f"| noise levels of training | {_levels(facts)} |"
    if SAFETENSORS in facts["formats"]:
        yield f"| {name}.safetensors | {'float16' if facts['half'] else 'float32'}, sha256 `{facts['sha256']}` |"
    if ONNX in facts["formats"]:
        yield f"| {name}.onnx | operator set {facts['onnx']['opset']}, sha256 `{facts['onnx']['sha256']}` |"


def _levels(facts: Mapping[str, Any]) -> str:
    spans = [(kind, facts.get(f"trained_{kind.key}")) for kind in LEVEL_KINDS]
    return next((f"{kind.span(span)}, {kind.unit}" for kind, span in spans if span), UNKNOWN)


def _use(facts: Mapping[str, Any], ships: bool) -> Iterator[str]:
    yield "## Use\n"
    name = facts["name"]
    if SAFETENSORS in facts["formats"]:
        file = name if ships else f"{name}.safetensors"
        option = f"--model {name}" if ships else f"--checkpoint {file}"
        yield f"    denoiser denoise PICTURE_OR_FOLDER -o OUT {option}\n"
        yield f'    clean = denoiser.load("{file}")(image)  # a numpy, torch or Pillow image; returns the same type'
    if ONNX in facts["formats"]:
        level = ', "sigma": sigma' if facts["takes_sigma"] else ""
        call = f'(None, {{"noisy": noisy{level}}})[0]'
        yield f'    denoised = onnxruntime.InferenceSession("{name}.onnx").run{call}\n'
        yield f"`noisy` is float32 `(batch, {facts['channels']}, height, width)`, nominally in [0, 1], of any size" + (
            "; `sigma` is float32 `(batch,)` in grey levels of 255." if level else "."
        )


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Training data and licence\n"
    seen = facts.get("seen") or {}
    data = seen.get("data") or (facts.get("trained_on") or "").partition(",")[0]
    yield f"Trained on: {facts.get('trained_on') or UNKNOWN}."
    if seen:
        yield f"{seen['pictures']} pictures were used for training and selection (split {seen['split']})."
    yield _licence(data)
    for record in seen.get("earlier", ()):
        yield f"Before, the weights that it started from: {record['pictures']} pictures (split {record['split']})."
        yield _licence(record["data"])
    yield "The code is under the MIT licence. Whether the licence of the training pictures also applies to the weights"
    yield "is an open question: respect that licence if it matters to you."


def _licence(data: str) -> str:
    """The dataset, its licence and its source, from the dataset's card and its module's docstring."""
    dataset = dataset_card(data) if data in options("data") else None
    if dataset is None:
        return f"The licence of the pictures: {UNKNOWN}."
    target = str(choice("data", data).data["_target_"])
    docstring = sys.modules[build.target("data", target).__module__].__doc__ or ""
    source = next((" ".join(part.split()) for part in docstring.split("\n\n") if part.startswith("Source:")), "")
    return f"{data}: {dataset.description}. Licence: {dataset.licence}. {source}".rstrip()


def _training(facts: Mapping[str, Any]) -> Iterator[str]:
    training = facts.get("training") or {}
    yield "## Training\n"
    yield f"    {_command(training.get('command') or f'command: {UNKNOWN}')}\n"
    seconds, steps = training.get("seconds"), training.get("steps")
    minutes = UNKNOWN if seconds is None else f"{seconds / 60:,.0f} minutes"
    yield f"Commit: {training.get('commit') or UNKNOWN}. Device: {training.get('device') or UNKNOWN}."
    yield f"Duration: {minutes}. Optimiser steps: {UNKNOWN if steps is None else f'{steps:,}'}{_epoch(training)}."


def _epoch(training: Mapping[str, Any]) -> str:
    """Which epoch the weights are of, such as `, after epoch 36 of 40`: the best need not be the last."""
    epoch, epochs = training.get("epoch"), training.get("epochs")
    if epoch is None:
        return ""
    return f", after epoch {epoch}" + ("" if epochs is None else f" of {epochs}")


def _command(line: str) -> str:
    """The command without options that only concern its display."""
    words = shlex.split(line)
    return shlex.join(word for word in words if not word.lstrip("+~").startswith(DISPLAY)) if DISPLAY in line else line


def _results(facts: Mapping[str, Any], ships: bool) -> Iterator[str]:
    yield "## Measured\n"
    if not facts.get("results"):
        yield "Not measured."
    else:
        apart = any(noise_level(row)[0] != SIGMA for row in facts["results"])
        yield f"| {' | '.join('noise level' if apart and column == 'sigma' else column for column in COLUMNS)} |"
        yield "|---" * len(COLUMNS) + "|"
        yield from map(_row, facts["results"])
        devices = {(row["device"], row["commit"]) for row in facts["results"]}
        yield "\nPSNR and SSIM are computed per image and then averaged; the intervals are over images. Measured on"
        yield "; ".join(f"{device}, commit {commit or UNKNOWN}" for device, commit in sorted(devices, key=str)) + "."
    if "check" in facts:
        check = facts["check"]
        picture = check["picture"].rpartition(".")[0]
        yield f"\nTo check a copy: {check['psnr']:.2f} dB is the PSNR of {picture} (scikit-image's {check['picture']};"
        yield f"noisy: {check['psnr_noisy']:.2f} dB; seed {check['seed']}) in results.csv of\n"
        yield f"    denoiser evaluate {_evaluated(facts, ships)} noise.sigma={check['sigma']}"


def _evaluated(facts: Mapping[str, Any], ships: bool) -> str:
    """Arguments of `denoiser evaluate` that score this model on the photographs of the check."""
    file = facts["name"] if ships else f"{facts['name']}.safetensors" if SAFETENSORS in facts["formats"] else "FILE"
    key = "checkpoint" if file != "FILE" or "hyper_parameters" in facts else "weights"
    return f"{key}={file} data=photos" + (" data.channels=1" if facts["channels"] == 1 else "")


def _row(row: Mapping[str, Any]) -> str:
    leak = "not known" if row["leak"] is None else f"LEAK: {len(row['leak'])}" if row["leak"] else "none"
    kind, number = noise_level(row)
    level = "" if number is None else f"{number:g}" if kind == SIGMA else kind.text(number)
    cells = (row["data"], row["noise"], level, row["n_images"], row["protocol"], _figure(row, "psnr_noisy", 2))
    figures = (f"**{_figure(row, 'psnr', 2)}**", _figure(row, "ssim", 4), row["seed"], leak)
    return f"| {' | '.join(map(str, (*cells, *figures)))} |"


def _figure(row: Mapping[str, Any], key: str, digits: int) -> str:
    if row[key] is None:
        return "infinite"
    ends = row.get(f"{key}_interval")
    return f"{row[key]:.{digits}f}" + (f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]" if ends else "")


def _parity(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Parity\n"
    pairs = {
        SAFETENSORS: "the `.safetensors` and the model that it was made from",
        ONNX: "onnxruntime and torch with the same weights",
    }
    compared = "; ".join(pairs[suffix] for suffix in pairs if suffix in facts["formats"])
    yield "Differences between outputs, where 1.0 is white, on photographs with Gaussian noise of sigma 25, seed 0:"
    yield f"{compared}.\n"
    yield from parity.table(facts["parity"])
    if ONNX in facts["formats"]:
        yield f"\nSpeeds: medians of {parity.TIMES} calls on {facts['device']}."


def _limits(facts: Mapping[str, Any]) -> Iterator[str]:
    yield "## Limits\n"
    several = "s" if facts["channels"] > 1 else ""
    yield f"- It takes {COLOURS[facts['channels']]} pictures: {facts['channels']} channel{several}."
    yield f"- Noise of training: {facts.get('trained_on') or UNKNOWN}. Other noise, such as that of compressed or"
    yield "  strongly processed photographs, was not measured unless it is in the table above."
    if facts["channels"] == 3:
        yield "- A colour model has not learned the noise of JPEGs whose chroma is subsampled. Unless a model is named,"
        yield "  `denoiser denoise` denoises such pictures with the model for grey ones, plane by plane."
