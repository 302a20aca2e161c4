"""Strips: noisy | denoised | clean | error, side by side."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from denoiser import imageio
from denoiser.data.pairs import FrozenPairs
from denoiser.files import write_text
from denoiser.module import Denoiser, Score
from denoiser.noise import GREY_LEVELS
from denoiser.plots import GAP

ERROR_GAIN = 4
"""The error is shown as mid-grey plus 4 times the difference: a denoiser's errors are faint."""
STEM_BYTES = 80
"""How much of a picture's key its file name keeps: file systems take 255 bytes, some only 143, for all of a name."""


def strip(noisy: Tensor, denoised: Tensor, clean: Tensor) -> Tensor:
    """One picture of four panels with white gaps.

    Args:
        noisy: `(C, H, W)`, nominally in [0, 1].
        denoised: the same.
        clean: the same.

    Returns:
        uint8 `(C, H, 4 W + 3 gaps)`.
    """
    error = (denoised - clean) * ERROR_GAIN + 0.5
    gap = torch.ones(*clean.shape[:2], GAP)
    panels = [noisy, gap, denoised, gap, clean, gap, error]
    return torch.cat(panels, dim=-1).clamp(0, 1).mul(GREY_LEVELS).round().byte()


def write_strips(module: Denoiser, pairs: FrozenPairs, scores: Mapping[int, Score], folder: Path) -> None:
    """Strips of the best, median and worst test picture at each noise level, with `index.json` that names them.

    Args:
        module: the denoiser.
        pairs: the test pictures.
        scores: the score of each item of `pairs` that was tested.
        folder: the run's `images`.

    Raises:
        DenoiserError: the folder or disk does not take a file (exit code 3).
    """
    index = [_write(module, pairs, rank, item, scores[item], folder) for rank, item in _choose(pairs, scores)]
    write_text(folder / "index.json", json.dumps(index, indent=1))


def _choose(pairs: FrozenPairs, scores: Mapping[int, Score]) -> list[tuple[str, int]]:
    chosen: list[tuple[str, int]] = []
    for level in range(len(pairs.levels)):
        items = [i for i in scores if i // len(pairs.pictures) == level]
        chosen += _ranks(sorted(items, key=lambda i: _order(scores[i].psnr), reverse=True))
    return chosen


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
    module: Denoiser, pairs: FrozenPairs, rank: str, item: int, score: Score, folder: Path
) -> dict[str, str | float | None]:
    batch = pairs.__getitems__([item])
    with torch.no_grad():
        denoised = module(batch.noisy.to(module.device)).float().cpu()
    key, level = pairs.describe(item)
    file = _file(rank, level, key)
    imageio.write(folder / file, strip(batch.noisy[0], denoised[0], batch.clean[0]))
    figures = {k: v if math.isfinite(v) else None for k, v in score._asdict().items()}
    return {"rank": rank, "sigma": level, "image": key, "file": file, **figures}
