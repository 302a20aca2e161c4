"""Strips: the same test picture noisy, by every method, and clean, side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from denoiser import imageio
from denoiser.data.pairs import Batch, FrozenPairs
from denoiser.files import write_text
from denoiser.module import Score
from denoiser.noise import GREY_LEVELS
from denoiser.reports.viewer import GAP, worst_block

Method = Callable[[Batch], Tensor]
"""Denoises a batch of one picture: gives `(1, C, H, W)` on the CPU."""

ERROR_GAIN = 4
"""The error is shown as mid-grey plus 4 times the difference: a denoiser's errors are faint."""
STEM_BYTES = 80
"""How much of a picture's key its file name keeps: file systems take 255 bytes, some only 143, for all of a name."""
LEVELS = 3
"""Noise levels that get pictures: of more, the lowest, the middle and the highest."""


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
    """Strips of the best, median and worst test picture at each noise level, with `index.json` that describes them.

    The first method's PSNR chooses the pictures, and its error the block to look at closely; the baseline `noisy`,
    which has its panel in any case, does so only where it is alone. Each method denoises the chosen pictures once more,
    so that the others need not be kept. Of several draws of the noise the first is shown, of more than 3 levels 3.

    Args:
        methods: by name; the strip has a panel for each, between the noisy and the clean one.
        pairs: the test pictures.
        scores: of each method, the score of each item of `pairs` that was tested.
        folder: the run's `images`.
        error: add the first method's error as a last panel.

    Raises:
        DenoiserError: the folder or disk does not take a file (exit code 3).
    """
    first = next((name for name in methods if name != "noisy"), "noisy")
    index = []
    for rank, item in _choose(pairs, scores[first]):
        batch = pairs.__getitems__([item])
        with torch.no_grad():
            outputs = {name: method(batch)[0] for name, method in methods.items()}
        own = {name: scores[name][item] for name in methods if item in scores[name]}
        index.append(_write(folder, rank, pairs.describe(item), batch, outputs, own, first, error))
    write_text(folder / "index.json", json.dumps(index, indent=1))


def _choose(pairs: FrozenPairs, scores: Mapping[int, Score]) -> list[tuple[str, int]]:
    chosen: list[tuple[str, int]] = []
    for level in _levels(pairs.levels):
        start = level * len(pairs.pictures)  # of the first draw
        items = [item for item in range(start, start + len(pairs.pictures)) if item in scores]
        chosen += _ranks(sorted(items, key=lambda item: _order(scores[item].psnr), reverse=True))
    return chosen


def _levels(levels: Sequence[float | None]) -> list[int]:
    """Which of the levels get pictures, in the order in which they stand."""
    if len(levels) <= LEVELS:
        return list(range(len(levels)))
    ranked = sorted(range(len(levels)), key=lambda i: levels[i] or 0.0)
    return sorted((ranked[0], ranked[len(ranked) // 2], ranked[-1]))


def _order(psnr: float) -> float:
    return -math.inf if math.isnan(psnr) else psnr  # NaN compares with nothing


def _ranks(ranked: Sequence[int]) -> list[tuple[str, int]]:
    """No picture twice: two are the best and the worst, one alone is the best."""
    if len(ranked) < 3:
        return list(zip(("best", "worst"), ranked, strict=False))
    return [("best", ranked[0]), ("median", ranked[len(ranked) // 2]), ("worst", ranked[-1])]


def _file(rank: str, level: float | None, key: str) -> str:
    """A name that any file system takes, one for each rank and level; a path's end says more than its start."""
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in key)
    short = stem.encode()[-STEM_BYTES:].decode(errors="ignore")
    return f"{rank}_{short}.png" if level is None else f"{rank}_{level:g}_{short}.png"


def _write(
    folder: Path,
    rank: str,
    described: tuple[str, float | None],
    batch: Batch,
    outputs: Mapping[str, Tensor],
    scores: Mapping[str, Score],
    first: str,
    error: bool,
) -> dict[str, Any]:
    """Write one strip; gives back its entry of the index, whose own figures are the first method's."""
    (key, level), noisy, clean = described, batch.noisy[0], batch.clean[0]
    panels = {"noisy": noisy, **outputs, "clean": clean}  # a baseline of that name is the noisy picture itself
    if error:
        panels["error"] = amplified(outputs[first], clean)
    imageio.write(folder / (file := _file(rank, level, key)), strip(list(panels.values())))
    return {
        "rank": rank,
        "sigma": level,
        "image": key,
        "file": file,
        "panels": list(panels),
        "worst": worst_block((outputs[first] - clean).square().sum(dim=0).numpy()),
        "scores": {name: _figures(score, ("psnr", "ssim")) for name, score in scores.items()},
        **_figures(scores[first], Score._fields),
    }


def _figures(score: Score, names: Sequence[str]) -> dict[str, float | None]:
    """JSON has no infinity: None stands for it."""
    values = {name: getattr(score, name) for name in names}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
