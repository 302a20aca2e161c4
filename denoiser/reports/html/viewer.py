"""The test pictures of a page: strips cut into panels, with their scores, as data URIs."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from denoiser.noise.levels import LEVEL_KEYS, SIGMA, LevelKind
from denoiser.runs.parse import dicts, load, number, text
from denoiser.runs.row import SCORES, Row
from denoiser.runs.strip_layout import GAP, worst_block

SHOWN = 24
"""Number of strips that a page shows."""
PICTURE_BYTES = 6_300_000
"""Size of a page's pictures; base64 makes them a third larger, and the page stays below 10 MB."""
OLDER = ("noisy", "denoised", "clean", "error")
"""The panels of strips whose index does not name them."""
QUALITY = {"quality": 90, "subsampling": 0}
"""JPEG options: colours as sharp as luma."""


@dataclass(frozen=True)
class Panel:
    """One panel as a page shows it.

    Attributes:
        name: "noisy", "clean", "error" or a method.
        picture: data URI of all of it.
        block: data URI of the block to look at closely, every pixel exact.
        psnr: in dB; None where there is none.
        ssim: at most 1; None where there is none.
    """

    name: str
    picture: str
    block: str
    psnr: float | None
    ssim: float | None


@dataclass(frozen=True)
class Strip:
    """A strip cut into panels.

    Attributes:
        panels: none where its width does not fit them.
        whole: data URI of the strip in one piece where there are no panels.
        width: of a panel in pixels.
        height: of a panel in pixels.
        worst: top, left and side of the block to look at closely.
        exact: whether every pixel is as in the file.
    """

    panels: tuple[Panel, ...]
    whole: str
    width: int
    height: int
    worst: tuple[int, int, int]
    exact: bool

    @property
    def size(self) -> int:
        """Bytes of its pictures before base64 makes them a third more."""
        uris = [self.whole, *(uri for panel in self.panels for uri in (panel.picture, panel.block))]
        return sum(map(len, uris)) * 3 // 4


@dataclass(frozen=True)
class PagePicture:
    """A test picture of a page.

    Attributes:
        id: the id on the page.
        image: its name.
        rank: why it is shown: worst, best, median, ...
        by: the method that ranked it by PSNR; None where it is not recorded.
        level: noise level, or None.
        psnr_noisy: PSNR of the input in dB.
        psnr: PSNR of the output of that method in dB.
        gain: the difference of both in dB.
        ssim: SSIM of the output of that method.
        file: the name of the strip in `images/`.
        strip: the strip; None where its file is missing or not an image.
        level_kind: what the level is.
    """

    id: str
    image: str
    rank: str
    by: str | None
    level: float | None
    psnr_noisy: float | None
    psnr: float | None
    gain: float | None
    ssim: float | None
    file: str
    strip: Strip | None
    level_kind: LevelKind = SIGMA


