"""Time of an evaluation besides its model calls: noise, metrics, intervals, tables, pictures and page."""

from __future__ import annotations

import contextlib
import csv
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import seed_everything
from PIL import Image

from denoiser.config import EVALUATE, compose
from denoiser.evaluate import evaluate
from denoiser.machine import hardware
from denoiser.machine.terminal import say
from denoiser.runs.results import SPEED
from denoiser.training import assemble
from denoiser.weights.load import load

BAR = 1.1
"""Highest ratio of the evaluation's time to the time of its model calls that meets the bar."""
SIZE = (481, 321)
"""Width and height of the pictures in pixels, as in BSD68."""
LEVELS = (15, 25, 50)
"""Noise levels in grey levels of 255."""
REPEATS = 4
"""Number of bare calls per noise level that are timed before and after."""


def overhead(folder: Path, pictures: int) -> dict[str, Any]:
    """Evaluate DnCNN at three noise levels on pictures of BSD68's size, and call it bare on some of them.

    Args:
        folder: an empty folder for pictures, weights and results.
        pictures: number of pictures.

    Returns:
        `seconds` of the evaluation, from checkpoint to page; `bare`, seconds of its model calls alone, timed within it,
        so that other load on the machine affects both; their `ratio`; and `apart`, seconds of as many calls, timed
        before and after.
    """
    checkpoint = _checkpoint(folder)
    _pictures(folder / "pictures", pictures)
    overrides = [f"checkpoint={checkpoint}", "data=folder", f"data.path={folder / 'pictures'}", "data.channels=1"]
    cfg = compose([*overrides, f"test.sigma={list(LEVELS)}", "device=auto"], EVALUATE)
    before = _bare(checkpoint, cfg.device)
    started = time.perf_counter()
    with silent():
        evaluate(cfg, folder / "evaluation")
    seconds = time.perf_counter() - started
    calls, bare = pictures * len(LEVELS), _within(folder / "evaluation")
    apart = calls * (before + _bare(checkpoint, cfg.device)) / 2
    ratio = seconds / bare
    times = {"calls": calls, "seconds": seconds, "bare": bare, "apart": apart}
    return {**times, "ratio": ratio, "bar": BAR, "met": ratio <= BAR}


def measure(pictures: int) -> dict[str, Any]:
    """Measure `overhead` in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        return {"pictures": pictures, **overhead(Path(folder), pictures)}


def show(result: dict[str, Any]) -> None:
    """Print the result of `measure`."""
    say(f"\nevaluation of dncnn, {result['pictures']} pictures of 481x321 at 3 noise levels, checkpoint to page")
    say(f"  {result['seconds']:.1f} s / {result['bare']:.1f} s of its model calls = {result['ratio']:.3f}")
    say(f"  as many calls timed before and after: {result['apart']:.1f} s")
    say(f"  bar {'met' if result['met'] else 'missed'}: {result['bar']:g} or less")


def _within(evaluation: Path) -> float:
    """Seconds of the model calls of an evaluation, from its `results.csv`."""
    rows = csv.DictReader((evaluation / "results.csv").read_text(encoding="utf-8").splitlines())
    return sum(float(row[SPEED]) for row in rows) * SIZE[0] * SIZE[1] / 1e6


def _checkpoint(folder: Path) -> Path:
    """A checkpoint of DnCNN before any training: its speed does not depend on its weights."""
    seed_everything(0, workers=True, verbose=False)
    module = assemble.module(compose(["model=dncnn", "data=bsd68"]))
    content = {"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams)}
    torch.save(content, folder / "dncnn.ckpt")
    return folder / "dncnn.ckpt"


def _pictures(folder: Path, count: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(count):
        size = SIZE if i % 2 else SIZE[::-1]
        Image.fromarray(rng.integers(0, 256, size, np.uint8)).save(folder / f"{i:03d}.png")


def _bare(checkpoint: Path, device: str) -> float:
    """Seconds of one bare call, the mean of several; the first, which warms up, is left out."""
    target = hardware.device(device)
    model, image = load(checkpoint).to(target), torch.rand(1, 1, *SIZE, device=target)
    seconds = []
    with torch.inference_mode():
        for _ in range(REPEATS * len(LEVELS) + 1):
            started = time.perf_counter()
            model.forward(image)
            if target.type == "cuda":
                torch.cuda.synchronize(target)
            seconds.append(time.perf_counter() - started)
    return sum(seconds[1:]) / (len(seconds) - 1)


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Suppress standard output for a while."""
    with open(os.devnull, "w", encoding="utf-8") as null, contextlib.redirect_stdout(null):
        yield
