"""Models of objects: any network, loss and optimizer, with plain loaders or the datasets of `denoiser.data`."""

import pickle

import pytest
import torch
from helpers.objects import QUIET, Net, fitted, loader
from helpers.refusals import refused
from lightning.pytorch import LightningModule, Trainer
from torch import nn

from denoiser.data.folder import Folder
from denoiser.errors import DenoiserError
from denoiser.inference.evaluating import evaluating
from denoiser.metrics.psnr_ssim import psnr, ssim
from denoiser.noise.gaussian import Gaussian
from denoiser.objectives.base import Objective
from denoiser.training.module import Denoiser
from denoiser.trust import names_of_command

pytestmark = pytest.mark.filterwarnings("ignore:.*", "error::DeprecationWarning")


class Scaled(Objective):
    """An objective with weights of its own, which are saved with the model."""

    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, denoise, batch):
        denoised = denoise(batch.noisy)
        return self.scale * (denoised - batch.clean).square().mean(), denoised


def test_any_network_loss_and_optimizer_are_trained_on_plain_loaders():
    made = []

    def sgd(parameters):
        made.append(torch.optim.SGD(parameters, lr=0.1))
        return made[0]

    model = Denoiser(Net(), nn.L1Loss(), sgd)
    before = model.network.convolution.weight.clone()
    fitted(model, loader(), loader())
    (weights, bias) = made[0].param_groups[0]["params"]
    assert weights is model.network.convolution.weight and bias is model.network.convolution.bias
    assert not torch.equal(before, weights) and (model.name, model.channels) == ("Net", 3)


def test_the_figures_of_a_test_are_means_over_all_pictures_of_8_bits():
    model, pairs = Denoiser(Net()), loader()
    (figures,) = Trainer(**QUIET).test(model, pairs, verbose=False)
    noisy, clean = (torch.cat(part) for part in zip(*pairs.dataset, strict=True))
    with torch.no_grad():
        output = (model.network(noisy).clamp(0, 1) * 255).round() / 255
    assert figures == pytest.approx(
        {
            "test/psnr": psnr(output, clean).mean().item(),
            "test/ssim": ssim(output, clean).mean().item(),
            "test/psnr_noisy": psnr(noisy, clean).mean().item(),
            "test/ssim_noisy": ssim(noisy, clean).mean().item(),
        },
        abs=1e-4,
    )
    (again,) = Trainer(**QUIET).test(model, loader([2]), verbose=False)
    assert len(model.scores) == 2 and again != figures


def test_our_data_with_a_network_of_objects(pictures_folder):
    data = Folder(pictures_folder(20), noise=Gaussian(25), patch_size=16, channels=1)
    model = Denoiser(Net(1), optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.01))
    fitted(model, data)
    (figures,) = Trainer(**QUIET).test(model, data, verbose=False)
    assert figures["test/psnr_noisy"] == pytest.approx(20.2, abs=0.5) and len(model.scores) == len(data.split("test"))


def test_a_loss_by_its_name():
    assert Denoiser(Net(), "l1").objective.loss(torch.ones(2), torch.zeros(2)) == 1


@pytest.mark.parametrize("parts", [{"network": "unet"}, {"objective": 3}, {"optimizer": "adam"}])
def test_what_is_no_part_of_a_model(parts):
    with pytest.raises((TypeError, DenoiserError), match=r"not|no loss|no Optimizer"):
        Denoiser(**{"network": Net(), **parts})


def test_our_data_with_any_lightning_module(pictures_folder):
    class Theirs(LightningModule):
        def __init__(self):
            super().__init__()
            self.net = Net()

        def training_step(self, batch, index):
            noisy, clean = batch
            return nn.functional.mse_loss(self.net(noisy), clean)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    fitted(Theirs(), Folder(pictures_folder(20), patch_size=16), limit_val_batches=0)


def saved(model, tmp_path):
    trainer = fitted(model, loader(), loader())
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    return tmp_path / "model.ckpt"


def test_a_checkpoint_of_objects_loads_with_the_network_given_again(tmp_path):
    model = Denoiser(Net(), Scaled(), lambda parameters: torch.optim.SGD(parameters, lr=0.1), name="mine")
    file = saved(model, tmp_path)
    content = torch.load(file, weights_only=True)
    assert content["hyper_parameters"]["network"] == {"object": f"{Net.__module__}.Net"}
    weights = content["state_dict"]["network.convolution.weight"]
    model = Denoiser.load_from_checkpoint(file, network=Net())
    assert torch.equal(model.network.convolution.weight, weights) and model.name == "mine"
    assert "the network was given as an object of" in refused(lambda: Denoiser.load_from_checkpoint(file))
    assert "give it again: network=Net(...)" in refused(lambda: Denoiser.load_from_checkpoint(file))
    assert "the objective was given as an object" in refused(lambda: fitted(model, loader(), loader()))
    whole = Denoiser.load_from_checkpoint(file, network=Net(), objective=Scaled())
    assert "the optimizer was given as an object" in refused(lambda: fitted(whole, loader(), loader()))