def pictures(folder: Path) -> tuple[list[PagePicture], int]:
    """The pictures of `images/index.json` that a page shows, and how many there are in all.

    Args:
        folder: a run folder.
    """
    index = dicts(load(folder / "images/index.json", json.loads, []))
    entries = index[:SHOWN]
    paths = [folder / "images" / Path(str(entry.get("file"))).name for entry in entries]  # only from this folder
    strips: dict[int, Strip | None] = {}
    left = PICTURE_BYTES
    for i in sorted(range(len(paths)), key=lambda i: _size(paths[i])):  # small ones leave room for large ones
        strips[i] = cut_strip(paths[i], entries[i], left // (len(paths) - len(strips)))
        left -= cut.size if (cut := strips[i]) else 0
    return [_page_picture(i, entry, paths[i].name, strips[i]) for i, entry in enumerate(entries)], len(index)


def _page_picture(i: int, entry: Mapping[str, Any], file: str, strip: Strip | None) -> PagePicture:
    row = Row.from_json({key: value for key, value in entry.items() if key in (*LEVEL_KEYS, *SCORES)})
    return PagePicture(
        id=f"picture-{i}",
        image=str(entry.get("image", "-")),
        rank=str(entry.get("rank", "-")),
        by=text(entry.get("by")),
        level=row.level,
        psnr_noisy=row.psnr_noisy,
        psnr=row.psnr,
        gain=row.gain,
        ssim=row.figures.get("ssim"),
        file=file,
        strip=strip,
        level_kind=row.level_kind,
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def cut_strip(path: Path, entry: Mapping[str, Any], budget: int) -> Strip | None:
    """Cut a strip into its panels.

    Args:
        path: a PNG of panels of equal width with 2 px gaps; with any other width it stays in one piece.
        entry: its entry of `images/index.json`; older ones lack "panels", "worst" and "scores".
        budget: largest size of the panels together in bytes; beyond it they become JPEG, smaller and smaller.

    Returns:
        The strip, or None if the file is missing or not an image.
    """
    try:
        with Image.open(path) as opened:
            whole = opened if opened.mode == "L" else opened.convert("RGB")
            names = _names(entry)
            width, rest = divmod(whole.width - (len(names) - 1) * GAP, len(names))
            if width < 1 or rest:
                (uri,), exact = _encoded([whole], budget, _size(path))
                return Strip((), uri, whole.width, whole.height, (0, 0, 0), exact)
            cuts = [
                whole.crop((i * (width + GAP), 0, i * (width + GAP) + width, whole.height)) for i in range(len(names))
            ]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    top, left, side = worst = _worst(entry, names, cuts)
    blocks, _ = _encoded([cut.crop((left, top, left + side, top + side)) for cut in cuts], budget, 0)
    uris, exact = _encoded(cuts, budget - sum(map(len, blocks)) * 3 // 4, _size(path))
    figures = _figures(entry, names)
    panels = tuple(
        Panel(*both, *score) for both, score in zip(zip(names, uris, blocks, strict=True), figures, strict=True)
    )
    return Strip(panels, "", width, whole.height, worst, exact)


def _names(entry: Mapping[str, Any]) -> Sequence[str]:
    names = entry.get("panels")
    return list(map(str, names)) if isinstance(names, list) and len(names) > 1 else OLDER


def _figures(entry: Mapping[str, Any], names: Sequence[str]) -> list[tuple[float | None, float | None]]:
    """PSNR and SSIM of each panel; an older index has the noisy picture's and one method's."""
    scores = entry.get("scores")
    scores = scores if isinstance(scores, dict) else {"denoised": entry}
    panels = {name: score for name, score in scores.items() if isinstance(score, dict)}
    panels["noisy"] = {"psnr": entry.get("psnr_noisy"), "ssim": entry.get("ssim_noisy")}
    return [(number(panels.get(name, {}).get("psnr")), number(panels.get(name, {}).get("ssim"))) for name in names]


def _worst(entry: Mapping[str, Any], names: Sequence[str], cuts: Sequence[Image.Image]) -> tuple[int, int, int]:
    """The block that the index names if it lies inside, else the one where the second panel has the largest error."""
    block, (width, height) = entry.get("worst"), cuts[0].size
    if isinstance(block, list) and len(block) == 3 and all(type(value) is int for value in block):
        top, left, side = block
        if side > 0 and 0 <= top <= height - side and 0 <= left <= width - side:
            return top, left, side
    clean = cuts[names.index("clean")] if "clean" in names else cuts[0]
    error = (np.asarray(cuts[1], dtype=np.float64) - np.asarray(clean, dtype=np.float64)) ** 2
    top, left, side = worst_block(error.reshape(height, width, -1).sum(axis=2))
    return top, left, side


def _encoded(images: Sequence[Image.Image], budget: int, size: int) -> tuple[list[str], bool]:
    """Data URIs of pictures within a budget of bytes in all, and whether every pixel is exact.

    `size` is that of the file which holds them all: if it is far too large for the budget, PNG is not tried.
    """
    kind, scale = ("png" if size < 2 * budget else "jpeg"), 1.0
    while (total := sum(map(len, files := [_file(image, kind, scale) for image in images]))) > budget and scale > 0.01:
        scale *= min(0.9, math.sqrt(budget / total)) if kind == "jpeg" and budget > 0 else 1.0 if kind == "png" else 0.5
        kind = "jpeg"
    return [f"data:image/{kind};base64,{base64.b64encode(file).decode()}" for file in files], kind == "png"


def _file(image: Image.Image, kind: str, scale: float) -> bytes:
    buffer = io.BytesIO()
    sides = [max(1, round(side * scale)) for side in image.size]
    image.resize(sides).save(buffer, kind, **(QUALITY if kind == "jpeg" else {}))
    return buffer.getvalue()
