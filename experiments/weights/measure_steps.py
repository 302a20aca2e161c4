"""Measure the time of steps and of new pairs on a GPU, at each size of patches; options as in train_camera.py."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from train_camera import PHASES, Trainer, parsed


def seconds(work: Callable[[], None], times: int) -> float:
    """Mean time of one call, with the device synchronised."""
    torch.cuda.synchronize()
    began = time.monotonic()
    for _ in range(times):
        work()
    torch.cuda.synchronize()
    return (time.monotonic() - began) / times


if __name__ == "__main__":
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False
    options = parsed()
    trainer = Trainer(options)
    for _, size, n in PHASES:
        began = time.monotonic()
        step, refill = trainer.phase(size, n)
        ready = time.monotonic() - began
        each, pairs = 1e3 * seconds(step, 100), 1e3 * seconds(refill, 5)
        pace = f"step {each:.2f} ms, pairs {pairs:.1f} ms every {trainer.between} steps"
        print(f"{n}x{size}: {pace}, ready in {ready:.1f} s, loss {trainer.loss.item():.5f}", flush=True)
