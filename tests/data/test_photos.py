import pytest

from denoiser.data.photos import TEST, VALIDATION, Photos, photographs


@pytest.mark.parametrize("channels", [3, 1])
def test_five_photographs_without_data_or_network(protocol, channels):
    data = Photos(channels, **protocol())
    data.setup("test")
    test = data.split("test")
    assert test.keys == ["astronaut", "camera", "chelsea", "coffee", "rocket"] and data.test_only
    sizes = [(512, 512), (512, 512), (300, 451), (400, 600), (427, 640)]
    assert [tuple(image.shape) for image in test.images] == [(channels, *size) for size in sizes]
    assert sum(len(batch.item) for batch in data.test_dataloader()) == 5


def test_camera_is_grey_in_colour_and_astronaut_is_not(protocol):
    astronaut, camera = Photos(3, **protocol()).split("test").images[:2]
    assert camera[0].equal(camera[1]) and camera[0].equal(camera[2])
    assert not astronaut[0].equal(astronaut[1])


def test_validation_is_on_other_photographs():
    assert set(VALIDATION).isdisjoint(TEST)
    assert len(photographs(VALIDATION, 1)) == len(VALIDATION) == 4
