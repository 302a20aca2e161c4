"""What loaders may yield, and what is refused in words."""

import pytest
import torch
from helpers.objects import QUIET, Net, fitted, loader
from helpers.refusals import refused
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader, TensorDataset

from denoiser.data.folder import Folder
from denoiser.training.module import Denoiser

pytestmark = pytest.mark.filterwarnings("ignore:.*", "error::DeprecationWarning")
ZEROS = torch.zeros(2, 3, 16, 16)


def of(batch):
    return DataLoader([batch], batch_size=None)


@pytest.mark.parametrize(
    ("batch", "what"),
    [
        (ZEROS, "not of noisy and clean pictures"),
        ((ZEROS, torch.zeros(2)), "not of noisy and clean pictures"),
        ((ZEROS, ZEROS, ZEROS), "a batch of [(2, 3, 16, 16), (2, 3, 16, 16), (2, 3, 16, 16)], not of noisy and clean"),
        ({"noisy": torch.zeros(1)}, "not of noisy and clean pictures"),
        ((ZEROS.byte(), ZEROS.byte()), "pictures of uint8, not floats whose white is 1 (data)"),
        ((ZEROS[:, :1], ZEROS[:, :1]), "the model takes 3 channel(s) and the batch has 1 (channels)"),
    ],
)
@pytest.mark.parametrize("stage", ["fit", "validate", "test"])
def test_batches_of_other_things_are_refused(batch, what, stage):
    model, trainer = Denoiser(Net()), Trainer(max_epochs=1, enable_checkpointing=False, **QUIET)
    loaders = (of(batch), loader()) if stage == "fit" else (of(batch),)
    assert what in refused(lambda: getattr(trainer, stage)(model, *loaders))


@pytest.mark.parametrize("stage", ["fit", "test"])
def test_values_up_to_255_are_trained_and_tested_with_a_warning(stage):
    noisy, clean = next(iter(loader()))
    with pytest.warns(UserWarning, match=r"values up to 25\d.*, and white is 1 \(data\)(.|\n)*fix: divide") as caught:
        getattr(Trainer(max_epochs=1, enable_checkpointing=False, **QUIET), stage)(
            Denoiser(Net()), of((noisy * 255, clean * 255)), **({"val_dataloaders": loader()} if stage == "fit" else {})
        )
    assert len([one for one in caught if "white is 1" in str(one.message)]) == 1


def test_bright_floats_are_no_reason_to_warn(recwarn):
    noisy, clean = next(iter(loader()))
    fitted(Denoiser(Net()), of((noisy * 4, clean * 4)), loader())
    assert not [one for one in recwarn if "white is 1" in str(one.message)]


def test_several_loaders_are_refused():
    model, trainer = Denoiser(Net()), Trainer(**QUIET)
    assert "2 test loaders, whose figures would be mixed" in refused(lambda: trainer.test(model, [loader(), loader()]))
    assert "2 validation loaders" in refused(lambda: fitted(model, loader(), [loader(), loader()]))


def predicted(model, data):
    return Trainer(**QUIET).predict(model, data)


def test_predictions_are_the_denoised_pictures(pictures_folder):
    model, pairs = Denoiser(Net()), loader()
    noisy = [noisy for noisy, _ in pairs.dataset]
    with torch.no_grad():
        expected = [model.network(each) for each in noisy]
    for given in (pairs, DataLoader(noisy, batch_size=None), DataLoader([(n,) for n in noisy], batch_size=None)):
        assert all(map(torch.equal, predicted(model, given), expected))
    assert [len(each) for each in predicted(model, DataLoader(TensorDataset(torch.rand(5, 3, 8, 9)), 2))] == [2, 2, 1]
    data = Folder(pictures_folder(20), patch_size=16)
    assert [each.shape for each in predicted(model, data)] == [(1, 3, 24, 32)] * len(data.split("test"))


@pytest.mark.parametrize("batch", [torch.zeros(3, 16, 16), ["a"], {}, ZEROS.byte(), ZEROS[:, :1]])
def test_what_cannot_be_predicted_is_refused(batch):
    text = refused(lambda: predicted(Denoiser(Net()), of(batch)))
    assert "not begin with noisy pictures" in text or "uint8" in text or "the batch has 1" in text
