"""One training from configuration to results: fit, test with the best weights, write the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer, seed_everything
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf

from denoiser.data import from_config
from denoiser.data.base import PairsDataModule
from denoiser.data.batch import Batch
from denoiser.data.pairs import FrozenPairs
from denoiser.inference.evaluating import evaluating
from denoiser.machine import hardware
from denoiser.machine.files import sha256_of, write_text
from denoiser.machine.signals import run_stage
from denoiser.machine.stopping import stopping_later
from denoiser.machine.terminal import say
from denoiser.metrics.cost import macs, parameters
from denoiser.noise.levels import LEVEL_KEYS
from denoiser.runs import checkpoint
from denoiser.runs.folder import overrides
from denoiser.runs.names import hyperparameters
from denoiser.runs.results import Score, per_image, summarise
from denoiser.runs.row import noise_level
from denoiser.runs.strips import write_strips
from denoiser.training import assemble
from denoiser.training.checkpoints import LastCheckpoint
from denoiser.training.checks import check_call, check_parts, training_size
from denoiser.training.divergence import check_scores
from denoiser.training.module import Denoiser


def train_and_test(
    cfg: DictConfig, folder: Path, resume: bool, start: Callable[[Denoiser], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Train into a run folder and test; up to the first entries all is checked and nothing is written.

    Args:
        cfg: the composed configuration.
        folder: the run folder.
        resume: continue from its `last.ckpt`, if there is one.
        start: loads the weights that the training starts from.

    Yields:
        The entries that `results.json` gains after each stage.

    Raises:
        DenoiserError: the configuration asks for something impossible, or the training diverged.
        KeyboardInterrupt: interrupted or terminated.
    """
    seed_everything(cfg.seed, workers=True, verbose=False)
    data, module = from_config.training_data(cfg), assemble.module(cfg)
    if start is not None:
        start(module)
    last = folder / "checkpoints" / "last.ckpt"
    saved = last if resume and last.exists() else None
    trainer, options = _placed(cfg, folder, module, data, saved)
    where, cost = _place(trainer, options), _cost(module)
    method = {"method": cfg.model.name, "kind": "run", **_trained(module), **cost}
    yield {
        "protocol": from_config.protocol_name(cfg),
        **where,
        **cost,
        "train_data": data.name,
        "methods": [method],
        **_init(module),
    }
    _announce(trainer, cfg, data, where, folder)
    run_stage(trainer, _fit, trainer, module, data, saved)
    yield {"epochs": trainer.current_epoch, "steps": trainer.global_step, "train_images": len(data.split("train"))}
    best = Path(trainer.strategy.broadcast(str(last.with_name("best.ckpt"))))
    if best.exists():
        module.load_state_dict(checkpoint.read(best)["state_dict"])
    run_stage(trainer, trainer.test, module, data, verbose=False)
    check_scores(trainer, [score.psnr for score in module.scores.values()])
    if trainer.is_global_zero:
        rows, tested = write_results(cfg, module, data, folder), {**method, **_trained(module), **_file(best)}
        yield {"rows": rows, "methods": [tested], **_init(module)}  # before drawing and logging, which can fail
        _draw(cfg.model.name, module.eval(), data.frozen("test"), folder / "images")
        _log_final(trainer, hyperparameters(cfg, overrides(folder)), rows)


def _fit(trainer: Trainer, module: Denoiser, data: PairsDataModule, saved: Path | None) -> None:
    """Train; upon a signal up to the end of the batch, where `LastCheckpoint` saves."""

    def saves() -> bool:
        running = trainer.training or (trainer.validating and not trainer.sanity_checking)
        return running and any(isinstance(one, LastCheckpoint) for one in trainer.checkpoint_callbacks)

    with stopping_later(saves):
        trainer.fit(module, data, ckpt_path=saved)


def _check(trainer: Trainer, module: Denoiser, data: PairsDataModule) -> None:
    """Call the network once, then read the pictures, which can take minutes, in the first of several processes.

    A network for whole pictures is called when they are read, because they have the size.
    """
    if trainer.is_global_zero:
        check_parts(module, data)
        if data.patch_size is not None:
            check_call(module, module.objective, *training_size(data))
        data.prepare_data()
        data.setup("fit")
        module.check(data)


