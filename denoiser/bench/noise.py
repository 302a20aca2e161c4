"""Time of drawing a batch with the noise of a camera, beside a training step."""

from __future__ import annotations

import statistics
import time
from typing import Any

from denoiser.bench.peers import RandomPictures, Workload, ceiling
from denoiser.config import compose
from denoiser.data.pairs import NoisyPairs
from denoiser.machine import hardware
from denoiser.machine.terminal import say

BAR = 0.25
"""Largest share of a training step that drawing its batch may cost."""
MODEL = "unet"
NOISE = ("noise=camera", "noise.shot_range=[1e-4,0.012]")
COUNT = 100


def measure(rounds: int) -> dict[str, Any]:
    """Draw a batch of `noise=camera` and take a training step of `unet` on such a batch, in turns.

    Args:
        rounds: number of turns; the first one warms up and does not count.

    Returns:
        Milliseconds of both, the least over the rounds, which other load disturbs least; the share of the step, and
        whether it meets the bar.
    """
    cfg = compose([f"model={MODEL}", "data=synthetic", *NOISE])
    options = hardware.trainer_options(cfg.trainer, cfg.recipe)
    workload = Workload("synthetic", (3, 256, 256), COUNT)
    data = RandomPictures(workload, cfg, crops_per_image=1)
    pairs = NoisyPairs(data.split("train"), data.protocol.noise, cfg.seed, data.patch_size, flip=data.flip)
    keys = [f"data.{key}={cfg.data[key]}" for key in ("batch_size", "patch_size")]
    plain = compose([f"model={MODEL}", "data=synthetic", *keys])  # the step alone: its noise is one draw
    low, last = options["precision"] == "bf16-mixed", options["memory_format"] == "channels_last"
    step = ceiling(plain, workload, low, last)
    times: list[tuple[float, float]] = []
    for i in range(rounds + 1):
        start = time.perf_counter()
        pairs.__getitems__([(i * data.batch_size + j) % len(pairs) for j in range(data.batch_size)])
        drawn = time.perf_counter()
        step()
        times.append((drawn - start, time.perf_counter() - drawn))
    batch, training = (min(column) * 1000 for column in zip(*times[1:], strict=True))
    share = batch / training
    shares = [one / other for one, other in times[1:]]
    return {
        "batch": batch,
        "step": training,
        "share": share,
        "median": statistics.median(shares),
        "bar": BAR,
        "met": share <= BAR,
    }


def show(result: dict[str, Any]) -> None:
    """Print the times and the verdict."""
    say(f"\nnoise=camera, a batch of {MODEL}")
    say(f"  drawing  {result['batch']:9,.0f} ms")
    say(f"  step     {result['step']:9,.0f} ms")
    say(f"  drawing / step {result['share']:.3f}  (median of the rounds {result['median']:.3f})")
    say(f"  bar {'met' if result['met'] else 'missed'}: at most {BAR:g} of the step")
