"""Small stand-ins for the datasets, in the layouts of the real ones, and one training step on them."""

import pickle
from pathlib import Path

import numpy as np
from omegaconf import OmegaConf
from PIL import Image

from denoiser.config import compose
from denoiser.data import from_config
from denoiser.data.store import download
from denoiser.data.store.catalogue import dataset_card, dataset_class
from denoiser.search_path import config_dir
from denoiser.training import assemble

SIDE = 32
SMALL = {"images": 4, "size": 48, "batch_size": 256, "patch_size": 16, "crops_per_image": 1, "verify": False}
"""Values that make a dataset small, for the keys that it has, and an epoch one batch."""
FOLDERS = ("path", "noisy", "clean")
"""Keys of data that require a folder."""
WHOLE = ("debug", "experiment")
EXTRAS = ("wandb", "mlflow")
"""Loggers of packages that may be missing."""
STEP = ("trainer.max_epochs=1", "callbacks.progress.style=none")


def event_folder(run):
    """The folder of TensorBoard's events of a run, whose name TensorBoard shows."""
    (folder,) = {path.parent for path in (run / "tensorboard").glob("*/events.out.*")}
    return folder


def yamls(group):
    return sorted((config_dir() / group).glob("*.yaml"))


def names(group):
    return [path.stem for path in yamls(group)]


def groups():
    """The groups whose choices make something; those of `WHOLE` change other groups."""
    return sorted(path.name for path in config_dir().iterdir() if path.is_dir() and path.name not in WHOLE)


def store(root, seed=0):
    """Every dataset that is read from `data.root`, and a folder of pictures for each key that requires one."""
    rng = np.random.default_rng(seed)
    root.mkdir(exist_ok=True)
    (root / "stand-ins").touch()
    for name in FOLDERS:
        pictures([root / name / f"{i:02d}.png" for i in range(12)], rng)
    for about in filter(None, map(dataset_card, names("data"))):
        pictures([root / about.folders[0] / file for file in about.files if about.source], rng)
    listed = download.read_hashes(Path(download.__file__).with_name("bsds500-sha256.txt"))
    pictures([root / download.BSDS500_FOLDERS[0] / name for name in listed], rng, (32, 48))
    mnist(root / "MNIST" / "raw", rng)
    cifar10(root / "cifar-10-batches-py", rng)
    return root


def pictures(paths, rng, size=(SIDE, SIDE)):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(path)


def mnist(folder, rng):
    folder.mkdir(parents=True)
    for split, count in (("train", 20), ("t10k", 4)):
        idx(folder / f"{split}-images-idx3-ubyte", rng.integers(0, 256, (count, 28, 28), np.uint8))
        idx(folder / f"{split}-labels-idx1-ubyte", np.zeros(count, np.uint8))


def idx(path, array):
    head = bytes((0, 0, 8, array.ndim)) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    path.write_bytes(head + array.tobytes())


def cifar10(folder, rng):
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        batch = {"data": rng.integers(0, 256, (4, 3072), np.uint8), "labels": [0] * 4}
        (folder / name).write_bytes(pickle.dumps(batch))


def small(name, root):
    """Overrides that choose a dataset and make it small."""
    keys = OmegaConf.load(config_dir() / "data" / f"{name}.yaml").keys()
    chosen = {key: value for key, value in SMALL.items() if key in keys}
    folders = FOLDERS[1:] if "noisy" in keys else FOLDERS  # of pairs, path is the folder of both
    chosen |= {key: root / key for key in folders if key in keys}
    noise = ["noise=none"] if dataset_class(name).real_pairs else []
    chosen |= {"sources": f"[{root / 'path'},synthetic]"} if "sources" in keys else {}
    return [f"data={name}", *noise, *(f"data.{key}={value}" for key, value in chosen.items())]


def configured(root, *overrides, data="folder"):
    return compose([*STEP, *small(data, root), *overrides])


def one_step(cfg, folder):
    """Train for one step and validate; returns trainer, module and the weights before it."""
    data, module, (trainer, _) = from_config.training_data(cfg), assemble.module(cfg), assemble.trainer(cfg, folder)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    trainer.fit(module, data)
    return trainer, module, before
