"""The loggers of `conf/logger`: what they write and where, and what is said where their package is missing."""

import csv
import sys

import pytest
from helpers.tiny import EXTRAS, configured, names, one_step, store, yamls
from omegaconf import OmegaConf

from denoiser.config import compose
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.training import assemble
from denoiser.trust import names_of_command

CHEAP = "model=cifar_shallow"


def test_csv_has_a_table_of_its_own(tmp_path):
    one_step(configured(store(tmp_path / "store"), CHEAP, "logger=csv"), tmp_path / "run")
    with (tmp_path / "run" / "csv" / "metrics.csv").open() as table:
        heads = set(next(csv.reader(table)))
    assert {"epoch", "train/loss", "val/psnr"} <= heads and (tmp_path / "run" / "metrics.csv").exists()
    assert not (tmp_path / "run" / "tensorboard").exists()


@pytest.mark.parametrize("name", EXTRAS)
def test_a_package_that_is_missing_is_named_with_its_pip_line(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    for module in ("wandb", "mlflow"):
        monkeypatch.setattr(f"lightning.pytorch.loggers.{module}._{module.upper()}_AVAILABLE", Missing(module))
    with pytest.raises(DenoiserError) as caught, names_of_command([]):
        assemble.logger(compose([f"logger={name}"]).logger, str(tmp_path))
    assert caught.value.code == ENVIRONMENT and name in caught.value.what
    assert caught.value.fix == f"pip install 'denoiser-lightning[{name}]'"


class Missing:
    def __init__(self, name):
        self.name = name

    def __bool__(self):
        return False

    def __str__(self):
        return f"Requirement '{self.name}>=1' not met. HINT: Try running `pip install -U '{self.name}>=1'`"


@pytest.mark.parametrize(("name", "folder"), [("wandb", "run"), ("mlflow", "run/mlruns")])
def test_every_key_reaches_the_logger(name, folder, monkeypatch):
    class Recorder:
        def __init__(self, **arguments):
            self.arguments = arguments

    config = compose([f"logger={name}"]).logger
    place, _, attribute = config["_target_"].rpartition(".")
    Recorder.__module__, Recorder.__qualname__ = f"{place}.{name}", attribute
    monkeypatch.setattr(f"{place}.{attribute}", Recorder)
    monkeypatch.setattr(f"{place}.{name}.{attribute}", Recorder)  # Hydra asks the module again
    with names_of_command([]):
        made = assemble.logger(config, "run")
    (path,) = [path for path in yamls("logger") if path.stem == name]
    keys = set(OmegaConf.load(path)) - {"_target_"}
    assert made.arguments == {**{key: config[key] for key in keys}, "save_dir": folder}


def test_the_choices_are_those_that_users_look_for():
    assert set(names("logger")) == {"tensorboard", "csv", "wandb", "mlflow", "none"}
