"""Whose classes are built: the user's command, a file, and packages that are trusted."""

import sys

import pytest
import torch
from omegaconf import OmegaConf

from denoiser import allowed, build, trust
from denoiser.errors import DenoiserError
from denoiser.training import assemble

CODE = """
import pathlib
from os import system
import torch

class Net(torch.nn.Conv2d):
    def __init__(self):
        super().__init__(3, 3, 3, padding=1)

def halved():
    return lambda denoised, clean: (denoised - clean).square().mean() / 2

def number():
    return 3
"""


@pytest.fixture
def mypkg(tmp_path, monkeypatch):
    """A package of the user's own."""
    (tmp_path / "mypkg").mkdir()
    (tmp_path / "mypkg" / "__init__.py").write_text("")
    (tmp_path / "mypkg" / "net.py").write_text(CODE)
    (tmp_path / "mypkg" / "broken.py").write_text("import absent_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "mypkg"
    for name in [name for name in sys.modules if name.partition(".")[0] == "mypkg"]:
        del sys.modules[name]


def refused(kind, path, **arguments):
    with pytest.raises(DenoiserError) as caught:
        build.make(kind, {"_target_": path}, **arguments)
    assert caught.value.code == 2
    return str(caught.value)


def test_a_package_is_imported_only_where_it_is_trusted(mypkg):
    for context in (trust.names_of_files(), trust.names_of_command([])):
        with context:
            text = refused("network", "mypkg.net.Net")
        assert "mypkg.net.Net is not allowed" in text and "trust=[mypkg]" in text and "DENOISER_TRUST=mypkg" in text
        assert "mypkg" not in sys.modules
    for context in (trust.names_of_files(["mypkg"]), trust.names_of_command("mypkg")):
        with context:
            assert build.network({"_target_": "mypkg.net.Net"}).in_channels == 3
    assert "is not allowed" in refused("network", "mypkg.net.Net")


def test_a_file_has_the_trust_of_the_command_that_reads_it(mypkg):
    with trust.names_of_command(["mypkg"]), trust.names_of_files():
        assert build.network({"_target_": "mypkg.net.Net"})
    with trust.names_of_files(["other"]), trust.names_of_files(["mypkg"]):
        assert build.network({"_target_": "mypkg.net.Net"})


def test_the_environment_trusts_too(mypkg, monkeypatch):
    monkeypatch.setenv(trust.TRUST, "other,mypkg")
    assert build.network({"_target_": "mypkg.net.Net"})
    monkeypatch.setenv(trust.TRUST, "mypkg2")
    assert "is not allowed" in refused("network", "mypkg.net.Net")


def test_what_a_trusted_package_imports_is_not_its_own(mypkg):
    with trust.names_of_command(["mypkg"]):
        for path in ("mypkg.net.system", "mypkg.net.pathlib.Path", "mypkg.net.torch.load"):
            assert "is not allowed" in refused("network", path)


def test_a_function_makes_what_its_kind_needs(mypkg):
    with trust.names_of_command(["mypkg"]):
        loss = build.objective({"_target_": "mypkg.net.halved"})
        assert loss(torch.ones(2), torch.zeros(2)) == 0.5
        assert "mypkg.net.number makes int, no Module" in refused("network", "mypkg.net.number")


def test_a_package_that_cannot_be_imported_shows_its_own_error(mypkg):
    with trust.names_of_command(["mypkg"]):
        assert "No module named 'absent_package'" in refused("network", "mypkg.broken.Net")


@pytest.mark.parametrize("packages", ["a b", ["mypkg", 3], [""], "mypkg.", ["../x"]])
def test_what_is_no_name_is_refused(packages):
    with pytest.raises(DenoiserError, match="not the name of a package"), trust.names_of_command(packages):
        pass


@pytest.mark.parametrize("path", ["torch.nn.SmoothL1Loss", "torch.nn.HuberLoss", "torch.nn.modules.loss.L1Loss"])
def test_losses_of_torch_need_no_trust(path):
    assert build.objective({"_target_": path})(torch.zeros(2), torch.zeros(2)) == 0


@pytest.mark.parametrize("path", ["lightning.pytorch.loggers.WandbLogger", "lightning.pytorch.loggers.MLFlowLogger"])
def test_a_file_makes_no_loggers_that_reach_a_network(path):
    assert "is not allowed" in refused("logger", path)
    with trust.names_of_command([]):
        assert build.target("logger", path).__name__ in path


def test_a_file_may_name_the_loggers_of_the_folder(tmp_path):
    for path in ("lightning.pytorch.loggers.CSVLogger", "lightning.pytorch.loggers.TensorBoardLogger"):
        assert build.make("logger", {"_target_": path}, save_dir=tmp_path)


def test_a_file_makes_no_callback_that_writes_or_removes_elsewhere():
    assert "is not allowed" in refused("callback", "lightning.pytorch.callbacks.ModelCheckpoint", dirpath="elsewhere")
    with trust.names_of_command([]):
        assert build.target("callback", "lightning.pytorch.callbacks.ModelCheckpoint")
    for name in ("LearningRateMonitor", "EarlyStopping"):
        assert build.target("callback", f"lightning.pytorch.callbacks.{name}")


@pytest.mark.parametrize("changes", [{"name": "/elsewhere"}, {"version": "../../up"}])
def test_the_logger_of_a_file_writes_into_the_run_folder(changes, tmp_path):
    config = OmegaConf.create({"_target_": "lightning.pytorch.loggers.CSVLogger", **changes})
    with pytest.raises(DenoiserError, match="outside of the run folder"):
        assemble.logger(config, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["torchvision.datasets.utils._decompress", "torchvision.io.write_file"])
def test_of_torchvision_models_are_allowed(path):
    with trust.names_of_command([]):
        assert "is not allowed" in refused("network", path)
        assert build.target("network", "torchvision.models.segmentation.fcn_resnet50")


def test_paths_of_every_group_are_refused_before_anything_is_imported():
    for group in allowed.GROUPS.values():
        config = OmegaConf.create({})
        OmegaConf.update(config, group, {"_target_": "os.system"})
        with pytest.raises(DenoiserError, match=r"os\.system is not allowed"):
            allowed.check_paths(config)
    assert "scheduler" in allowed.GROUPS.values()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, with a package and a module in it, which is not looked through."""
    (tmp_path / "herepkg").mkdir()
    (tmp_path / "herepkg" / "__init__.py").write_text("from torch.nn import Module\nclass Net(Module): pass\n")
    (tmp_path / "hydra").mkdir()
    (tmp_path / "hydra" / "__init__.py").write_text("raise RuntimeError\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(tmp_path))])
    yield tmp_path
    sys.modules.pop("herepkg", None)


def test_a_package_in_the_current_folder_is_found_where_the_user_trusts_it(here):
    with trust.names_of_command(["herepkg", "hydra"]):
        assert build.target("network", "herepkg.Net").__name__ == "Net"
        trust.find_here("hydra")
    assert sys.path[-1] == str(here) and sys.path.count(str(here)) == 1  # last, so that installed ones come first


def test_a_package_in_the_current_folder_is_not_found_for_a_file(here):
    with trust.names_of_files((), ["herepkg"]), pytest.raises(DenoiserError, match="is not allowed"):
        build.target("network", "herepkg.Net")
    assert str(here) not in sys.path and "herepkg" not in sys.modules


def test_verbs_without_overrides_are_advised_the_environment_alone():
    with trust.without_overrides("export"), trust.names_of_files((), ["other"]):
        assert trust.advice("mine.Net").endswith("DENOISER_TRUST=other,mine denoiser export ...")
    assert "trust=[mine]" in trust.advice("mine.Net")


@pytest.mark.parametrize(
    ("kind", "path", "near"),
    [("objective", "torch.nn.L9Loss", "torch.nn.L1Loss"), ("data", "denoiser.data.folder.Foldr", "folder.Folder")],
)
def test_a_class_that_is_not_there_is_advised_the_nearest(kind, path, near):
    with pytest.raises(DenoiserError, match=rf"there is no {path}(.|\n)*did you mean \S*{near}\?"):
        build.target(kind, path)
