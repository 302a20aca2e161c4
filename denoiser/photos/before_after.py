"""The before/after pages of `--compare`: a slider for each denoised picture, and a file with both side by side."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from denoiser.data.images.formats import profiles
from denoiser.data.images.formats.photo import Photo
from denoiser.errors import DenoiserError
from denoiser.machine.files import replacing, write_text
from denoiser.noise.estimate import noise_level
from denoiser.photos import previews
from denoiser.photos.comparison_folder import COMPARED
from denoiser.reports.html.render import write_page
from denoiser.reports.html.viewer import QUALITY, Panel, Strip
from denoiser.runs.parse import load

PARTS, ENTRY = "parts", "picture.json"
_README = "A before/after page of denoiser; the pictures in this folder are not denoised again.\n"
PER_PAGE = 100
"""Largest number of pictures on one page; a thousand would make a browser slow."""
STAGE, ENLARGED = 736, 12
"""Largest side of a picture on the screen in pixels, and the factor by which small ones are enlarged at most."""
PLAIN, DIFFERENCE = "network", "difference"
"""Names of the panels with a model's own output, and with what it changed."""
KEYS = ("source", "width", "height", "kind", "sigma", "block", "model", "notes")
"""Keys of a picture's entry; entries that lack one are ignored."""
EARLIER = {"settings": "", "panels": ["before", "after"], "gain": 1}
"""Keys that entries of earlier versions lack."""


