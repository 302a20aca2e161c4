"""Files of several pictures: read, denoised and written one picture at a time, all by the same model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.data.images import writing
from denoiser.data.images.formats.photo import Photo
from denoiser.photos.batch.messages import one_of_each_kind
from denoiser.photos.batch.reader import FileOptions, Item, SeveralPages

if TYPE_CHECKING:
    from denoiser.photos.model_choice import Models
    from denoiser.photos.noise_measure import MeasuredNoise


Show = Callable[[Item, Photo, Photo, "MeasuredNoise | None"], Photo]
"""Shows a picture before and after, denoised for this noise; returns it with a note where that is not possible."""


def write(item: Item, pages: SeveralPages, models: Models, files: FileOptions, show: Show) -> None:
    """Denoise the pictures of a file, and write them.

    Args:
        item: gets the name of the model, notes and megapixels.
        pages: the pictures.
        models: choose the model, by the noise of all pictures.
        files: how they are written.
        show: called with the first picture.

    Raises:
        DenoiserError: a picture cannot be read, denoised or written; nothing is left behind.
    """
    notes: list[str] = []
    photos = _denoised(item, pages, models, files, show, notes)
    notes += writing.write_pages(Path(item.job.target), photos, pages.stack.headers, files.bits)
    item.notes, item.megapixels = one_of_each_kind(notes), pages.stack.pixels / 1e6


def noise(pages: SeveralPages, models: Models) -> tuple[MeasuredNoise | None, int]:
    """The noise of the first, middle or last picture of a file, whichever has most, and which that is.

    One of them may be black or blank, and all pictures of a file go to one model.
    """
    last = len(pages.stack) - 1
    places = list(dict.fromkeys((0, last // 2, last)))
    measured = [models.noise_of(photo) for photo in pages.stack.photos(pages.levels, places)]
    found = [(one, place) for one, place in zip(measured, places, strict=True) if one is not None]
    return max(found, key=lambda each: max(each[0].deviation), default=(None, 0))


def _denoised(
    item: Item, pages: SeveralPages, models: Models, files: FileOptions, show: Show, notes: list[str]
) -> Iterator[Photo]:
    of_file, place = noise(pages, models) if models.by_noise else (None, 0)
    for number, photo in enumerate(pages.stack.photos(pages.levels)):
        before = files.deepened(photo)
        after, item.model = models.denoise(before, of_file, warn=number == place)
        if number == 0:
            after = show(item, before, after, of_file)
        notes += after.notes
        del photo, before
        yield after
        del after  # before the next page is decoded
