"""Files of one or several pictures, such as TIFF files of many pages: read one picture at a time, at its full depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from denoiser.data.images import reading, white
from denoiser.data.images.formats import damage, page_claims
from denoiser.data.images.formats.photo import Header, Photo, Refused
from denoiser.data.images.reading import OpenedPages
from denoiser.data.images.white import Levels


@dataclass(frozen=True)
class Stack:
    """The pictures of a file, or those that are chosen; memory holds one of them.

    Attributes:
        path: the file.
        headers: of each picture.
        chosen: the index of each picture in the file.
        whole: whether they are all that the file holds.
        max_pixels: larger pictures are refused.
        axes: of an array in a `.npy` file, see `npy.axes_of`.
    """

    path: Path
    headers: tuple[Header, ...]
    chosen: tuple[int, ...]
    whole: bool
    max_pixels: int
    axes: str | None = None

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.headers)

    @property
    def pixels(self) -> int:
        """Number of pixels of all pictures."""
        return sum(header.height * header.width for header in self.headers)

    def read(self) -> Photo:
        """The only picture, with its white.

        Raises:
            DenoiserError: it cannot be read completely.
        """
        ((photo, levels),) = self._decoded(self.chosen)
        return self._complete(photo, levels)

    def photos(self, levels: Mapping[str, Levels], places: Sequence[int] | None = None) -> Iterator[Photo]:
        """The pictures, one after the other, with the white of all of their type.

        Args:
            levels: see `levels`.
            places: which of them, by their position in `headers`; None for all.

        Raises:
            DenoiserError: one cannot be read completely.
        """
        chosen = self.chosen if places is None else [self.chosen[place] for place in places]
        return (self._complete(photo, levels[white.type_of(photo)]) for photo, _ in self._decoded(chosen))

    def levels(self) -> dict[str, Levels]:
        """The levels of all pictures of each type together.

        Every picture is decoded, so that damage shows before any work is done.

        Raises:
            DenoiserError: a picture cannot be read completely, or has values that are NaN or infinite.
        """
        return white.of_types((white.type_of(photo), levels) for photo, levels in self._decoded(self.chosen))

    def _decoded(self, chosen: Sequence[int]) -> Iterator[tuple[Photo, Levels]]:
        with reading.opened(self.path) as file:
            pages = reading.pages(file, self.path, self.axes)
            for index in chosen:
                yield self._page(pages, index)

    def _page(self, pages: OpenedPages, index: int) -> tuple[Photo, Levels]:
        with _named(index, len(pages)):
            photo = reading.page(pages, index, self.max_pixels)
            return photo, white.levels(photo)

    def _complete(self, photo: Photo, levels: Levels) -> Photo:
        photo = white.with_white(photo, levels)
        if not self.whole:
            part = page_claims.of_part(photo.details)
            notes = (page_claims.NOTE,) if part.exif != photo.details.exif else ()
            photo = replace(photo, details=part, notes=(*photo.notes, *notes))
        return reading.with_suffix_note(photo, self.path)


def open_stack(
    path: Path, max_pixels: int = reading.MAX_PIXELS, number: int | None = None, axes: str | None = None
) -> Stack:
    """The pictures of a file, by their headers.

    Args:
        path: the file.
        max_pixels: larger pictures are refused.
        number: of the only picture to take, from 1; None takes all.
        axes: of an array in a `.npy` file, see `npy.axes_of`.

    Raises:
        DenoiserError: there is no such picture, or one cannot be read, as far as its header shows; names the file.
    """
    with reading.opened(path) as file:
        pages = reading.pages(file, path, axes)
        count = len(pages)
        if number is not None and not 1 <= number <= count:
            raise Refused(f"there is no page {number}, only {count}", f"--pages {count}")
        chosen = range(count) if number is None else [number - 1]
        headers = []
        for index in chosen:
            with _named(index, count):
                headers.append(reading.page_header(pages, index, max_pixels))
        whole = len(headers) == count and not pages.further
        return Stack(path, tuple(headers), tuple(chosen), whole, max_pixels, axes)


@contextmanager
def _named(index: int, count: int) -> Iterator[None]:
    """Errors name the page where there are several."""
    try:
        yield
    except Exception as error:  # damaged files make decoders raise anything
        if count == 1 or isinstance(error, (MemoryError, PermissionError)):
            raise
        fix = error.fix if isinstance(error, Refused) else "--pages N takes another one"
        raise Refused(f"page {index + 1} of {count}: {damage.refusal(error)}", fix) from error
