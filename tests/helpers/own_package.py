"""A package of a user's own, `mypkg`, and a folder of configuration that names its classes."""

import sys

FILES = {
    "mypkg/__init__.py": "",
    "mypkg/net.py": """
from os import system
import torch

class Net(torch.nn.Conv2d):
    def __init__(self, width=3):
        super().__init__(3, 3, width, padding="same")

class Wrong(torch.nn.Conv2d):
    def __init__(self):
        super().__init__(3, 1, 3, padding="same")
""",
    "mypkg/parts.py": """
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loggers import CSVLogger
from denoiser.data.folder import Folder
from denoiser.noise.base import Noise

class Halves(Folder):
    pass

@dataclass(frozen=True)
class Dead(Noise):
    share: float = 0.1
    name: ClassVar[str] = "dead"

    def _add(self, clean, level, generator):
        return clean * clean.new_empty(clean.shape).bernoulli_(1 - self.share, generator=generator)

@dataclass(frozen=True)
class Unlevelled(Noise):
    sigma: float = 25

    def _add(self, clean, level, generator):
        return clean + level.view(-1, 1, 1, 1) / 255

def cubed():
    return lambda denoised, clean: (denoised - clean).abs().pow(3).mean()

class Slow(torch.optim.SGD):
    pass

class Steps(Callback):
    def __init__(self, file):
        self.file = file

    def on_train_end(self, trainer, module):
        Path(self.file).write_text(str(trainer.global_step))

class Lines(CSVLogger):
    pass

class Sharpness:
    def __call__(self, image, clean):
        return float(image.diff(dim=-1).abs().mean() / clean.diff(dim=-1).abs().mean())

def brightness(image, clean):
    return image.mean() - clean.mean()

def psnr(image, clean):
    return 0

def halved(image, sigma):
    return image / 2
""",
    "mypkg/broken.py": "import absent_package\n",
    "conf/model/own.yaml": """
# @package _global_
model:
  name: own
  channels: 3
  network:
    _target_: mypkg.net.Net
    width: 3
""",
    "conf/model/own_trusted.yaml": """
# @package _global_
trust: [mypkg]
model:
  name: own_trusted
  channels: 3
  network:
    _target_: mypkg.net.Net
""",
    "conf/data/halves.yaml": """
# @package _global_
trust: [mypkg]
data:
  name: halves
  _target_: mypkg.parts.Halves
  path: ${oc.env:OWN_PICTURES}
  channels: 3
  batch_size: 4
  patch_size: 16
""",
    "conf/data/eight.yaml": "defaults: [synthetic]\nname: eight\nimages: 8\nsize: 48\n",
    "conf/optimizer/slow.yaml": "_target_: mypkg.parts.Slow\nlr: 0.01\n",
    "conf/objective/cubed.yaml": "_target_: mypkg.parts.cubed\n",
    "conf/logger/lines.yaml": "_target_: mypkg.parts.Lines\nname: lines\n",
    "conf/callbacks/steps.yaml": """
defaults: [default]
steps:
  _target_: mypkg.parts.Steps
  file: steps.txt
""",
    "conf/noise/dead.yaml": "_target_: mypkg.parts.Dead\nshare: 0.1\n",
}


def write(folder):
    """Write the package and its configuration; returns the folder of the latter."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
    return folder / "conf"


def forget():
    """Forget the modules of the package, so that the next test imports its own."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]