@pytest.mark.parametrize(
    ("network", "objective", "problem"),
    [
        (lambda: Net(3, 6), nn.MSELoss(), r"Net makes (2, 6, 16, 16) of (2, 3, 16, 16)"),
        (lambda: nn.Conv2d(3, 3, 3, padding=2), nn.MSELoss(), r"Conv2d makes (2, 3, 18, 18) of (2, 3, 16, 16)"),
        (lambda: nn.Conv2d(3, 3, 3), nn.MSELoss(), r"Conv2d makes (2, 3, 14, 14) of (2, 3, 16, 16)"),
        (lambda: nn.Linear(3, 3), nn.MSELoss(), r"Linear fails on a batch of (2, 3, 16, 16): "),
        (lambda: nn.LSTM(64, 64), nn.MSELoss(), "LSTM"),
        (Net, nn.MSELoss(reduction="none"), "the objective makes (2, 3, 16, 16) of a batch"),
        (nn.Identity, nn.MSELoss(), "Identity has no parameters to train"),
    ],
)
@pytest.mark.parametrize("validated", [0, 2])
@pytest.mark.parametrize("ours", [False, True])
def test_parts_that_do_not_fit_are_refused_before_the_training(
    network, objective, problem, validated, ours, pictures_folder
):
    model = Denoiser(network(), objective)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    data = [Folder(pictures_folder(20), patch_size=16)] if ours else [loader(), loader()]
    assert problem in refused(lambda: fitted(model, *data, num_sanity_val_steps=validated))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_data_of_other_channels_is_refused(pictures_folder):
    text = refused(lambda: fitted(Denoiser(Net()), Folder(pictures_folder(20), patch_size=16, channels=1)))
    assert "Net takes 3 channel(s) and the data has 1" in text


def test_the_check_changes_neither_statistics_nor_random_numbers():
    network = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Dropout(0.5))
    model = Denoiser(network)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    model.setup("fit")
    assert torch.equal(torch.rand(1), expected) and int(network[1].num_batches_tracked) == 0 and network.training


def test_a_scheduler_of_ones_own_is_stepped_each_epoch():
    model = Denoiser(
        Net(),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1.0),
        scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5),
    )
    trainer = Trainer(max_epochs=3, enable_checkpointing=False, **QUIET)
    trainer.fit(model, loader(), loader())
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.125
    assert model.hparams["scheduler"] == {"object": f"{__name__}.{model.scheduler.__qualname__}"}
    with pytest.raises(TypeError, match="is no function that makes one"):
        Denoiser(Net(), scheduler="cosine")


def test_a_checkpoint_executes_nothing_and_knows_its_pictures(pictures_folder, tmp_path):
    data = Folder(pictures_folder(20), patch_size=16)
    trainer = fitted(Denoiser(Net()), data)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    model = Denoiser.load_from_checkpoint(tmp_path / "a.ckpt", network=Net(), weights_only=False)
    assert model.seen["pictures"] == 18
    content = torch.load(tmp_path / "a.ckpt", weights_only=True)
    content["hyper_parameters"]["network"] = {"_target_": "os.mkdir", "path": str(tmp_path / "proof")}
    torch.save(content, tmp_path / "b.ckpt")
    with names_of_command([]):
        assert "os.mkdir is not allowed" in refused(lambda: Denoiser.load_from_checkpoint(tmp_path / "b.ckpt"))
    assert not (tmp_path / "proof").exists()


class Planted:
    """Would make a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("stage", ["validate", "test", "predict"])
def test_a_trainer_reads_the_weights_of_a_file_and_executes_nothing(stage, tmp_path):
    model = Denoiser(Net())
    trainer = fitted(model, loader(), loader())
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    other = Denoiser(Net())
    getattr(Trainer(**QUIET), stage)(other, loader(), ckpt_path=tmp_path / "a.ckpt")
    assert torch.equal(other.network.convolution.weight, model.network.convolution.weight)
    content = torch.load(tmp_path / "a.ckpt", weights_only=True)
    torch.save({**content, "planted": Planted(str(tmp_path / "proof"))}, tmp_path / "b.ckpt")
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        getattr(Trainer(**QUIET), stage)(other, loader(), ckpt_path=tmp_path / "b.ckpt")
    assert not (tmp_path / "proof").exists()


def test_what_was_seen_before_is_not_forgotten(pictures_folder):
    first, second = Folder(pictures_folder(20), patch_size=16), Folder(pictures_folder(20, name="b"), patch_size=16)
    model = Denoiser(Net())
    for data in (first, second):
        fitted(model, data)
    assert [record["pictures"] for record in model.seen["earlier"]] == [18] and model.seen["pictures"] == 18


def test_parts_in_evaluation_mode_stay_in_it():
    class Frozen(Net):
        def __init__(self):
            super().__init__()
            self.normalisation = nn.BatchNorm2d(3)

        def forward(self, x):
            return self.normalisation(super().forward(x))

    model = Denoiser(Frozen())
    model.network.normalisation.eval()
    fitted(model, loader(), loader())
    assert not model.network.normalisation.training and int(model.network.normalisation.num_batches_tracked) == 0
    with evaluating(model):
        assert not model.training
    assert model.training and not model.network.normalisation.training


def test_a_loaded_model_keeps_the_records_of_all_trainings_before(pictures_folder, tmp_path):
    data = [Folder(pictures_folder(20, name=name), patch_size=16) for name in "abc"]
    model = Denoiser(Net())
    for each in data[:2]:
        trainer = fitted(model, each)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    again = Denoiser.load_from_checkpoint(tmp_path / "a.ckpt", network=Net())
    fitted(again, data[2])
    assert len(again.seen["earlier"]) == 2 and all("earlier" not in record for record in again.seen["earlier"])
