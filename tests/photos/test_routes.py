"""Which way a photo takes: every combination of photo, model and options."""

import pytest

from denoiser.data.images.formats.photo import Header
from denoiser.photos.options import Options
from denoiser.photos.routes import Way, model_for, notes, way

GREY, COLOUR = Header(9, 9, 1, 8, "PNG"), Header(9, 9, 3, 8, "PNG")
SUBSAMPLED = Header(9, 9, 3, 8, "JPEG", subsampling=(2, 1))


@pytest.mark.parametrize(
    ("header", "equal", "in_grey", "in_colour"),
    [
        (GREY, False, Way.WHOLE, Way.AS_COLOUR),
        (COLOUR, False, Way.EACH_CHANNEL, Way.WHOLE),
        (SUBSAMPLED, False, Way.PLANES, Way.WHOLE),
        (COLOUR, True, Way.ONE_CHANNEL, Way.ONE_CHANNEL),
        (SUBSAMPLED, True, Way.ONE_CHANNEL, Way.ONE_CHANNEL),
    ],
)
def test_the_way_depends_on_the_photo_and_the_network(header, equal, in_grey, in_colour):
    assert (way(header, equal, 1, Options()), way(header, equal, 3, Options())) == (in_grey, in_colour)
    chroma_only = way(header, equal, 3, Options(chroma_only=True))
    assert chroma_only is (Way.UNCHANGED if header.channels == 1 or equal else in_colour)


def test_a_noise_level_of_the_channels_is_not_that_of_the_planes():
    assert way(SUBSAMPLED, False, 1, Options(sigma=20)) is Way.EACH_CHANNEL
    assert way(SUBSAMPLED, False, 1, Options(sigma=0)) is Way.PLANES


def test_the_grey_model_gets_the_noise_that_colour_models_have_not_learned():
    headers = [(GREY, False), (COLOUR, False), (COLOUR, True), (SUBSAMPLED, False)]
    assert [model_for(*each) for each in headers] == [1, 3, 1, 1]


def test_only_an_unusual_way_has_a_note():
    assert notes(Way.WHOLE, "photo", 3, COLOUR) == notes(Way.WHOLE, "grey", 1, GREY) == ()
    (note,) = notes(Way.WHOLE, "photo", 3, SUBSAMPLED)
    assert "much of the noise stays" in note and notes(Way.WHOLE, "camera", 3, SUBSAMPLED) == ()
    assert notes(Way.AS_COLOUR, "camera", 3, GREY) == () != notes(Way.AS_COLOUR, "photo", 3, GREY)
    others = [notes(each, "grey", 1, COLOUR) for each in Way if each is not Way.WHOLE]
    assert all(len(each) == 1 for each in others) and len(set(others)) == len(others)
