"""Strips: the same test picture noisy, by every method, and clean, side by side."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denoiser.data.batch import Batch
from denoiser.data.images import eight_bit
from denoiser.data.pairs import FrozenPairs
from denoiser.machine.files import write_text
from denoiser.noise.levels import GREY_LEVELS
from denoiser.runs.results import Score
from denoiser.runs.shown_pictures import ShownPicture, choose, in_order
from denoiser.runs.strip_layout import GAP, worst_block

DenoiseBatch = Callable[[Batch], Tensor]
"""Denoises a batch of one picture into `(1, C, H, W)` on the CPU."""

ERROR_GAIN = 4
"""Amplification of the error, because a denoiser's errors are faint."""
STEM_BYTES = 80
"""Length of a picture's key in a file name; file systems allow 255 bytes for a name, some only 143."""
RANK_BYTES = 40
"""Length of the rank in a file name; it may hold the name of a method."""
FEW = 8
"""Number of strips that are drawn however long it takes."""
SECONDS = 5.0
"""Time after which no further strip is begun."""


def side_by_side(panels: Sequence[Tensor]) -> Tensor:
    """One picture of several panels with white gaps.

    Args:
        panels: each `(C, H, W)`, nominally in [0, 1]; all of one shape.

    Returns:
        uint8 `(C, H, n W + (n - 1) gaps)`.
    """
    gap = torch.ones(*panels[0].shape[:2], GAP)
    spaced = [part for panel in panels for part in (gap, panel)][1:]
    return torch.cat(spaced, dim=-1).clamp(0, 1).mul(GREY_LEVELS).round().byte()


def amplified(denoised: Tensor, clean: Tensor) -> Tensor:
    """The error as a picture: mid-grey where the two agree, lighter where `denoised` is too bright.

    Args:
        denoised: `(C, H, W)`, nominally in [0, 1].
        clean: the same.
    """
    return (denoised - clean) * ERROR_GAIN + 0.5


def write_strips(
    methods: Mapping[str, DenoiseBatch],
    pairs: FrozenPairs,
    scores: Mapping[str, Mapping[int, Score]],
    folder: Path,
    error: bool = False,
) -> None:
    """Write strips of the most informative test pictures (`shown_pictures.choose`), described in `index.json`.

    Each method denoises them again, so that its other outputs need not be kept. That takes time: after the first 8
    strips no other is begun once 5 seconds have passed, so that slow methods get 8 and fast ones up to 24.

    Args:
        methods: by name; the strip has a panel for each, between the noisy and the clean one. The baseline `noisy`
            always has its panel, and ranks pictures only where it is alone.
        pairs: the test pictures.
        scores: of each method, the score of each item of `pairs` that was tested.
        folder: the run's `images`.
        error: add the error of the method that ranked the picture as a last panel.

    Raises:
        DenoiserError: a file cannot be written (exit code 3).
    """
    drawn: dict[ShownPicture, dict[str, Any]] = {}
    start = time.monotonic()
    names = [name for name in methods if name != "noisy"] or ["noisy"]
    for picture in choose(pairs, {name: scores[name] for name in names}):
        if len(drawn) >= FEW and time.monotonic() - start > SECONDS:
            break
        batch = pairs.__getitems__([picture.item])
        with torch.no_grad():
            outputs = {name: method(batch)[0] for name, method in methods.items()}
        scored = {name: scores[name][picture.item] for name in methods if picture.item in scores[name]}
        drawn[picture] = _write(folder, picture, pairs, batch, outputs, scored, error)
    index = [drawn[picture] for picture in in_order(pairs, scores[names[0]], drawn)]
    write_text(folder / "index.json", json.dumps(index, indent=1))


def _file(rank: str, level: float | None, key: str) -> str:
    """A name for any file system, one for each rank and level; the end of a path says more than its start."""
    start, stem = ("".join(c if c.isalnum() or c in "-_." else "_" for c in text) for text in (rank, key))
    start = start.encode()[:RANK_BYTES].decode(errors="ignore")
    short = stem.encode()[-STEM_BYTES:].decode(errors="ignore")
    return f"{start}_{short}.png" if level is None else f"{start}_{level:g}_{short}.png"


def _write(
    folder: Path,
    picture: ShownPicture,
    pairs: FrozenPairs,
    batch: Batch,
    outputs: Mapping[str, Tensor],
    scores: Mapping[str, Score],
    error: bool,
) -> dict[str, Any]:
    """Write one strip. Returns its entry of the index, with the scores of the method that ranked it."""
    (key, level), noisy, clean = pairs.describe(picture.item), batch.noisy[0], batch.clean[0]
    panels = {"noisy": noisy, **outputs, "clean": clean}  # a baseline of that name is the noisy picture itself
    if error:
        panels["error"] = amplified(outputs[picture.by], clean)
    eight_bit.write(folder / (file := _file(picture.rank, level, key)), side_by_side(list(panels.values())))
    return {
        "rank": picture.rank,
        "by": picture.by,
        **pairs.level_kind.entries(level),
        "image": key,
        "file": file,
        "panels": list(panels),
        "worst": worst_block((outputs[picture.by] - clean).square().sum(dim=0).numpy()),
        "scores": {name: _figures(score, ("psnr", "ssim")) for name, score in scores.items()},
        **_figures(scores[picture.by], Score._fields),
    }


def _figures(score: Score, names: Sequence[str]) -> dict[str, float | None]:
    """Scores for JSON, which has no infinity: None stands for it."""
    values = {name: getattr(score, name) for name in names}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
