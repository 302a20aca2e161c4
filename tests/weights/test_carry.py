"""The folder for a machine with a GPU holds all that a training needs there: tried on the CPU, in small."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file

from denoiser.models.unet import UNet

REPOSITORY = Path(__file__).resolve().parents[2]
ABSENT = ("imagecodecs", "pywt", "skimage", "tifffile", "spandrel", "matplotlib", "psutil", "filelock")
SMALL = "--device cpu --no-bf16 --divide 16 --at-once 8 --slots 2 --together 1 --steps 2"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures in the layout of the folders that are carried."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    sides = {"free-photos": 560, "polyu-dev/noisy": 64, "polyu-dev/clean": 64, "BSR/BSDS500/data/images/val": 64}
    for name, side in sides.items():
        (folder / name).mkdir(parents=True)
        picture = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((side, side))
        picture.save(folder / name / "12.jpg", quality=95)
    (folder / "BSD68").mkdir()
    (folder / "BSD68" / "ids.txt").write_text("test001 12\n")
    return folder


@pytest.fixture(scope="module")
def carried(data, tmp_path_factory):
    """The folder, on a machine that lacks the packages of `ABSENT`."""
    folder = tmp_path_factory.mktemp("carried") / "folder"
    env = {**os.environ, "PYTHON": sys.executable}
    subprocess.run(["sh", "experiments/weights/carry.sh", data, folder], cwd=REPOSITORY, env=env, check=True)
    for name in ABSENT:
        (folder / "src" / f"{name}.py").write_text(f"raise ImportError('{name} is not on that machine')")
    return folder


@pytest.mark.parametrize(("kind", "channels"), [("camera", 3), ("white-grey", 1)])
def test_a_training_runs_in_the_folder(kind, channels, carried, tmp_path):
    settings = {"PYTHON": sys.executable, "WAY": "", "GATHER": "--drawn 8", "OPTIONS": f"{SMALL} --widths 8 16 16"}
    env = {**os.environ, **settings, "OUT": str(tmp_path), "POOL": str(tmp_path / "pool.pt")}
    command = ["bash", carried / "gpu.sh", kind, "600"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last = map(json.loads, (tmp_path / f"{kind}.log").read_text().splitlines())
    assert last["steps"] == 2 and {"real", "awgn15", "awgn50"} <= last.keys()
    weights = load_file(tmp_path / f"{kind}.safetensors")
    assert weights.keys() == UNet(channels, (8, 16, 16), (2, 2, 4), slope=0.2).state_dict().keys()
