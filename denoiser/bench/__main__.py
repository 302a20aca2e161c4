"""`denoiser bench`: training beside the plain loop and the ceiling, evaluations and photos beside bare model calls."""

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

from denoiser.bench import evaluation, photos
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
from denoiser.training import assemble

WORKLOADS = {
    "cifar_strided": Workload("cifar10", (3, 32, 32), 10_000, bar=0.95),
    "cifar_shallow": Workload("cifar10", (3, 32, 32), 10_000, bar=0.85),
    "mnist_basic": Workload("mnist", (1, 28, 28), 10_000, bar=0.85),
    "bsds_deep": Workload("bsds500", (3, 321, 481), 100, bar=0.95),
    "unet": Workload("synthetic", (3, 256, 256), 100, bar=0.95),
    "dncnn": Workload("bsds500", (3, 321, 481), 100),
}
"""What is measured, and the share of the ceiling that this project is to reach."""
USUAL = ("cifar_strided", "cifar_shallow", "mnist_basic", "bsds_deep", "unet")
CLOSE = 0.95
"""A format within this share of the best one's speed is as good."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code, 0 where a bar is missed too: speed is told, not enforced."""
    return failures.guarded(lambda: _command(_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    _check(options)
    target = options.out / "bench.json"
    where = device(configuration(options.models[0], WORKLOADS[options.models[0]]))
    print(f"{hardware.describe(where)}; random uint8 pictures of each dataset's shape", flush=True)
    measure, show = (formats, _show_formats) if options.formats else (three, _show_three)
    results = []
    for model in options.models:
        results.append(measure(model, options.seconds, options.repeats))
        show(results[-1])
    content = {"device": hardware.describe(where), "seconds": options.seconds, "repeats": options.repeats}
    content["formats" if options.formats else "models"] = results
    if options.pictures and not options.formats:
        content["evaluation"] = evaluation.measured(options.pictures)
        evaluation.show(content["evaluation"])
    if options.photos and not options.formats:
        content["photos"] = photos.measured(options.photos)
        photos.show(content["photos"])
    write_text(target, json.dumps(content, indent=2) + "\n")
    print(target)
    return 0


def three(model: str, seconds: float, repeats: int) -> dict[str, Any]:
    """The plain loop, this project and the ceiling, in turns.

    Args:
        model: a key of `WORKLOADS`.
        seconds: of each contender in a round.
        repeats: rounds.

    Returns:
        Images/s of each contender, median over rounds; the project's ratio to the other two, median, lowest and
        highest over rounds; the bar and whether it is met.
    """
    workload = WORKLOADS[model]
    cfg = configuration(model, workload)
    chosen = hardware.trainer_options(cfg.trainer, cfg.recipe)
    bfloat16, channels_last = chosen["precision"] == "bf16-mixed", chosen["memory_format"] == "channels_last"
    peers = {"plain": plain_loop(cfg, workload), "ceiling": ceiling(cfg, workload, bfloat16, channels_last)}
    rounds = _train(cfg, workload, peers, seconds, repeats)
    to_ceiling, to_plain = _ratio(rounds, "ceiling"), _ratio(rounds, "plain")
    return {
        "model": model,
        "precision": chosen["precision"],
        "memory_format": chosen["memory_format"],
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
    """Train as `denoiser run` does, with logger and callbacks, for as many rounds."""
    rounds = Rounds(peers, cfg.data.batch_size, seconds, repeats)
    # One epoch is to last for all rounds: the ends of epochs have their own work, which is no training step.
    images = 2 * repeats * seconds * speed(peers["ceiling"], cfg.data.batch_size, seconds)
    crops = math.ceil((images + 100 * cfg.data.batch_size) / workload.count)
    seed_everything(cfg.seed, workers=True, verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        trainer, chosen = assemble.trainer(cfg, Path(folder))
        trainer.callbacks.append(rounds)  # type: ignore[attr-defined]
        module = assemble.module(cfg).to(memory_format=hardware.memory_format(chosen["memory_format"]))
        trainer.fit(module, RandomPictures(workload, cfg, crops))
    return rounds.rounds


def _ratio(rounds: Sequence[dict[str, float]], other: str) -> dict[str, float]:
    ratios = [one["project"] / one[other] for one in rounds]
    return {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}


def formats(model: str, seconds: float, repeats: int) -> dict[str, Any]:
    """The ceiling in float32 and bfloat16, contiguous and channels_last, in turns; see `three` for the arguments.

    Returns:
        Images/s of each, median over rounds, and whether what a run would choose is as good as the best.
    """
    workload = WORKLOADS[model]
    cfg = configuration(model, workload)
    chosen = hardware.trainer_options(cfg.trainer, cfg.recipe)
    steps = {
        f"{'bf16-mixed' if low else '32-true'} {'channels_last' if last else 'contiguous'}": ceiling(
            cfg, workload, low, last
        )
        for low, last in itertools.product((False, True), repeat=2)
    }
    rounds = [{name: speed(step, cfg.data.batch_size, seconds) for name, step in steps.items()} for _ in range(repeats)]
    medians = {name: statistics.median(r[name] for r in rounds) for name in steps}
    rule = f"{chosen['precision']} {chosen['memory_format']}"
    share = statistics.median(r[rule] / r[max(medians, key=medians.__getitem__)] for r in rounds)
    return {"model": model, "images_per_second": medians, "rule": rule, "share": share, "met": share >= CLOSE}


def _show_three(result: dict[str, Any]) -> None:
    speeds, share, gain = result["images_per_second"], result["of_ceiling"], result["of_plain"]
    least = (
        "above the plain loop" if result["bar"] is None else f"{result['bar']:g} of the ceiling, above the plain loop"
    )
    print(f"\n{result['model']}  {result['precision']} {result['memory_format']}")
    print(*(f"  {name:8} {speeds[name]:9,.0f} images/s" for name in ("plain", "project", "ceiling")), sep="\n")
    for name, ratio in (("ceiling", share), ("plain", gain)):
        print(f"  project / {name:8} {ratio['median']:.3f}  ({ratio['lowest']:.3f} to {ratio['highest']:.3f})")
    print(f"  bar {'met' if result['met'] else 'missed'}: {least}", flush=True)


def _show_formats(result: dict[str, Any]) -> None:
    print(f"\n{result['model']}")
    print(*(f"  {name:26} {value:9,.0f} images/s" for name, value in result["images_per_second"].items()), sep="\n")
    verdict = "as good as the best" if result["met"] else "not the best"
    print(f"  a run chooses {result['rule']}: {result['share']:.3f} of the best, {verdict}", flush=True)


def _check(options: argparse.Namespace) -> None:
    for model in options.models:
        if model not in WORKLOADS:
            near = nearest(model, WORKLOADS) or USUAL[0]
            raise DenoiserError(f"no model '{model}' (--models)", f"--models {near}, of {', '.join(WORKLOADS)}")
    if not 0 < options.seconds < math.inf:
        raise DenoiserError(f"--seconds {options.seconds:g} is not above 0 (--seconds)", "--seconds 2")
    if options.repeats < 1:
        raise DenoiserError(f"--repeats {options.repeats} is below 1 (--repeats)", "--repeats 7")
    for key, usual in (("pictures", 68), ("photos", 4)):
        if (count := getattr(options, key)) < 0:
            raise DenoiserError(f"--{key} {count} is below 0 (--{key})", f"--{key} {usual}, or 0 for none")
    if (options.out / "bench.json").exists():
        raise DenoiserError(f"bench.json is already there ({options.out})", "give another --out")


def _parser() -> argparse.ArgumentParser:
    parser = Parser("denoiser bench", description=__doc__.partition(": ")[2], allow_abbrev=False)
    usual = Path("outputs") / time.strftime("bench-%Y-%m-%d-%H-%M-%S")
    parser.add_argument("--models", nargs="+", default=USUAL, metavar="MODEL", help=f"of {', '.join(WORKLOADS)}")
    parser.add_argument("--seconds", type=float, default=2, help="of each contender in a round, 2 unless given")
    parser.add_argument("--repeats", type=int, default=7, help="rounds, 7 unless given")
    parser.add_argument("--formats", action="store_true", help="precisions and memory formats of the ceiling instead")
    parser.add_argument("--pictures", type=int, default=68, help="of the evaluation; 68 unless given, 0 leaves it out")
    parser.add_argument("--photos", type=int, default=4, help="of 12 megapixels; 4 unless given, 0 leaves them out")
    parser.add_argument("--out", type=Path, default=usual, help="folder of bench.json, new below outputs unless given")
    return parser


if __name__ == "__main__":
    sys.exit(main())
