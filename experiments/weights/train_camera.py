"""Train the network for cameras on one GPU within a given time.

    python experiments/weights/train_camera.py --pool pool.pt --real DIR --photos DIR --out OUT --seconds 480

Writes `NAME.safetensors` (averaged weights, float16), `NAME-best.safetensors` and `NAME.log` during training. With
`--graph`, a step is a CUDA graph that draws its batch, adds the noise and updates the weights, so that the GPU never
waits for the CPU.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from batches import Pool, Shares, Store
from safetensors.torch import load_file, save_file
from scores import gaussian, real
from torch import Tensor, nn

from denoiser.machine.hardware import has_bfloat16
from denoiser.models.unet import UNet
from denoiser.training.muon import orthogonalise

MOMENTUM, AVERAGE, WARMUP = 0.95, 0.999, 300
PHASES = ((0.0, 96, 64), (0.45, 128, 36), (0.80, 192, 16))
"""Phases of training: start as a share of the time, side of the patches, pictures in a batch."""
LEAST = 0.5 / 255
"""Smallest deviation of the noise in `picture_loss`, where white is 1."""


def picture_loss(output: Tensor, noisy: Tensor, target: Tensor) -> Tensor:
    """Mean squared error of each picture divided by the deviation of its noise, so that weak noise counts too."""
    remaining, initial = ((x.float() - target).square().mean((1, 2, 3)) for x in (output, noisy))
    return (remaining / (initial + LEAST**2).sqrt()).mean()


class DeviceMuon:
    """The steps of `denoiser.training.muon.Muon`, with the rate as a tensor on the device for CUDA graphs."""

    def __init__(self, network: nn.Module, rate: Tensor) -> None:
        self.rate, by_shape = rate, defaultdict(list)
        self.dtype = torch.bfloat16 if has_bfloat16(rate.device.type) else torch.float32
        for p in network.parameters():
            by_shape[len(p), p.numel() // len(p)].append(p)
        self.groups = [
            (shape, group, torch.zeros(len(group), *shape, device=rate.device)) for shape, group in by_shape.items()
        ]

    @torch.no_grad()
    def step(self) -> None:
        """Update all weights."""
        for (rows, columns), group, mean in self.groups:
            gradient = torch.stack([p.grad.reshape(rows, columns) for p in group if p.grad is not None])
            mean.lerp_(gradient, 1 - MOMENTUM)
            steps = orthogonalise(gradient.lerp(mean, MOMENTUM), dtype=self.dtype)
            for p, step in zip(group, steps * (self.rate * max(1.0, rows / columns) ** 0.5), strict=True):
                p.sub_(step.view(p.shape))


class Trainer:
    """The network, the average of its weights, its optimizer and a training step."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.device = options, torch.device(options.device)
        torch.manual_seed(options.seed)
        self.network = UNet(options.channels, options.widths, options.blocks, slope=0.2).to(self.device)
        if options.start is not None:
            self.network.load_state_dict({k: v.float() for k, v in load_file(options.start).items()})
        self.network.to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.forward = torch.compile(self.network, dynamic=False) if options.compile else self.network
        self.rate = torch.zeros((), device=self.device)
        self.optimizer = DeviceMuon(self.network, self.rate)
        cuda = self.device.type == "cuda"
        self.generator = torch.cuda.default_generators[0] if cuda else torch.Generator().manual_seed(options.seed)
        self.shares = Shares(**json.loads(options.shares))
        self.pool = Pool(torch.load(options.pool), self.device, self.shares.drawn)
        self.loss = torch.zeros((), device=self.device)

    def autocast(self) -> torch.autocast:
        """bfloat16 if `--bf16`; weights are not cached, because a CUDA graph has to read the current ones."""
        return torch.autocast(self.device.type, torch.bfloat16, self.options.bf16, cache_enabled=False)

    def step(self, store: Store, n: int) -> None:
        """Train on one batch."""
        with torch.no_grad():
            noisy, target = store.batch(n, self.generator)
            noisy = noisy.contiguous(memory_format=torch.channels_last)
        with self.autocast():
            output = self.forward(noisy)
        loss = picture_loss(output, noisy, target)
        loss.backward()
        self.optimizer.step()
        for p in self.network.parameters():
            p.grad = None
        averages, weights = list(self.average.parameters()), list(self.network.parameters())
        torch._foreach_lerp_(averages, [w.detach() for w in weights], 1 - AVERAGE)
        self.loss.lerp_(loss.detach(), 0.02)

    def captured(self, work: Callable[[], None]) -> Callable[[], None]:
        """The work as a CUDA graph if `--graph`, after a few runs; else the work itself."""
        if not self.options.graph:
            return work
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                work()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay

    def phase(self, size: int, n: int) -> tuple[Callable[[], None], Callable[[], None]]:
        """Two functions: a step on `n` patches of `size`, and one that replaces the oldest stored pairs."""
        at_once = max(8, self.options.at_once * 96 * 96 // size**2)
        store = Store(self.pool, self.shares, size, self.options.channels, at_once, self.options.slots)
        compute = self.captured(torch.no_grad()(lambda: store.make(self.generator)))

        def refill() -> None:
            compute()
            store.put()

        if store.shares.stored == 0:
            self.between = 10**9
            return self.captured(lambda: self.step(store, n)), refill
        for _ in range(store.slots):
            refill()
        self.between = max(1, round(at_once * self.options.reuse / (n * store.shares.stored)))
        return self.captured(lambda: self.step(store, n)), refill

    @torch.no_grad()
    def scored(self, everything: bool) -> dict[str, float]:
        """Scores of the averaged weights."""

        def network(x: Tensor) -> Tensor:
            with torch.autocast(self.device.type, torch.bfloat16, self.options.bf16):
                output: Tensor = self.average(x.contiguous(memory_format=torch.channels_last))
            return output

        files = sorted(self.options.photos.glob("*.jpg"))[: None if everything else self.options.few]
        pairs = real(network, self.options.real, self.options.channels, self.device)
        return {**pairs, **gaussian(network, files, self.options.channels, self.device)}

    def save(self, name: str) -> None:
        """Write the averaged weights; the file is replaced only when it is complete."""
        target = self.options.out / f"{name}.safetensors"
        weights = {k: v.half().contiguous() for k, v in self.average.state_dict().items()}
        save_file(weights, target.with_suffix(".new"))
        target.with_suffix(".new").replace(target)

    def state(self) -> dict[str, object]:
        """All that a resumed training needs besides its steps and time; not the stored pairs, which are made anew."""
        means = [mean for _, _, mean in self.optimizer.groups]
        parts = {"network": self.network.state_dict(), "average": self.average.state_dict(), "means": means}
        return {**parts, "random": self.generator.get_state()}

    def resume(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        for (_, _, mean), saved in zip(self.optimizer.groups, state["means"], strict=True):
            mean.copy_(saved)
        self.generator.set_state(state["random"].cpu())


def rate_at(progress: float, steps: int, highest: float) -> float:
    """Learning rate: a linear warm-up, then a cosine to 0 at the end of the time."""
    return highest * min(1.0, (steps + 1) / WARMUP) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def train(options: argparse.Namespace) -> None:
    """Train until the time or the steps are over."""
    began = time.monotonic()
    trainer, steps, best, phase, last = Trainer(options), 0, 0.0, -1, 0.0
    if options.state is not None and options.state.exists():
        saved = torch.load(options.state, trainer.device)
        trainer.resume(saved["trainer"])
        steps, best, last = saved["steps"], saved["best"], saved["seconds"]
        began -= last
    log = (options.out / f"{options.name}.log").open("a", buffering=1)

    def record(**values: object) -> None:
        line = json.dumps({"t": round(time.monotonic() - began, 1), "steps": steps, **values})
        print(line, flush=True)
        log.write(line + "\n")

    def evaluate(everything: bool = False) -> None:
        nonlocal best
        start = time.monotonic()
        scores = trainer.scored(everything)
        record(**{k: round(v, 4) for k, v in scores.items()}, looking=round(time.monotonic() - start, 1))
        trainer.save(options.name)
        if scores["real"] > best:
            best = scores["real"]
            trainer.save(f"{options.name}-best")
        if options.state is not None:
            state = {"trainer": trainer.state(), "steps": steps, "best": best, "seconds": time.monotonic() - began}
            torch.save(state, options.state.with_suffix(".new"))
            options.state.with_suffix(".new").replace(options.state)

    arguments = {key: str(value) for key, value in vars(options).items()}
    device = torch.cuda.get_device_name() if trainer.device.type == "cuda" else "cpu"
    parameters = sum(p.numel() for p in trainer.network.parameters())
    record(device=device, torch=torch.__version__, parameters=parameters, options=arguments)
    while (elapsed := time.monotonic() - began) < options.seconds and steps < options.steps:
        progress = elapsed / options.seconds
        due = max(i for i, (share, _, _) in enumerate(PHASES) if progress >= share)
        if due != phase:
            step = refill = None  # frees the memory of their CUDA graphs
            phase, (step, refill) = due, trainer.phase(PHASES[due][1], PHASES[due][2] // options.divide)
            record(phase=phase, capturing=round(time.monotonic() - began - elapsed, 1))
            elapsed = time.monotonic() - began
        for _ in range(options.together):
            trainer.rate.fill_(rate_at(elapsed / options.seconds, steps, options.rate))
            step()
            steps += 1
            if steps % trainer.between == 0:
                refill()
        loss = trainer.loss.item()  # waits for the device
        if not math.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} after {steps} steps")
        if time.monotonic() - began - last > options.every:
            last = time.monotonic() - began
            pace = options.together / (last - elapsed)
            record(loss=round(loss, 6), rate=round(trainer.rate.item(), 6), per_second=round(pace, 1))
            evaluate()
    evaluate(everything=True)


def parsed() -> argparse.Namespace:
    """The command's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    for name in ("pool", "real", "photos", "out"):
        add(f"--{name}", type=Path, required=True)
    add("--name", default="camera")
    add("--start", type=Path, help="weights to start from; else random ones")
    add("--shares", default="{}", help='kinds of noise, as JSON: {"camera": 0.42, ...}, see batches.Shares')
    add("--state", type=Path, help="file that a stopped training resumes from")
    add("--seconds", type=float, required=True)
    add("--steps", type=int, default=10**9)
    add("--channels", type=int, default=3)
    add("--widths", type=int, nargs="+", default=[64, 128, 256])
    add("--blocks", type=int, nargs="+", default=[2, 2, 4])
    add("--rate", type=float, default=0.005)
    add("--seed", type=int, default=0)
    add("--device", default="cuda")
    add("--divide", type=int, default=1, help="batches are this much smaller")
    add("--at-once", type=int, default=256, help="camera pairs computed at once, of 96 pixels")
    add("--slots", type=int, default=8, help="number of such groups that are stored")
    add("--reuse", type=float, default=4, help="how often a camera pair is used")
    add("--together", type=int, default=50, help="steps between looks at the clock")
    add("--every", type=float, default=90, help="seconds between scores")
    add("--few", type=int, default=16, help="test pictures during training; all at the end")
    for name in ("graph", "compile", "bf16"):
        add(f"--{name}", action=argparse.BooleanOptionalAction, default=name == "bf16")
    return parser.parse_args()


if __name__ == "__main__":
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # the camera's filters need float32; the network computes in bfloat16
    train(parsed())
