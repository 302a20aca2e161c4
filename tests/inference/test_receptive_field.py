import pytest
import torch
from torch.nn import functional

from denoiser.inference import receptive_field

CPU = torch.device("cpu")


def measured(function, multiple=1, threshold=1e-6):
    image = receptive_field.probe(1, CPU)
    return receptive_field.radius(function, image, function(image), multiple, threshold)


@pytest.mark.parametrize("radius", [0, 1, 7, 40])
def test_a_box_filter_looks_as_far_as_its_box(radius):
    side = 2 * radius + 1
    assert measured(lambda image: functional.avg_pool2d(image, side, 1, radius, count_include_pad=False)) == radius


def test_what_is_not_felt_does_not_count():
    def far_but_faint(image):
        shifted = functional.pad(image, (100, 0))[..., :-100]
        return functional.avg_pool2d(image, 3, 1, 1) + 1e-4 * shifted

    assert measured(far_but_faint) == 100
    assert measured(far_but_faint, threshold=1e-3) == 1


@pytest.mark.parametrize("function", [lambda image: image - image.mean(), lambda image: image * torch.nan])
def test_a_network_over_all_of_the_picture_and_one_without_numbers_have_the_limit(function):
    assert measured(function) == receptive_field.LIMIT


def test_a_network_that_changes_the_resolution_is_cut_where_it_may_be():
    def pooled(image):  # blocks of 24, which a cut at 128 would shift
        padded = functional.pad(image, (0, -image.shape[3] % 24, 0, -image.shape[2] % 24), mode="replicate")
        up = functional.interpolate(functional.avg_pool2d(padded, 24), scale_factor=24)
        return up[..., : image.shape[2], : image.shape[3]]

    assert measured(pooled, multiple=24) == 0
    assert measured(pooled, multiple=1) > 100
