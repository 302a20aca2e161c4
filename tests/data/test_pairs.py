import multiprocessing
import pickle

import pytest
import torch
from helpers.refusals import refused
from torch.utils.data import DataLoader

from denoiser.data.batch import Batch
from denoiser.data.pairs import FrozenPairs, NoisyPairs, Pictures
from denoiser.noise.base import Noise
from denoiser.noise.camera.camera import Camera
from denoiser.noise.camera.correlated import Correlated
from denoiser.noise.gaussian import Gaussian, Speckle
from denoiser.noise.impulse import SaltPepper
from denoiser.noise.mixed import Mixed
from denoiser.noise.poisson import Poisson, PoissonGaussian
from denoiser.noise.uniform import Uniform

NOISES = [Gaussian(), Speckle(), Poisson(), PoissonGaussian(), SaltPepper(), Uniform(), Noise(), Correlated()]
NOISES += [Camera(), Camera(shot_range=[1e-4, 0.01], resized=0.5), Mixed(parts={"camera": 1, "gaussian": 1})]


def pictures(n=6, height=20, width=30, channels=3, equal=True):
    """Each pixel of each picture has a value of its own, as far as 256 go."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(height, width) if equal else (height + i, width - i) for i in range(n)]
    images = [torch.randint(0, 256, (channels, *size), dtype=torch.uint8, generator=generator) for size in sizes]
    return Pictures([f"p{i}" for i in range(n)], torch.stack(images) if equal else images)


def same(first, second):
    return all(torch.equal(a.nan_to_num(-1), b.nan_to_num(-1)) for a, b in zip(first, second, strict=True))


def found_in(crop, image):
    windows = image.unfold(1, crop.shape[1], 1).unfold(2, crop.shape[2], 1)
    return (windows == crop[:, None, None]).flatten(3).all(-1).all(0).any()


def bytes_of(clean):
    return clean.mul(255).round().to(torch.uint8)


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_a_training_batch_is_a_pure_function_of_seed_and_indices(noise):
    first = NoisyPairs(pictures(), noise, 0, patch_size=8, flip=True)
    second = NoisyPairs(pictures(), noise, 0, patch_size=8, flip=True)
    second.__getitems__([3, 4])
    torch.rand(5)
    before = torch.random.get_rng_state()
    assert same(first.__getitems__([5, 1, 2]), second.__getitems__([5, 1, 2]))
    assert torch.random.get_rng_state().equal(before)


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("patch_size", [8, None])
def test_the_other_pairs_of_a_batch_change_nothing(noise, patch_size):
    pairs = NoisyPairs(pictures(), noise, 0, patch_size, flip=patch_size is not None)
    large, small = pairs.__getitems__([5, 1, 2, 9, 10, 3, 22]), pairs.__getitems__([22, 9, 1])
    chosen = [6, 3, 1]
    expected = Batch(large.noisy[chosen], large.clean[chosen], large.level[chosen], large.item[chosen])
    assert small.level.nan_to_num(-1).equal(expected.level.nan_to_num(-1)) and small.item.equal(expected.item)
    if noise.border == 0:
        assert same(expected, small)
    else:  # matrix products of a camera's filters round in another way for another number of pictures
        assert torch.allclose(small.clean, expected.clean, rtol=0, atol=1e-5)
        steps = (small.noisy - expected.noisy).abs() * 255
        assert steps.max() < 1.01 and (steps > 0.01).float().mean() < 0.01


@pytest.mark.parametrize("index", [2**20, 2**31])
def test_any_number_of_epochs_has_noise_of_its_own(index):
    pairs = NoisyPairs(pictures(), Gaussian(), 0)
    batch = pairs.__getitems__([0, index, index + 1])
    fields = (batch.noisy - batch.clean).flatten(1)
    assert torch.corrcoef(fields).fill_diagonal_(0).abs().max() < 0.1


def test_noise_and_crops_are_fresh_in_each_epoch_and_item_and_depend_on_the_seed():
    pairs = NoisyPairs(pictures(), Gaussian(), 0)
    first, second = pairs.__getitems__([0, 1, 2]), pairs.__getitems__([6, 7, 8])
    assert first.clean.equal(second.clean)
    fields = [*(first.noisy - first.clean), *(second.noisy - second.clean)]
    other = NoisyPairs(pictures(), Gaussian(), 1).__getitems__([0, 1, 2])
    fields += list(other.noisy - other.clean)
    flat = torch.stack(fields).flatten(1)
    assert torch.corrcoef(flat).fill_diagonal_(0).abs().max() < 0.1
    cropped = NoisyPairs(pictures(1, 60, 60), Gaussian(), 0, patch_size=8, crops_per_image=16)
    assert len(cropped) == 16 and len({bytes(bytes_of(x).numpy()) for x in cropped.__getitems__(range(16)).clean}) > 10


def test_a_batch_has_its_contract():
    batch = NoisyPairs(pictures(), Gaussian(sigma_range=[5, 55]), 0, patch_size=8).__getitems__([4, 11])
    assert batch.noisy.shape == batch.clean.shape == (2, 3, 8, 8)
    assert batch.noisy.dtype == batch.clean.dtype == batch.level.dtype == torch.float32
    assert batch.clean.min() >= 0 and batch.clean.max() <= 1
    assert batch.level[0] != batch.level[1] and batch.item.tolist() == [4, 11]


@pytest.mark.parametrize("equal", [True, False])
def test_crops_lie_inside_their_picture_and_reach_its_corners(equal):
    held = pictures(equal=equal)
    pairs = NoisyPairs(held, Noise(), 0, patch_size=18)
    seen = set()
    for epoch in range(400):  # 1 of 39 crops is a corner
        batch = pairs.__getitems__([6 * epoch + i for i in range(6)])
        for index, crop in enumerate(bytes_of(batch.clean)):
            assert crop.shape == (3, 18, 18) and found_in(crop, held.images[index])
        corners = held.images[0][:, :18, :18], held.images[0][:, -18:, -18:]
        seen |= {i for i, corner in enumerate(corners) if bytes_of(batch.clean[0]).equal(corner)}
    assert seen == {0, 1}


def test_a_patch_of_the_picture_s_own_size_takes_it_whole():
    held = pictures(2, 16, 16)
    assert bytes_of(NoisyPairs(held, Noise(), 0, patch_size=16).__getitems__([0, 1]).clean).equal(held.images)


@pytest.mark.parametrize(("height", "width", "orientations"), [(8, 8, 8), (8, 10, 4)])
def test_flips_give_every_mirror_image_of_the_size_and_nothing_else(height, width, orientations):
    held = pictures(1, height, width)
    image = held.images[0]
    mirrored = [x.flip(dims) for x in (image, image.mT) for dims in ((), (1,), (2,), (1, 2)) if x.shape == image.shape]
    pairs = NoisyPairs(held, Noise(), 0, flip=True)
    got = [bytes_of(pairs.__getitems__([i]).clean[0]) for i in range(80)]
    orientation = [[turned.equal(crop) for turned in mirrored].index(True) for crop in got]
    assert len(mirrored) == orientations and set(orientation) == set(range(orientations))


def test_real_pairs_are_cut_and_turned_alike_and_get_no_noise():
    clean = pictures().images
    held = Pictures([f"p{i}" for i in range(6)], list(torch.cat([255 - clean, clean], dim=1)))
    batch = NoisyPairs(held, None, 0, patch_size=8, flip=True).__getitems__(range(6))
    assert batch.noisy.shape == (6, 3, 8, 8) and batch.level.isnan().all()
    assert bytes_of(batch.noisy).equal(255 - bytes_of(batch.clean))
    frozen = FrozenPairs(held, None, 0, [None]).__getitems__(range(6))
    assert bytes_of(frozen.clean).equal(clean) and bytes_of(frozen.noisy).equal(255 - clean)


def test_workers_change_nothing():
    training = NoisyPairs(pictures(), PoissonGaussian(), 0, patch_size=8, flip=True)
    frozen = FrozenPairs(pictures(), PoissonGaussian(), 0, [15.0, 25.0])
    for pairs in (training, frozen):
        here, there = (list(DataLoader(pairs, 4, collate_fn=tuple, num_workers=n)) for n in (0, 2))
        assert len(here) == len(there) > 1 and all(same(a, b) for a, b in zip(here, there, strict=True))
    assert same(pickle.loads(pickle.dumps(training)).__getitems__([1, 2]), training.__getitems__([1, 2]))


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_workers_that_are_not_forked_change_nothing(start):
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system has no {start}")
    several = pictures(3, equal=False)  # 300 in all: a fork server takes 256 files at most
    held = Pictures([str(i) for i in range(300)], [several.images[i % 3].clone() for i in range(300)])
    training = NoisyPairs(held, PoissonGaussian(), 0, patch_size=8, flip=True)
    here = list(DataLoader(training, 150, collate_fn=tuple))
    there = list(DataLoader(training, 150, collate_fn=tuple, num_workers=1, multiprocessing_context=start))
    assert len(here) == len(there) > 0 and all(same(a, b) for a, b in zip(here, there, strict=True))


def test_all_workers_that_are_not_forked_share_one_tensor():
    held = pictures(3, equal=False)
    before = list(held.images)
    copies = [pickle.loads(pickle.dumps(held)) for _ in range(2)]
    assert all(map(torch.equal, copies[0].images, before))
    assert copies[1].shapes == [(3, 20, 30), (3, 21, 29), (3, 22, 28)]
    blocks = [held.__getstate__()["images"].blocks[torch.uint8] for _ in range(2)]
    assert blocks[0] is blocks[1] and all(map(torch.equal, held.images, before))


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_frozen_noise_knows_neither_batch_size_nor_order_nor_memory_format(noise):
    held = pictures()
    pairs = FrozenPairs(held, noise, 0, noise.levels(None)[:1])
    whole = pairs.__getitems__(range(6))
    strided = Pictures(held.keys, held.images.contiguous(memory_format=torch.channels_last))
    assert same(FrozenPairs(strided, noise, 0, pairs.levels).__getitems__(range(6)), whole)
    for indices in ([0], [5, 2], [3, 0, 1, 2]):
        assert same(pairs.__getitems__(indices), [x[indices] for x in whole])
    assert len(pairs) == 6 and whole.noisy.dtype == torch.float32


def test_frozen_noise_is_a_function_of_seed_sigma_and_key():
    held = pictures()

    def field(seed=0, level=25.0, key=2, among=held):
        batch = FrozenPairs(among, Gaussian(), seed, [level]).__getitems__([key])
        return (batch.noisy - batch.clean) / level

    assert field().allclose(field(among=Pictures(held.keys[1:], held.images[1:]), key=1), atol=0, rtol=0)
    assert field().equal(field(level=25))
    for other in (field(seed=1), field(level=26.0), field(key=3)):
        assert torch.corrcoef(torch.stack([field().flatten(), other.flatten()]))[0, 1].abs() < 0.1


def test_frozen_items_count_through_the_levels():
    pairs = FrozenPairs(pictures(), Gaussian(), 0, [15, 50])
    assert len(pairs) == 12 and pairs.describe(4) == ("p4", 15.0) and pairs.describe(10) == ("p4", 50.0)
    batch = pairs.__getitems__([4, 10])
    assert batch.level.tolist() == [15, 50] and batch.clean[0].equal(batch.clean[1])
    assert (batch.noisy - batch.clean).std(dim=(1, 2, 3)).mul(255).tolist() == pytest.approx([15, 50], rel=0.1)
    assert Poisson().levels(None) == FrozenPairs(pictures(), Poisson(), 0, (None,)).levels


def test_further_draws_are_other_noise_and_leave_the_first_as_it_is():
    several, one = (FrozenPairs(pictures(2), Gaussian(), 0, [15, 50], draws=n) for n in (3, 1))
    assert [several.describe(i) for i in (1, 5, 9)] == [("p1", 15.0)] * 3 and len(several) == 12
    assert same(several.__getitems__([0, 1, 2, 3]), one.__getitems__([0, 1, 2, 3]))
    fields = several.__getitems__([1, 5, 9]).noisy - several.__getitems__([1, 1, 1]).clean
    assert torch.corrcoef(fields.flatten(1)).fill_diagonal_(0).abs().max() < 0.1


@pytest.mark.parametrize("equal", [True, False])
def test_pictures_can_be_on_another_device(equal):
    held = pictures(3, equal=equal)
    there = held.to(torch.device("meta"))
    assert {image.device.type for image in there.images} == {"meta"}
    assert there.keys == held.keys and there.shapes == held.shapes and there.same_size == equal


def test_pictures_that_are_not_in_memory_stay_where_they_are():
    held = Pictures(["a"], (torch.zeros(3, 4, 5, dtype=torch.uint8),))
    assert held.to(torch.device("meta")) is held


def test_values_are_counted_at_one_level_over_all_draws():
    held = pictures(2, 20, 30)
    assert FrozenPairs(held, Gaussian(), 0, (15, 25)).values == 2 * 3 * 20 * 30
    assert FrozenPairs(held, Gaussian(), 0, (15,), draws=3).values == 3 * 2 * 3 * 20 * 30
    real = Pictures(held.keys, list(torch.cat([held.images, held.images], dim=1)))
    assert FrozenPairs(real, None, 0, (None,)).values == 2 * 3 * 20 * 30


def test_shapes_are_known_without_looking_where_they_are_given():
    assert pictures(2).shapes == [(3, 20, 30)] * 2 and pictures(2).same_size
    mixed = pictures(2, equal=False)
    assert mixed.shapes == [(3, 20, 30), (3, 21, 29)] and not mixed.same_size
    assert Pictures(["a"], [torch.empty(0)], [(1, 4, 5)]).shapes == [(1, 4, 5)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width"), [(60, 70), (20, 30), (16, 16)])
def test_patches_keep_their_size_where_a_noise_cuts_borders_off(height, width, channels):
    for noise in (Camera(), Camera(resized=0.5), Mixed(parts={"camera": 0.5, "gaussian": 0.5})):
        held = pictures(4, height, width, channels, equal=False)
        batch = NoisyPairs(held, noise, 0, patch_size=16, flip=True).__getitems__([0, 1, 2, 3])
        assert batch.noisy.shape == batch.clean.shape == (4, channels, 16, 16)
    whole = NoisyPairs(pictures(4, height, width, channels), Camera(), 0).__getitems__([0, 1])
    assert whole.noisy.shape == whole.clean.shape == (2, channels, height, width)


def test_the_clean_pictures_of_a_camera_are_its_targets_at_the_place_of_the_pictures():
    smooth = torch.linspace(60, 190, 40).expand(1, 3, 30, 40).to(torch.uint8)
    calm = {"exposed": 0, "saved": 0, "resaved": 0, "read": 0}
    batch = FrozenPairs(Pictures(["a"], smooth), Camera(**calm), 0, [1e-9]).__getitems__([0])
    assert (batch.clean - smooth / 255).abs().mean() < 3 / 255 and (batch.noisy - batch.clean).abs().max() < 2 / 255
    assert batch.level.tolist() == pytest.approx([1e-9])


def test_pictures_that_cannot_be_meant_are_refused():
    assert "2 keys for 3 pictures (Pictures)" in refused(lambda: Pictures("ab", torch.zeros(3, 1, 4, 4)))
    assert "1 keys for 2 pictures" in refused(lambda: Pictures("a", [torch.zeros(1, 4, 4)] * 2))
    assert "pictures of int64, whose white is not known" in refused(
        lambda: Pictures("a", torch.ones(1, 1, 4, 4).long())
    )
    several = Pictures("a", [torch.ones(1, 4, 4).int()])
    assert "pictures of int32" in refused(lambda: FrozenPairs(several, Gaussian(), 0, [25]).__getitems__([0]))