def write_results(cfg: DictConfig, module: Denoiser, data: PairsDataModule, folder: Path) -> list[dict[str, Any]]:
    """Write `results.csv`, and say which levels a limited test did not reach.

    Returns:
        The rows of the results table.

    Raises:
        DenoiserError: the file cannot be written (exit code 3).
    """
    pairs, tested = data.frozen("test"), data.test or data
    scores = {cfg.model.name: {item: score._asdict() for item, score in module.scores.items()}}
    write_text(folder / "results.csv", per_image(tested.names, pairs, scores))
    reached = {pairs.describe(item)[1] for item in module.scores}
    if missed := [f"{level:g}" for level in pairs.levels if level is not None and level not in reached]:
        say(f"not tested at {pairs.level_kind.words} {', '.join(missed)}: trainer.limit_test_batches")
    return [{**row.to_json(), **tested.origin(pairs)} for row in summarise(tested.names, pairs, scores)]


def _placed(
    cfg: DictConfig, folder: Path, module: Denoiser, data: PairsDataModule, saved: Path | None
) -> tuple[Trainer, dict[str, Any]]:
    """The trainer and its options; the network gets its memory format, and is compiled if that is wanted."""
    step = None if saved is None else checkpoint.read(saved)["global_step"]
    trainer, options = assemble.trainer(cfg, folder, step)
    memory_format = hardware.memory_format(options["memory_format"])
    _check(trainer, module, data)
    module.to(memory_format=memory_format)
    if options.get("compile"):  # runs of earlier versions lack it
        module.compile_training()
    return trainer, options


def _announce(trainer: Trainer, cfg: DictConfig, data: PairsDataModule, where: Mapping[str, str], folder: Path) -> None:
    """Say what is trained and where, and log the configuration."""
    if trainer.is_global_zero:
        what = f"{cfg.model.name} on {data.name}, {data.names['noise']}: {where['device']}, {where['precision']}"
        say(what, folder, "", sep="\n")
    _log_config(trainer, cfg)


def _place(trainer: Trainer, options: dict[str, Any]) -> dict[str, str]:
    """Where and how it is computed, for the record."""
    device = hardware.describe(trainer.strategy.root_device)
    return {"device": device, "precision": str(options["precision"]), "memory_format": options["memory_format"]}


def _cost(module: Denoiser) -> dict[str, int]:
    with evaluating(module):
        return {"params": parameters(module.network), "macs": macs(module.forward, module.channels, module.device)}


def _trained(module: Denoiser) -> dict[str, Any]:
    return {key: module.hparams[key] for key in ("trained_on", *(f"trained_{key}" for key in LEVEL_KEYS))}


def _init(module: Denoiser) -> dict[str, Any]:
    return {} if module.init is None else {"init": module.init}


def _file(path: Path) -> dict[str, str]:
    """Path and hash of the weights that were tested, if they were saved."""
    return {"source": str(path), "sha256": sha256_of(path)} if path.exists() else {}


def _draw(name: str, module: Denoiser, pairs: FrozenPairs, folder: Path) -> None:
    """Write strips of some test pictures, the worst among them, see `strips`."""

    def denoise(batch: Batch) -> torch.Tensor:
        with torch.inference_mode():
            return module.forward(batch.noisy.to(module.device)).float().cpu()

    write_strips({name: denoise}, pairs, {name: module.scores}, folder, error=True)


def _log_config(trainer: Trainer, cfg: DictConfig) -> None:
    """Log the configuration to TensorBoard before the training, so that an interrupted run has it too."""
    if isinstance(trainer.logger, TensorBoardLogger) and trainer.is_global_zero:
        resolved = OmegaConf.to_yaml(cfg, resolve=True)
        trainer.logger.experiment.add_text("config", f"```yaml\n{resolved}\n```")
        trainer.logger.experiment.flush()


def _log_final(trainer: Trainer, shown: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Log the hyperparameters to TensorBoard together with the test results."""
    if not isinstance(trainer.logger, TensorBoardLogger):
        return
    metrics: dict[str, float] = {}
    for row in rows:
        _, number = noise_level(row)
        level = "" if number is None else f"_{number:g}"
        metrics |= {f"test/{name}{level}": row[name] for name in Score._fields if row[name] is not None}
    trainer.logger.log_hyperparams(shown, metrics)
    trainer.logger.finalize("success")  # once more: Lightning's own call came before these were logged
