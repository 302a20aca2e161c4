"""Files of several pictures: read, denoised and written one picture at a time, all by the same model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class PageDenoising:
    """Denoises files of several pictures.

    Attributes:
        models: choose the model, by the noise of all pictures of a file.
        files: how they are written.
        show: called with the first picture of a file.
        begin: called with the number of a picture that begins, from 1, and how many there are.
    """

    models: Models
    files: FileOptions
    show: Show
    begin: Callable[[int, int], None]

    def write(self, item: Item, pages: SeveralPages) -> None:
        """Denoise the pictures of a file, and write them.

        Args:
            item: gets the name of the model, notes and megapixels.
            pages: the pictures.

        Raises:
            DenoiserError: a picture cannot be read, denoised or written; nothing is left behind.
        """
        notes: list[str] = []
        photos, headers = self._denoised(item, pages, notes), pages.stack.headers
        notes += writing.write_pages(Path(item.job.target), photos, headers, self.files.bits)
        item.notes, item.megapixels = one_of_each_kind(notes), pages.stack.pixels / 1e6

    def _denoised(self, item: Item, pages: SeveralPages, notes: list[str]) -> Iterator[Photo]:
        of_file, place = noise(pages, self.models) if self.models.by_noise else (None, 0)
        for number, photo in enumerate(pages.stack.photos(pages.levels)):
            self.begin(number + 1, len(pages.stack))
            before = self.files.deepened(photo)
            after, item.model = self.models.denoise(before, of_file, warn=number == place)
            if number == 0:
                after = self.show(item, before, after, of_file)
            notes += after.notes
            del photo, before
            yield after
            del after  # before the next page is decoded


def noise(pages: SeveralPages, models: Models) -> tuple[MeasuredNoise | None, int]:
    """The noise of the first, middle or last picture of a file, whichever has most, and which that is.

    One of them may be black or blank, and all pictures of a file go to one model.
    """
    last = len(pages.stack) - 1
    places = list(dict.fromkeys((0, last // 2, last)))
    measured = [models.noise_of(photo) for photo in pages.stack.photos(pages.levels, places)]
    found = [(one, place) for one, place in zip(measured, places, strict=True) if one is not None]
    return max(found, key=lambda each: max(each[0].deviation), default=(None, 0))
