"""Train, compare and use image denoisers, from Python and from the command line.

`denoiser.load("photo")(image)` denoises a picture, `denoiser.Denoiser` is a LightningModule around any network,
`denoiser.score` compares, `denoiser.train` is the command `denoiser run`; `denoiser.data`, `denoiser.noise` and
`denoiser.objectives` hold the datasets, noise models and objectives. What is not used is not imported.

>>> import os, denoiser, lightning, numpy, torch
>>> from PIL import Image
>>> quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
>>> rng = numpy.random.default_rng(0)
>>> os.mkdir("pictures")
>>> for i in range(30):
...     Image.fromarray(rng.integers(0, 256, (8, 8, 3), numpy.uint8)).resize((64, 64)).save(f"pictures/{i}.png")
>>> net = torch.nn.Conv2d(3, 3, 3, padding=1)  # any nn.Module (B, C, H, W) -> the same
>>> data = denoiser.data.Folder("pictures", noise=denoiser.noise.Gaussian(25))
>>> model = denoiser.Denoiser(net, objective=torch.nn.L1Loss(), optimizer=lambda p: torch.optim.SGD(p, lr=0.1))
>>> lightning.Trainer(max_epochs=1, **quiet).fit(model, data)
>>> (figures,) = lightning.Trainer(**quiet).test(model, data, verbose=False)
>>> sorted(figures)
['test/psnr', 'test/psnr_noisy', 'test/ssim', 'test/ssim_noisy']
>>> table = denoiser.score([model, "noisy", "photo"], "photos", sigma=25)
>>> print(table.markdown().splitlines()[2].partition(" | Images")[0])
| Method | Data | Noise | Sigma
>>> image = numpy.asarray(Image.open("pictures/0.png"))
>>> denoiser.load("photo")(image).shape
(64, 64, 3)
>>> "unet" in denoiser.list_models(), "bsds500" in denoiser.list_data()
(True, True)
>>> results = denoiser.train("trainer=smoke", "model=cifar_shallow", "data=synthetic", out="run")
cifar_shallow on synthetic, gaussian: ...
>>> results["status"], [row["data"] for row in results["rows"]]
('ok', ['photos'])
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from denoiser import data, noise, objectives
    from denoiser.config import list_data, list_models
    from denoiser.errors import DenoiserError
    from denoiser.evaluation.score import score
    from denoiser.run import compose, train
    from denoiser.training.module import Denoiser
    from denoiser.weights.load import load
    from denoiser.weights.shipped import list_weights

    __version__: str

__all__ = [
    "Denoiser",
    "DenoiserError",
    "__version__",
    "compose",
    "data",
    "list_data",
    "list_models",
    "list_weights",
    "load",
    "noise",
    "objectives",
    "score",
    "train",
]
_PLACES = {
    "Denoiser": "denoiser.training.module",
    "DenoiserError": "denoiser.errors",
    "compose": "denoiser.run",
    "list_data": "denoiser.config",
    "list_models": "denoiser.config",
    "list_weights": "denoiser.weights.shipped",
    "load": "denoiser.weights.load",
    "score": "denoiser.evaluation.score",
    "train": "denoiser.run",
}
"""The module of each name, which is imported when the name is first used: a command needs no torch to start."""


def __getattr__(name: str) -> Any:
    import importlib

    if name == "__version__":
        from denoiser.cli.arguments import version

        return version()
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name in __all__:
        return importlib.import_module(f"denoiser.{name}")
    raise AttributeError(f"module 'denoiser' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
