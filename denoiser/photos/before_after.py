"""Before and after: a page with a slider for each denoised picture, and both side by side in a file."""

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
_SAID = "Pictures before and after, made by denoiser, which does not take them for pictures to denoise.\n"
PER_PAGE = 100
"""Pictures on one page; a thousand would make a browser slow."""
STAGE = 736
"""Height of a picture on the screen in pixels, at most; small ones are enlarged up to it, 12 times at most."""
NEEDED = ("source", "width", "height", "kind", "sigma", "block", "model", "notes")


class Pages:
    """Collects pairs of pictures while the work goes on; what earlier runs put into the folder is kept.

    The folder gets `NAME.jpg` for each picture, before and after side by side; `parts/NAME/` with what the page
    shows: two previews of at most 1600 pixels a side, JPEG, and one block of both, every pixel, PNG; and `index.html`,
    with further pages from 100 pictures on. Nothing is loaded from elsewhere.

    Args:
        folder: where; it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def check(self) -> None:
        """Refuse a folder that holds something else.

        Raises:
            DenoiserError: it does.
        """
        if self.folder.is_dir() and not (self.folder / COMPARED).exists() and any(self.folder.iterdir()):
            what = f"the folder for pictures before and after holds something else ({self.folder})"
            raise DenoiserError(what, "another -o, or leave out --compare")

    def add(self, source: Path, before: Photo, after: Photo, model: str = "") -> None:
        """Write the files of one picture; may be called from several threads for different pictures.

        Args:
            source: the picture's file, which tells it from others.
            before: as it was.
            after: as it is written, of the same size; its notes are shown.
            model: what denoised it.

        Raises:
            DenoiserError: the disk does not take it (exit code 3).
        """
        if not (self.folder / COMPARED).exists():
            write_text(self.folder / COMPARED, _SAID)
        name = _name(source)
        parts, where = self.folder / PARTS / name, previews.most_changed(before, after)
        shown = [previews.preview(photo) for photo in (before, after)]
        blocks = [previews.block(photo, *where) for photo in (before, after)]
        for side, picture, cut in zip(("before", "after"), shown, blocks, strict=True):
            _save(parts / f"{side}.jpg", picture, before.details.icc)
            _save(parts / f"{side}.png", cut, before.details.icc)
        _save(self.folder / f"{name}.jpg", previews.beside(*shown), before.details.icc)
        write_text(parts / ENTRY, json.dumps(_entry(source, before, after, model, where)))  # last: all else is there

    def lacking(self, sources: Iterable[str]) -> int:
        """How many of some pictures have no entry."""
        return sum(not (self.folder / PARTS / _name(Path(source)) / ENTRY).is_file() for source in sources)

    def any(self) -> bool:
        """Whether a picture has an entry."""
        return any((self.folder / PARTS).glob(f"*/{ENTRY}"))

    def finish(self) -> Path:
        """Write the pages of all pictures that the folder has, by their names; gives back `index.html`.

        Raises:
            DenoiserError: the disk does not take them (exit code 3).
        """
        entries = sorted(self._entries(), key=lambda entry: str(entry["source"]))
        common = os.path.commonpath([Path(entry["source"]).parent for entry in entries]) if entries else ""
        count = max(1, -(-len(entries) // PER_PAGE))
        files = ["index.html", *(f"index-{i + 1}.html" for i in range(1, count))]
        for number, file in reversed(list(enumerate(files))):  # the first one last: it leads to the others
            mine = [_figure(entry, common) for entry in entries[number * PER_PAGE :][:PER_PAGE]]
            page = {"pictures": mine, "total": len(entries), "common": common, "files": files, "number": number}
            write_page(self.folder / file, "before_after.html", **page)
        return self.folder / files[0]

    def _entries(self) -> list[dict[str, Any]]:
        paths = sorted((self.folder / PARTS).glob(f"*/{ENTRY}"))
        found = [{**load(path, json.loads, {}), "name": path.parent.name} for path in paths]
        return [entry for entry in found if all(key in entry for key in NEEDED)]


def _name(source: Path) -> str:
    """Of a picture's files: told apart by the whole path, and of signs that any file system takes."""
    path = os.path.abspath(source)
    told = hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
    stem = re.sub(r"[^\w.-]+", "_", source.stem).lstrip(".")[:40]
    return f"{stem}-{told}"


def _save(target: Path, picture: Image.Image, icc: bytes | None) -> None:
    options = QUALITY if target.suffix == ".jpg" else {}
    with replacing(target) as file:
        picture.save(file, "JPEG" if target.suffix == ".jpg" else "PNG", icc_profile=icc, **options)


def _entry(source: Path, before: Photo, after: Photo, model: str, where: Sequence[int]) -> dict[str, Any]:
    height, width = before.pixels.shape[:2]
    depth = f"{before.pixels.dtype.itemsize * 8}-bit{' float' if before.pixels.dtype.kind == 'f' else ''}"
    return {
        "source": os.path.abspath(source),
        "width": width,
        "height": height,
        "kind": f"{'grey' if before.channels == 1 else 'colour'}, {depth}",
        "sigma": [noise_level(photo.pixels, photo.white) for photo in (before, after)],
        "block": list(where),
        "model": model,
        "notes": list(after.notes),
    }


def _figure(entry: dict[str, Any], common: str) -> dict[str, Any]:
    """An entry as the page shows it."""
    parts = f"{PARTS}/{quote(entry['name'])}"
    panels = tuple(
        Panel(side, f"{parts}/{side}.jpg", f"{parts}/{side}.png", None, None) for side in ("before", "after")
    )
    width, height = entry["width"], entry["height"]
    return {
        **entry,
        "id": entry["name"],
        "image": os.path.relpath(entry["source"], common),
        "strip": Strip(panels, "", width, height, tuple(entry["block"]), exact=False),
        "wide": width * min(12, STAGE // max(width, height)) or max(1, round(min(width, STAGE * width / height))),
        "beside": quote(f"{entry['name']}.jpg"),
    }
