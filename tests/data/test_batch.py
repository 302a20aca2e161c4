"""A batch is two tensors to everybody, and carries levels and items wherever it is sent."""

import pickle

import torch
from torch.utils.data._utils.pin_memory import pin_memory

from denoiser.data.base import identity
from denoiser.data.batch import Batch
from denoiser.data.pairs import FrozenPairs, Pictures
from denoiser.noise.gaussian import Gaussian


def batch():
    return Batch(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4), torch.tensor([25.0, 50.0]), torch.tensor([4, 7]))


def parts(batch):
    return batch.noisy, batch.clean, batch.level, batch.item


def test_it_is_a_pair():
    made = batch()
    noisy, clean = made
    assert noisy is made.noisy is made[0] and clean is made.clean is made[1] and len(made) == 2


def test_it_is_whole_on_another_device_and_after_pickling():
    made = batch()
    assert all(map(torch.equal, parts(pickle.loads(pickle.dumps(made))), parts(made)))
    moved = made.to("meta", non_blocking=True)
    assert type(moved) is Batch and all(part.is_meta for part in parts(moved))
    assert [part.dtype for part in parts(moved)] == [part.dtype for part in parts(made)]


def test_a_loader_pins_all_of_it(monkeypatch):
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned.append(tensor) or tensor)
    made = batch()
    assert type(pin_memory(made)) is Batch and [*map(id, pinned)] == [*map(id, parts(made))]


def test_workers_send_all_of_it():
    images = torch.arange(4 * 3 * 16 * 16).remainder(256).byte().view(4, 3, 16, 16)
    pairs = FrozenPairs(Pictures("abcd", images), Gaussian(), 0, [15, 50])
    here, there = (list(torch.utils.data.DataLoader(pairs, 2, collate_fn=identity, num_workers=n)) for n in (0, 2))
    assert [type(each) for each in there] == [Batch] * 4
    assert all(all(map(torch.equal, parts(one), parts(two))) for one, two in zip(here, there, strict=True))
