"""One training from configuration to results: fit, test with the best weights, write what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from denoiser.data import from_config
from denoiser.data.base import PairsDataModule
from denoiser.data.pairs import Batch, FrozenPairs
from denoiser.machine import hardware
from denoiser.machine.files import sha256_of, write_text
from denoiser.machine.signals import run_stage
from denoiser.metrics.cost import macs, parameters
from denoiser.runs import checkpoint
from denoiser.runs.results import Score, per_image, summarise
from denoiser.runs.strips import write_strips
from denoiser.training import assemble
from denoiser.training.module import Denoiser


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
    data, module = from_config.training_data(cfg), assemble.module(cfg)
    trainer, chosen = assemble.trainer(cfg, folder)
    module.to(memory_format=hardware.memory_format(chosen["memory_format"]))
    cost = _cost(module)
    method = {"method": cfg.model.name, "kind": "run", **_learned(module), **cost}
    yield {
        "protocol": from_config.protocol_name(cfg),
        "device": hardware.describe(trainer.strategy.root_device),
        "precision": str(chosen["precision"]),
        "memory_format": chosen["memory_format"],
        **cost,
        "train_data": data.name,
        "methods": [method],
    }
    if trainer.is_global_zero:
        device, precision = hardware.describe(trainer.strategy.root_device), chosen["precision"]
        print(f"{cfg.model.name} on {data.name}, {_noise(data, data)}: {device}, {precision}", folder, "", sep="\n")
    _log_config(trainer, cfg)
    last = folder / "checkpoints" / "last.ckpt"
    run_stage(trainer, trainer.fit, module, data, ckpt_path=last if resume and last.exists() else None)
    yield {"epochs": trainer.current_epoch, "steps": trainer.global_step, "train_images": len(data.split("train"))}
    best = Path(trainer.strategy.broadcast(str(folder / "checkpoints" / "best.ckpt")))
    if best.exists():
        module.load_state_dict(checkpoint.read(best)["state_dict"])
    run_stage(trainer, trainer.test, module, data, verbose=False)
    if trainer.is_global_zero:
        rows = write_results(cfg, module, data, folder)
        yield {"rows": rows, "methods": [{**method, **_file(best)}]}  # before what only shows them, which may fail
        _draw(cfg.model.name, module, data.frozen("test"), folder / "images")
        _log_final(trainer, cfg, rows)


def _cost(module: Denoiser) -> dict[str, int]:
    training, channels = module.training, module.hparams["channels"]
    figures = {"params": parameters(module.network), "macs": macs(module.eval().forward, channels, module.device)}
    module.train(training)
    return figures


def _file(path: Path) -> dict[str, str]:
    """What tells the weights that were tested, if they reached the disk."""
    return {"source": str(path), "sha256": sha256_of(path)} if path.exists() else {}


def _learned(module: Denoiser) -> dict[str, Any]:
    return {key: module.hparams[key] for key in ("trained_on", "trained_sigma")}


def write_results(cfg: DictConfig, module: Denoiser, data: PairsDataModule, folder: Path) -> list[dict[str, Any]]:
    """`results.csv`; gives back the table's rows.

    Raises:
        DenoiserError: the folder or disk does not take the file (exit code 3).
    """
    pairs, tested = data.frozen("test"), data.test or data
    columns = {"data": tested.name, "noise": _noise(data, tested)}
    scores = {cfg.model.name: {item: score._asdict() for item, score in module.scores.items()}}
    write_text(folder / "results.csv", per_image(columns, pairs, scores))
    where = {"channels": tested.channels, "place": tested.folder_name, "values": pairs.values}
    return [{**row, **where} for row in summarise(columns, pairs, scores)]


def _draw(name: str, module: Denoiser, pairs: FrozenPairs, folder: Path) -> None:
    """Strips of some test pictures, the worst among them, see `strips`."""

    def denoise(batch: Batch) -> torch.Tensor:
        with torch.inference_mode():
            denoised: torch.Tensor = module.forward(batch.noisy.to(module.device))
        return denoised.float().cpu()

    write_strips({name: denoise}, pairs, {name: module.scores}, folder, error=True)


def _noise(data: PairsDataModule, seen: PairsDataModule) -> str:
    """The noise of `seen` in tables: its own where its pairs are real, else what `data` says is added."""
    return "real" if seen.real_pairs else str(data.protocol.noise)


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
