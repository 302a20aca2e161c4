"""`denoiser bench`: speed of training, evaluation and denoising, beside a plain loop and bare model calls."""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import seed_everything
from omegaconf import DictConfig

from denoiser.bench import evaluation, noise, photos
from denoiser.bench.peers import (
    RandomPictures,
    Rounds,
    Step,
    Workload,
    ceiling,
    configuration,
    device,
    plain_loop,
    speed,
)
from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.errors import DenoiserError, nearest
from denoiser.machine import hardware
from denoiser.machine.files import write_text
from denoiser.machine.terminal import say
from denoiser.training import assemble

WORKLOADS = {
    "cifar_strided": Workload("cifar10", (3, 32, 32), 10_000, bar=0.95),
    "cifar_shallow": Workload("cifar10", (3, 32, 32), 10_000, bar=0.85),
    "mnist_basic": Workload("mnist", (1, 28, 28), 10_000, bar=0.85),
    "bsds_deep": Workload("bsds500", (3, 321, 481), 100, bar=0.95),
    "unet": Workload("synthetic", (3, 256, 256), 100, bar=0.95),
    "dncnn": Workload("bsds500", (3, 321, 481), 100),
}
"""The workload of each model, with the share of the ceiling that this project should reach."""
DEFAULT_MODELS = ("cifar_strided", "cifar_shallow", "mnist_basic", "bsds_deep", "unet")
CLOSE = 0.95
"""Share of the best format's speed from which a format counts as good as the best."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code; it is 0 also where a bar is missed: speed is reported, not enforced."""
    return failures.guarded(lambda: _command(_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    _check(options)
    target = options.out / "bench.json"
    machine = hardware.describe(device(configuration(options.models[0], WORKLOADS[options.models[0]])))
    say(f"{machine}; random uint8 pictures of each dataset's shape")
    measure, show = (measure_formats, _show_formats) if options.formats else (measure_training, _show_training)
    results = []
    for model in options.models:
        results.append(measure(model, options.seconds, options.repeats))
        show(results[-1])
    content = {"device": machine, "seconds": options.seconds, "repeats": options.repeats}
    content["formats" if options.formats else "models"] = results
    if options.noise and not options.formats:
        content["noise"] = noise.measure(options.noise)
        noise.show(content["noise"])
    if options.pictures and not options.formats:
        content["evaluation"] = evaluation.measure(options.pictures)
        evaluation.show(content["evaluation"])
    if options.photos and not options.formats:
        content["photos"] = photos.measure(options.photos)
        photos.show(content["photos"])
    write_text(target, json.dumps(content, indent=2) + "\n")
    say(target)
    return 0


def measure_training(model: str, seconds: float, repeats: int) -> dict[str, Any]:
    """Train by the plain loop, by this project and by the ceiling, in turns.

    Args:
        model: a key of `WORKLOADS`.
        seconds: duration of each contender in a round.
        repeats: number of rounds.

    Returns:
        Images/s of each contender, the median over rounds; the project's ratio to the other two, with median, lowest
        and highest over rounds; the bar, and whether it is met.
    """
    workload = WORKLOADS[model]
    cfg = configuration(model, workload)
    options = hardware.trainer_options(cfg.trainer, cfg.recipe)
    bfloat16, channels_last = options["precision"] == "bf16-mixed", options["memory_format"] == "channels_last"
    peers = {"plain": plain_loop(cfg, workload), "ceiling": ceiling(cfg, workload, bfloat16, channels_last)}
    rounds = _train(cfg, workload, peers, seconds, repeats)
    to_ceiling, to_plain = _ratio(rounds, "ceiling"), _ratio(rounds, "plain")
    return {
        "model": model,
        "precision": options["precision"],
        "memory_format": options["memory_format"],
        "images_per_second": {name: statistics.median(r[name] for r in rounds) for name in rounds[0]},
        "of_ceiling": to_ceiling,
        "of_plain": to_plain,
        "bar": workload.bar,
        "met": to_plain["median"] > 1 and to_ceiling["median"] >= (workload.bar or 0),
        "rounds": rounds,
    }


def _train(
    cfg: DictConfig, workload: Workload, peers: dict[str, Step], seconds: float, repeats: int
) -> list[dict[str, float]]:
    """Train as `denoiser run` does, with logger and callbacks, for `repeats` rounds."""
    rounds = Rounds(peers, cfg.data.batch_size, seconds, repeats)
    # One epoch lasts for all rounds: the work at the ends of epochs is no training step.
    images = 2 * repeats * seconds * speed(peers["ceiling"], cfg.data.batch_size, seconds)
    crops = math.ceil((images + 100 * cfg.data.batch_size) / workload.count)
    seed_everything(cfg.seed, workers=True, verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        trainer, options = assemble.trainer(cfg, Path(folder))
        trainer.callbacks.append(rounds)  # type: ignore[attr-defined]
        module = assemble.module(cfg).to(memory_format=hardware.memory_format(options["memory_format"]))
        trainer.fit(module, RandomPictures(workload, cfg, crops))
    return rounds.rounds


def _ratio(rounds: Sequence[dict[str, float]], other: str) -> dict[str, float]:
    ratios = [speeds["project"] / speeds[other] for speeds in rounds]
    return {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}


def measure_formats(model: str, seconds: float, repeats: int) -> dict[str, Any]:
    """Train by the ceiling in float32 and bfloat16, contiguous and channels_last, in turns.

    Args:
        model: a key of `WORKLOADS`.
        seconds: duration of each format in a round.
        repeats: number of rounds.

    Returns:
        Images/s of each, the median over rounds, and whether the format that a run chooses is as good as the best.
    """
    workload = WORKLOADS[model]
    cfg = configuration(model, workload)
    options = hardware.trainer_options(cfg.trainer, cfg.recipe)
    steps = {
        f"{'bf16-mixed' if low else '32-true'} {'channels_last' if last else 'contiguous'}": ceiling(
            cfg, workload, low, last
        )
        for low, last in itertools.product((False, True), repeat=2)
    }
    rounds = [{name: speed(step, cfg.data.batch_size, seconds) for name, step in steps.items()} for _ in range(repeats)]
    medians = {name: statistics.median(r[name] for r in rounds) for name in steps}
    rule = f"{options['precision']} {options['memory_format']}"
    share = statistics.median(r[rule] / r[max(medians, key=medians.__getitem__)] for r in rounds)
    return {"model": model, "images_per_second": medians, "rule": rule, "share": share, "met": share >= CLOSE}


def _show_training(result: dict[str, Any]) -> None:
    speeds, bar = result["images_per_second"], "above the plain loop"
    if result["bar"] is not None:
        bar = f"{result['bar']:g} of the ceiling, {bar}"
    say(f"\n{result['model']}  {result['precision']} {result['memory_format']}")
    say(*(f"  {name:8} {speeds[name]:9,.0f} images/s" for name in ("plain", "project", "ceiling")), sep="\n")
    for name in ("ceiling", "plain"):
        ratio = result[f"of_{name}"]
        say(f"  project / {name:8} {ratio['median']:.3f}  ({ratio['lowest']:.3f} to {ratio['highest']:.3f})")
    say(f"  bar {'met' if result['met'] else 'missed'}: {bar}")


def _show_formats(result: dict[str, Any]) -> None:
    say(f"\n{result['model']}")
    say(*(f"  {name:26} {value:9,.0f} images/s" for name, value in result["images_per_second"].items()), sep="\n")
    verdict = "as good as the best" if result["met"] else "not the best"
    say(f"  a run chooses {result['rule']}: {result['share']:.3f} of the best, {verdict}")


def _check(options: argparse.Namespace) -> None:
    for model in options.models:
        if model not in WORKLOADS:
            near = nearest(model, WORKLOADS) or DEFAULT_MODELS[0]
            raise DenoiserError(f"no model '{model}' (--models)", f"--models {near}, of {', '.join(WORKLOADS)}")
    if not 0 < options.seconds < math.inf:
        raise DenoiserError(f"--seconds {options.seconds:g} is not above 0 (--seconds)", "--seconds 2")
    if options.repeats < 1:
        raise DenoiserError(f"--repeats {options.repeats} is below 1 (--repeats)", "--repeats 7")
    for key, default in (("noise", 5), ("pictures", 68), ("photos", 4)):
        if (count := getattr(options, key)) < 0:
            raise DenoiserError(f"--{key} {count} is below 0 (--{key})", f"--{key} {default}, or 0 for none")
    if (options.out / "bench.json").exists():
        raise DenoiserError(f"bench.json already exists ({options.out})", "give another --out")


def _parser() -> argparse.ArgumentParser:
    parser = Parser("denoiser bench", description=__doc__.partition(": ")[2], allow_abbrev=False)
    out = Path("outputs") / time.strftime("bench-%Y-%m-%d-%H-%M-%S")
    models = f"models to train, by default {', '.join(DEFAULT_MODELS)}; possible: {', '.join(WORKLOADS)}"
    parser.add_argument("--models", nargs="+", default=DEFAULT_MODELS, metavar="MODEL", help=models)
    parser.add_argument("--seconds", type=float, default=2, help="seconds of each contender in a round (default: 2)")
    parser.add_argument("--repeats", type=int, default=7, help="number of rounds (default: 7)")
    parser.add_argument("--formats", action="store_true", help="compare precisions and memory formats instead")
    batches = "batches of noise=camera to draw; 0 for none (default: 5)"
    parser.add_argument("--noise", type=int, default=5, help=batches)
    parser.add_argument("--pictures", type=int, default=68, help="pictures to evaluate; 0 for none (default: 68)")
    parser.add_argument("--photos", type=int, default=4, help="photos of 12 MP to denoise; 0 for none (default: 4)")
    parser.add_argument("--out", type=Path, default=out, help="folder of bench.json (default: a new one in outputs)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
