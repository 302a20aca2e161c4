"""Convert weights of train_camera.py to NAME.safetensors, NAME.json and the card NAME.md, which `denoiser` loads.

python experiments/weights/convert.py TRAINED.safetensors TRAINED.log OUT --photos DIR --selected DIR --name NAME
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from denoiser.data.pairs import Pictures
from denoiser.data.thumbnails import thumbnails
from denoiser.weights.export import card
from denoiser.weights.export.bundle import bundle
from denoiser.weights.load import Opened
from denoiser.weights.rebuild import rebuild

TRAINED_ON = "47 photographs under CC0 or CC-BY and drawn pictures; "
OPTIMIZER = {
    "_target_": "denoiser.training.muon.Muon",
    **{"lr": 0.005, "momentum": 0.95, "iterations": 5, "schedule": "cosine"},
}


def seen(photos: Path, selected: Path, channels: int) -> dict[str, Any]:
    """The record by which an evaluation on pictures that the network was trained or selected on is detected."""
    files = [*sorted(photos.glob("*.jpg")), *sorted((selected / "clean").iterdir())]
    mode = "RGB" if channels == 3 else "L"
    images = [np.array(Image.open(f).convert(mode)).reshape(*Image.open(f).size[::-1], channels) for f in files]
    tensors = [torch.from_numpy(image).permute(2, 0, 1) for image in images]
    record = thumbnails(Pictures([f.stem for f in files], tensors), channels)
    return {"data": "free-photos", "split": "all; polyu-dev selected", "pictures": len(files), **record}


def log_of(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first and the last line of a log."""
    lines = path.read_text().splitlines()
    return json.loads(lines[0]), json.loads(lines[-1])


def noises(shares: dict[str, float]) -> str:
    """The noise of a training, by the shares of its kinds."""
    return "gaussian noise" if shares.get("camera") == 0 else "a camera's noise (synthetic), and gaussian noise"


def opened(weights: Path, log: Path, record: dict[str, Any], name: str) -> Opened:
    """The network, and how it was trained according to the log."""
    first, last = log_of(log)
    options = first["options"]
    channels, widths, blocks = (json.loads(options[k]) for k in ("channels", "widths", "blocks"))
    network = {"_target_": "denoiser.models.unet.UNet", "channels": channels, "widths": widths, "blocks": blocks}
    described = {
        "network": {**network, "bias": False, "slope": 0.2},
        "objective": {"_target_": "denoiser.objectives.supervised.Supervised", "loss": "mse"},
        "optimizer": OPTIMIZER,
        "channels": channels,
        "name": name,
        "trained_on": TRAINED_ON + noises(json.loads(options.get("shares", "{}"))),
        "trained_sigma": [0, 55],
    }
    state = {f"network.{k}": v.float() for k, v in load_file(weights).items()}
    model = rebuild({"hyper_parameters": described, "state_dict": state}, weights).requires_grad_(False)
    kind = {"camera": "camera", "camera-grey": "grey"}.get(options["name"], options["name"])
    command = (
        f"bash gpu.sh {kind} {round(float(options['seconds']) + 6)}  # seed {options['seed']}; see experiments/weights"
    )
    facts = {
        "command": command,
        "commit": None,
        "device": first["device"],
        "seconds": last["t"],
        "steps": last["steps"],
    }
    return Opened(model, weights, name, record, {"training": facts})


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("weights", "log", "out"):
        parser.add_argument(name, type=Path)
    for name in ("photos", "selected"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--name", required=True)
    options = parser.parse_args()
    channels = int(log_of(options.log)[0]["options"]["channels"])
    record = seen(options.photos, options.selected, channels)
    source = opened(options.weights, options.log, record, options.name)
    packed = bundle(source, options.name, (".safetensors",), half=True)
    packed.contents[".json"] = f"{json.dumps(packed.description, indent=1, ensure_ascii=False)}\n".encode()
    packed.contents[".md"] = card.markdown(packed.description).encode()
    options.out.mkdir(parents=True, exist_ok=True)
    for suffix, content in packed.contents.items():
        (options.out / f"{options.name}{suffix}").write_bytes(content)


if __name__ == "__main__":
    main()
