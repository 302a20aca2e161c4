"""One training from configuration to results: fit, test with the best weights, write what came of it."""

from __future__ import annotations

import csv
import io
import math
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from torch.utils.flop_counter import FlopCounterMode

from denoiser import assemble, checkpoints, hardware
from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import FrozenPairs
from denoiser.files import write_text
from denoiser.module import Denoiser, Score
from denoiser.strips import write_strips

COLUMNS = ("method", "data", "noise", "sigma", "image", *Score._fields)
MACS_SIDE = 256


def train_and_test(cfg: DictConfig, folder: Path, resume: bool) -> Iterator[dict[str, Any]]:
    """Train into a run folder and test; yields what `results.json` gains after each stage.

    Args:
        cfg: the composed configuration.
        folder: the run folder.
        resume: go on from its `last.ckpt`.

    Raises:
        DenoiserError: what is asked for is not possible, or the training diverged.
        KeyboardInterrupt: interrupted or terminated.
    """
    seed_everything(cfg.seed, workers=True, verbose=False)
    data, module = assemble.data(cfg), assemble.module(cfg)
    trainer, chosen = assemble.trainer(cfg, folder)
    module.to(memory_format=hardware.memory_format(chosen["memory_format"]))
    yield {
        "protocol": assemble.protocol_name(cfg),
        "device": hardware.describe(trainer.strategy.root_device),
        "precision": str(chosen["precision"]),
        "memory_format": chosen["memory_format"],
        "params": sum(parameter.numel() for parameter in module.network.parameters()),
        "macs": macs(module, cfg.model.channels),
        "train_data": data.name,
    }
    if trainer.is_global_zero:
        device, precision = hardware.describe(trainer.strategy.root_device), chosen["precision"]
        print(f"{cfg.model.name} on {data.name}, {_noise(data, data)}: {device}, {precision}", folder, "", sep="\n")
    _log_config(trainer, cfg)
    last = folder / "checkpoints" / "last.ckpt"
    _uninterrupted(trainer, trainer.fit, module, data, ckpt_path=last if resume and last.exists() else None)
    yield {"epochs": trainer.current_epoch, "steps": trainer.global_step, "train_images": len(data.split("train"))}
    best = Path(trainer.strategy.broadcast(str(folder / "checkpoints" / "best.ckpt")))
    if best.exists():
        module.load_state_dict(checkpoints.read(best)["state_dict"])
    _uninterrupted(trainer, trainer.test, module, data, verbose=False)
    if trainer.is_global_zero:
        rows = write_results(cfg, module, data, folder)
        yield {"rows": rows}  # before what only shows them, which may fail
        write_strips(module, data.frozen("test"), module.scores, folder / "images")
        _log_final(trainer, cfg, rows)


def write_results(cfg: DictConfig, module: Denoiser, data: PairsDataModule, folder: Path) -> list[dict[str, Any]]:
    """`results.csv`; gives back the table's rows.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    pairs, tested = data.frozen("test"), data.test or data
    columns = {"method": cfg.model.name, "data": tested.name, "noise": _noise(data, tested)}
    write_text(folder / "results.csv", per_image(columns, pairs, module.scores))
    return [row for row in summarise(columns, pairs, module.scores) if row["n_images"]]


def _noise(data: PairsDataModule, seen: PairsDataModule) -> str:
    """The noise of `seen` in tables: its own where its pairs are real, else what `data` says is added."""
    return "real" if seen.real_pairs else str(data.protocol.noise)


def per_image(columns: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[int, Score]) -> str:
    """The text of `results.csv`: a row per image and noise level."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for item in sorted(scores):
        key, level = pairs.describe(item)
        figures = {name: f"{value:.6g}" for name, value in scores[item]._asdict().items()}
        image = key.encode(errors="backslashreplace").decode()  # a file name need not be UTF-8, the table is
        writer.writerow({**columns, "sigma": "" if level is None else f"{level:g}", "image": image, **figures})
    return text.getvalue()


def summarise(columns: Mapping[str, str], pairs: FrozenPairs, scores: Mapping[int, Score]) -> list[dict[str, Any]]:
    """A row per noise level: means over images; infinite PSNR is left out of them and counted."""
    rows = []
    for position, level in enumerate(pairs.levels):
        mine = [score for item, score in scores.items() if item // len(pairs.pictures) == position]
        means = {name: _mean([getattr(score, name) for score in mine]) for name in Score._fields}
        identical = sum(math.isinf(score.psnr) for score in mine)
        rows.append({**columns, "sigma": level, "n_images": len(mine), **means, "n_identical": identical})
    return rows


def _mean(values: Sequence[float]) -> float | None:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else None


def macs(module: Denoiser, channels: int) -> int:
    """Multiply-accumulates of one forward pass on `1 x channels x 256 x 256`."""
    training = module.training
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(torch.zeros(1, channels, MACS_SIDE, MACS_SIDE))
    module.train(training)
    return int(counter.get_total_flops()) // 2


def _log_config(trainer: Trainer, cfg: DictConfig) -> None:
    """The configuration in TensorBoard from the start, whatever becomes of the run."""
    if isinstance(trainer.logger, TensorBoardLogger) and trainer.is_global_zero:
        resolved = OmegaConf.to_yaml(cfg, resolve=True)
        trainer.logger.experiment.add_text("config", f"```yaml\n{resolved}\n```")
        trainer.logger.experiment.flush()


def _log_final(trainer: Trainer, cfg: DictConfig, rows: Sequence[Mapping[str, Any]]) -> None:
    """The hyperparameters in TensorBoard with the figures that they came to."""
    if not isinstance(trainer.logger, TensorBoardLogger):
        return
    finals: dict[str, float] = {}
    for row in rows:
        level = "" if row["sigma"] is None else f"_{row['sigma']:g}"
        finals |= {f"test/{name}{level}": row[name] for name in Score._fields if row[name] is not None}
    trainer.logger.log_hyperparams(_flat(OmegaConf.to_container(cfg, resolve=True)), finals)
    trainer.logger.finalize("success")  # once more, since the test's own came before these


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value if isinstance(value, int | float | str | bool) else str(value)}
    return {
        k: v for key, item in value.items() for k, v in _flat(item, f"{prefix}.{key}" if prefix else str(key)).items()
    }


def _uninterrupted(trainer: Trainer, stage: Any, *arguments: Any, **options: Any) -> None:
    """Run a stage; Ctrl-C and SIGTERM come out as KeyboardInterrupt, where Lightning would end the process."""
    interrupt = signal.getsignal(signal.SIGINT)
    try:
        with terminating():
            stage(*arguments, **options)
    except SystemExit as error:
        if not trainer.interrupted:
            raise
        raise KeyboardInterrupt(*getattr(error.__context__, "args", ())) from None
    finally:
        signal.signal(signal.SIGINT, interrupt)


@contextmanager
def terminating() -> Iterator[None]:
    """Turn SIGTERM into `KeyboardInterrupt("terminated")` for a while."""

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt("terminated")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
