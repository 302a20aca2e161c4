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

from denoiser.data.images import eight_bit
from denoiser.data.pairs import Batch, FrozenPairs
from denoiser.machine.files import write_text
from denoiser.noise.levels import GREY_LEVELS
from denoiser.runs.results import Score
from denoiser.runs.shown_pictures import Choice, choose, in_order
from denoiser.runs.strip_layout import GAP, worst_block

Method = Callable[[Batch], Tensor]
"""Denoises a batch of one picture: gives `(1, C, H, W)` on the CPU."""

ERROR_GAIN = 4
"""The error is shown as mid-grey plus 4 times the difference: a denoiser's errors are faint."""
STEM_BYTES = 80
"""How much of a picture's key its file name keeps: file systems take 255 bytes, some only 143, for all of a name."""
RANK_BYTES = 40
"""The same of why it was chosen, which may name a method."""
FEW, SECONDS = 8, 5.0
"""Strips that are drawn however long it takes, and how long further ones may be begun."""


def strip(panels: Sequence[Tensor]) -> Tensor:
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
    methods: Mapping[str, Method],
    pairs: FrozenPairs,
    scores: Mapping[str, Mapping[int, Score]],
    folder: Path,
    error: bool = False,
) -> None:
    """Strips of the most telling test pictures (`selection.choose`), with `index.json` that describes them.

    Each method denoises them once more, so that its other outputs need not be kept. That costs time: after the first 8
    strips no other is begun once 5 seconds are spent, so that slow methods get 8 and fast ones up to 24.

    Args:
        methods: by name; the strip has a panel for each, between the noisy and the clean one. The baseline `noisy`
            has its panel in any case, and chooses pictures only where it is alone.
        pairs: the test pictures.
        scores: of each method, the score of each item of `pairs` that was tested.
        folder: the run's `images`.
        error: add the error of the method that chose a picture as a last panel.

    Raises:
        DenoiserError: the folder or disk does not take a file (exit code 3).
    """
    drawn: dict[Choice, dict[str, Any]] = {}
    start = time.monotonic()
    names = [name for name in methods if name != "noisy"] or ["noisy"]
    for choice in choose(pairs, {name: scores[name] for name in names}):
        if len(drawn) >= FEW and time.monotonic() - start > SECONDS:
            break
        batch = pairs.__getitems__([choice.item])
        with torch.no_grad():
            outputs = {name: method(batch)[0] for name, method in methods.items()}
        own = {name: scores[name][choice.item] for name in methods if choice.item in scores[name]}
        drawn[choice] = _write(folder, choice, pairs.describe(choice.item), batch, outputs, own, error)
    index = [drawn[choice] for choice in in_order(pairs, scores[names[0]], drawn)]
    write_text(folder / "index.json", json.dumps(index, indent=1))


def _file(rank: str, level: float | None, key: str) -> str:
    """A name that any file system takes, one for each rank and level; a path's end says more than its start."""
    why, stem = ("".join(c if c.isalnum() or c in "-_." else "_" for c in text) for text in (rank, key))
    why = why.encode()[:RANK_BYTES].decode(errors="ignore")
    short = stem.encode()[-STEM_BYTES:].decode(errors="ignore")
    return f"{why}_{short}.png" if level is None else f"{why}_{level:g}_{short}.png"


def _write(
    folder: Path,
    choice: Choice,
    described: tuple[str, float | None],
    batch: Batch,
    outputs: Mapping[str, Tensor],
    scores: Mapping[str, Score],
    error: bool,
) -> dict[str, Any]:
    """Write one strip; gives back its entry of the index, whose own figures are those of the method that chose it."""
    (key, level), noisy, clean = described, batch.noisy[0], batch.clean[0]
    panels = {"noisy": noisy, **outputs, "clean": clean}  # a baseline of that name is the noisy picture itself
    if error:
        panels["error"] = amplified(outputs[choice.by], clean)
    eight_bit.write(folder / (file := _file(choice.rank, level, key)), strip(list(panels.values())))
    return {
        "rank": choice.rank,
        "by": choice.by,
        "sigma": level,
        "image": key,
        "file": file,
        "panels": list(panels),
        "worst": worst_block((outputs[choice.by] - clean).square().sum(dim=0).numpy()),
        "scores": {name: _figures(score, ("psnr", "ssim")) for name, score in scores.items()},
        **_figures(scores[choice.by], Score._fields),
    }


def _figures(score: Score, names: Sequence[str]) -> dict[str, float | None]:
    """JSON has no infinity: None stands for it."""
    values = {name: getattr(score, name) for name in names}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
