"""A network whose output is known exactly, and the command on small pictures."""

import numpy as np
import torch
from PIL import Image

from denoiser import denoise
from denoiser.training.module import Denoiser

RNG = np.random.default_rng(0)
FACTOR = 0.4
"""Factor of the network for each grey level; no multiple of it lies in the middle between two integers."""


def checkpoint(folder, channels):
    """A run folder of a network that makes pictures darker by `FACTOR`."""
    network = {"_target_": "torch.nn.Conv2d", "in_channels": channels, "out_channels": channels, "kernel_size": 1}
    module = Denoiser(
        network={**network, "groups": channels, "bias": False},
        objective={"_target_": "denoiser.objectives.supervised.Supervised"},
        optimizer={"_target_": "torch.optim.Adam"},
        channels=channels,
        name="dimmer",
    )
    torch.nn.init.constant_(module.network.weight, FACTOR)
    (folder / "checkpoints").mkdir(parents=True)
    torch.save(
        {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams)},
        folder / "checkpoints" / "best.ckpt",
    )
    return str(folder)


def picture(path, channels=1, side=12, seed=None):
    """A picture of noise, in the format of the path's suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (side, side + 5, 3) if channels == 3 else (side, side + 5)
    rng = RNG if seed is None else np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)).save(path)
    return path


def array(path):
    with Image.open(path) as opened:
        return np.asarray(opened)


def dimmed(path):
    """The network's output for a picture of integers."""
    pixels = array(path)
    return np.rint(pixels * FACTOR).astype(pixels.dtype)


def run(*arguments):
    """Run the command in float32; returns the exit code."""
    return denoise.main(["--precision", "32", *map(str, arguments)])


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def error_output(capsys, code, arguments):
    """Run the command, which fails with that code in two lines; returns all that it wrote to stderr."""
    assert denoise.main([str(argument) for argument in arguments]) == code
    output = capsys.readouterr()
    error, fix = output.err.splitlines()[-2:]
    assert error.startswith("error: ") and fix.startswith("fix: ")
    return output.err
