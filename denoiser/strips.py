"""Strips: noisy | denoised | clean | error, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from denoiser import imageio
from denoiser.data.pairs import FrozenPairs
from denoiser.files import write_text
from denoiser.module import Denoiser, Score
from denoiser.noise import GREY_LEVELS

GAP = 2
ERROR_GAIN = 4
"""The error is shown as mid-grey plus 4 times the difference: a denoiser's errors are faint."""


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
    chosen = []
    for level in range(len(pairs.levels)):
        items = [i for i in scores if i // len(pairs.pictures) == level]
        ranked = sorted(items, key=lambda i: scores[i].psnr, reverse=True)
        chosen += list(zip(("best", "median", "worst"), _three(ranked), strict=False))
    return chosen


def _three(ranked: Sequence[int]) -> list[int]:
    return [ranked[0], ranked[len(ranked) // 2], ranked[-1]] if len(ranked) > 2 else list(ranked)


def _write(
    module: Denoiser, pairs: FrozenPairs, rank: str, item: int, score: Score, folder: Path
) -> dict[str, str | float | None]:
    batch = pairs.__getitems__([item])
    with torch.no_grad():
        denoised = module(batch.noisy.to(module.device)).float().cpu()
    key, level = pairs.describe(item)
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in key)
    file = f"{rank}_{stem}.png" if level is None else f"{rank}_{level:g}_{stem}.png"
    imageio.write(folder / file, strip(batch.noisy[0], denoised[0], batch.clean[0]))
    figures = {k: v if v != float("inf") else None for k, v in score._asdict().items()}
    return {"rank": rank, "sigma": level, "image": key, "file": file, **figures}