class BeforeAfterPages:
    """Pages of pictures before and after; those of earlier commands in the folder are kept.

    The folder gets, for each picture, `NAME.jpg` with both side by side and `parts/NAME/` with the files of the page:
    previews of at most 1600 pixels a side as JPEG, and one block with every pixel as PNG, of both and of their
    difference, which is amplified around grey. It also gets `index.html`, with further pages beyond 100 pictures.
    Nothing is loaded from elsewhere.

    Args:
        folder: for the pages; it is created.
        page: number of the only page of each picture file; None if there is no such choice.

    Attributes:
        settings: what makes the results other than the models' own outputs, in words; shown beside each picture.
    """

    def __init__(self, folder: Path, page: int | None = None) -> None:
        self.folder, self.page, self.settings = folder, page, ""

    def check(self) -> None:
        """Refuse a folder that holds other files.

        Raises:
            DenoiserError: the folder is not empty and was not made by this class.
        """
        if self.folder.is_dir() and not (self.folder / COMPARED).exists() and any(self.folder.iterdir()):
            what = f"the folder of the before/after page holds other files ({self.folder})"
            raise DenoiserError(what, "give another -o, or leave out --compare")

    def add(self, source: Path, before: Photo, after: Photo, model: str = "", plain: Photo | None = None) -> None:
        """Write the files of one picture; several threads can do so for different pictures.

        Args:
            source: the picture's file; another file is another picture.
            before: the noisy picture.
            after: the denoised picture, of the same size; its notes are shown.
            model: name of the model.
            plain: the model's own output, where `after` has another strength.

        Raises:
            DenoiserError: the files cannot be written (exit code 3).
        """
        if not (self.folder / COMPARED).exists():
            write_text(self.folder / COMPARED, _README)
        source = self._of_page(source)
        name = _name(source)
        parts, most_changed = self.folder / PARTS / name, previews.most_changed(before, after)
        photos = {"before": before, "after": after} | ({PLAIN: plain} if plain else {})
        shown = {side: previews.preview(photo) for side, photo in photos.items()}
        for side, photo in photos.items():
            _save(parts / f"{side}.jpg", shown[side], before.details.icc)
            _save(parts / f"{side}.png", previews.block(photo, *most_changed), before.details.icc)
        gain = previews.gain(before, after, *most_changed)
        _save(parts / f"{DIFFERENCE}.jpg", previews.difference(before, after, gain), None)
        _save(parts / f"{DIFFERENCE}.png", previews.difference_block(before, after, gain, *most_changed), None)
        _save(self.folder / f"{name}.jpg", previews.beside(shown["before"], shown["after"]), before.details.icc)
        # The entry comes last: it counts only where all files are there.
        entry = _entry(source, before, after, model, most_changed)
        panels = {"settings": self.settings, "panels": [*photos, DIFFERENCE], "gain": gain}
        write_text(parts / ENTRY, json.dumps({**entry, **panels}))

    def missing(self, sources: Iterable[str]) -> int:
        """How many of some pictures are not on the pages."""
        names = (_name(self._of_page(Path(source))) for source in sources)
        return sum(not (self.folder / PARTS / name / ENTRY).is_file() for name in names)

    def _of_page(self, source: Path) -> Path:
        """The name that stands for a picture: each page of a file has its own."""
        return source if self.page is None else source.with_name(f"{source.name} (page {self.page})")

    def any(self) -> bool:
        """Whether there is a picture on the pages."""
        return any((self.folder / PARTS).glob(f"*/{ENTRY}"))

    def finish(self) -> Path:
        """Write the pages of all pictures in the folder, sorted by path; returns the path of `index.html`.

        Raises:
            DenoiserError: the pages cannot be written (exit code 3).
        """
        entries = sorted(self._entries(), key=lambda entry: str(entry["source"]))
        common = os.path.commonpath([Path(entry["source"]).parent for entry in entries]) if entries else ""
        count = max(1, -(-len(entries) // PER_PAGE))
        files = ["index.html", *(f"index-{i + 1}.html" for i in range(1, count))]
        for number, file in reversed(list(enumerate(files))):  # the first page last: it links to the others
            figures = [_figure(entry, common) for entry in entries[number * PER_PAGE :][:PER_PAGE]]
            page = {"pictures": figures, "total": len(entries), "common": common, "files": files, "number": number}
            write_page(self.folder / file, "before_after.html", **page)
        return self.folder / files[0]

    def _entries(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / PARTS).glob(f"*/{ENTRY}"))
        entries = [{**EARLIER, **load(path, json.loads, {}), "name": path.parent.name} for path in paths]
        return [entry for entry in entries if all(key in entry for key in KEYS)]


def _name(source: Path) -> str:
    """Name of a picture's files: unique by its whole path, in characters that any file system allows."""
    path = os.path.abspath(source)
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
    stem = re.sub(r"[^\w.-]+", "_", source.stem).lstrip(".")[:40]
    return f"{stem}-{digest}"


def _save(target: Path, picture: Image.Image, icc: bytes | None) -> None:
    format, options = ("JPEG", QUALITY) if target.suffix == ".jpg" else ("PNG", {})
    with replacing(target) as file:
        picture.save(file, format, icc_profile=profiles.fitting(icc, len(picture.getbands())), **options)


def _entry(source: Path, before: Photo, after: Photo, model: str, block: Sequence[int]) -> dict[str, Any]:
    """What the page says about a picture."""
    height, width = before.pixels.shape[:2]
    depth = f"{before.pixels.dtype.itemsize * 8}-bit{' float' if before.pixels.dtype.kind == 'f' else ''}"
    return {
        "source": os.path.abspath(source),
        "width": width,
        "height": height,
        "kind": f"{'grey' if before.channels == 1 else 'colour'}, {depth}",
        "sigma": [noise_level(photo.pixels, photo.white) for photo in (before, after)],
        "block": list(block),
        "model": model,
        "notes": list(after.notes),
    }


def _figure(entry: dict[str, Any], common: str) -> dict[str, Any]:
    """An entry with what its figure on the page needs."""
    parts = f"{PARTS}/{quote(entry['name'])}"
    names = {DIFFERENCE: f"{DIFFERENCE} \N{MULTIPLICATION SIGN}{entry['gain']}"}
    panels = tuple(
        Panel(names.get(side, side), f"{parts}/{side}.jpg", f"{parts}/{side}.png", None, None)
        for side in entry["panels"]
    )
    width, height = entry["width"], entry["height"]
    return {
        **entry,
        "id": entry["name"],
        "image": os.path.relpath(entry["source"], common),
        "strip": Strip(panels, "", width, height, tuple(entry["block"]), exact=False),
        "wide": width * min(ENLARGED, STAGE // max(width, height)) or max(1, round(min(width, STAGE * width / height))),
        "beside": quote(f"{entry['name']}.jpg"),
    }
