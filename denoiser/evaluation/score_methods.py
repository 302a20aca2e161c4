"""Scores of every method of an evaluation, on the same pictures with the same noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.errors import DenoiserError, check_whole, require
from denoiser.machine.files import write_text

if TYPE_CHECKING:
    import torch
    from omegaconf import DictConfig

    from denoiser.data.base import PairsDataModule
    from denoiser.evaluation.methods import Method
    from denoiser.evaluation.scoring import Scorer
    from denoiser.metrics.torchmetrics import ImageMetric
    from denoiser.runs.results import Scores


@dataclass(frozen=True)
class Evaluation:
    """What is scored.

    Attributes:
        data: the pictures and the noise.
        methods: the denoisers, in the order of the tables.
        leaks: for each method the pictures that it was trained or selected on; None where that is not recorded.
        scorer: scores a method on all pairs.
    """

    data: PairsDataModule
    methods: Sequence[Method]
    leaks: Mapping[str, Sequence[str] | None]
    scorer: Scorer


def score_methods(evaluation: Evaluation, folder: Path) -> dict[str, Any]:
    """Score every method, and write `results.csv` and the strips of `images/` into a folder.

    `results.csv` is written after each method, so that an interruption keeps the scores of those before. A method whose
    output is not finite is left out, as long as there are others.

    Args:
        evaluation: what is scored, see `prepare`.
        folder: the evaluation's folder.

    Returns:
        The entries that `results.json` gains; `error` holds the errors of methods that were left out.

    Raises:
        DenoiserError: no method has scores (exit code 1).
    """
    scores, errors = score(evaluation, folder / "results.csv")
    _write_strips(evaluation, scores, folder / "images")
    return describe(evaluation, scores, errors)


def prepare(cfg: DictConfig) -> Evaluation:
    """Load the pictures and the methods that a configuration names, and check them before anything is scored.

    Raises:
        DenoiserError: a key or a method is not possible; or pictures were trained or selected on, and `allow_leak` is
            not set.
    """
    from denoiser.data import from_config
    from denoiser.evaluation.methods import as_list, methods
    from denoiser.machine import hardware

    device = hardware.device(cfg.device)
    data = from_config.evaluation_data(cfg)
    settings = ScoringOptions(
        draws=int(cfg.draws),
        metrics=[str(name) for name in as_list(cfg.metrics)],
        batch_size=cfg.batch_size,
        num_workers=cfg.num_workers,
        allow_leak=cfg.allow_leak,
    )
    return assemble(data, lambda: methods(cfg, data, device), device, settings)


@dataclass(frozen=True)
class ScoringOptions:
    """How methods are scored.

    Attributes:
        draws: number of draws of noise for each picture and level.
        metrics: names of further metrics, or one, see `metrics.torchmetrics`.
        batch_size: largest number of pictures of one size in a batch; None for up to 2^18 pixels.
        num_workers: number of processes that decode pictures and draw noise; 0 for none.
        allow_leak: whether pictures that a method was trained or selected on are allowed.
    """

    draws: int = 1
    metrics: str | Sequence[str] = ()
    batch_size: int | None = None
    num_workers: int = 0
    allow_leak: bool = False

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            DenoiserError: one is no whole number, or too small.
        """
        check_whole("draws", self.draws, 1, example=10)
        check_whole("num_workers", self.num_workers, 0)
        if self.batch_size is not None:
            check_whole("batch_size", self.batch_size, 1)


def assemble(
    data: PairsDataModule, load: Callable[[], Sequence[Method]], device: torch.device, settings: ScoringOptions
) -> Evaluation:
    """An evaluation of methods on data.

    Args:
        data: the pictures and the noise.
        load: loads the methods.
        device: device of the methods and the metrics.
        settings: how they are scored.

    Raises:
        DenoiserError: see `prepare`.
    """
    from denoiser.evaluation.batches import loader, scored_pairs
    from denoiser.evaluation.scoring import Scorer

    metrics = _metrics(settings.metrics)
    noise, draws = data.protocol.noise, settings.draws
    drawn = not data.real_pairs and noise.name != "none"
    require(drawn or draws == 1, "draws", draws, "not possible where no noise is drawn", "1")
    loaded = load()
    pairs = scored_pairs(data, draws)
    leaks = _leaks(loaded, data, settings.allow_leak)
    gaussian = not data.real_pairs and noise.name == "gaussian"
    batches = loader(pairs, settings.batch_size, settings.num_workers)
    return Evaluation(data, loaded, leaks, Scorer(pairs, batches, device, gaussian, metrics))


def _metrics(names: str | Sequence[str]) -> dict[str, ImageMetric]:
    """The metrics by the names of their columns: of a dotted path the last part.

    Raises:
        DenoiserError: one is not possible, or its column is taken.
    """
    from denoiser.metrics.torchmetrics import named_metric
    from denoiser.runs.columns import COLUMNS

    taken, metrics = {column.key for column in COLUMNS}, {}
    for name in [names] if isinstance(names, str) else names:
        metric, column = named_metric(name), name.rpartition(".")[2]
        require(column not in taken, "metrics", name, "of a name that has a column already", "another name")
        taken.add(column)
        metrics[column] = metric
    return metrics


def _leaks(methods: Sequence[Method], data: PairsDataModule, allowed: bool) -> dict[str, list[str] | None]:
    """For each method the pictures that it was trained or selected on; None where that is not recorded.

    Raises:
        DenoiserError: there are some, and that is not allowed.
    """
    from denoiser.data import leaks

    keys = {method.name: leaks.find(method.seen, data) if method.kind != "baseline" else [] for method in methods}
    for method in methods:
        leaked = keys[method.name]
        if leaked and not allowed:
            count = f"{len(leaked)} of the {len(data.split(data.evaluation_split))} pictures"
            shown = ", ".join(leaked[:5]) + (", ..." if len(leaked) > 5 else "")
            raise DenoiserError(
                f"{method.name} was trained or selected on {count}: {shown} ({method.source or 'methods'})",
                "evaluate on other pictures, or allow_leak=true, which marks the table",
            )
    return keys


def score(evaluation: Evaluation, file: Path | None = None) -> tuple[dict[str, Scores], list[DenoiserError]]:
    """The scores by method, and the errors of the methods without; the scores so far are always in the file.

    Raises:
        DenoiserError: no method has scores.
    """
    from denoiser.runs import results

    scores: dict[str, Scores] = {}
    errors: list[DenoiserError] = []
    for method in evaluation.methods:
        try:
            scores[method.name] = evaluation.scorer.score(method)
        except DenoiserError as error:
            errors.append(error)
        else:
            if file is not None:
                write_text(file, results.per_image(evaluation.data.names, evaluation.scorer.pairs, scores))
    if not scores:
        raise errors[0]
    return scores, errors


def _write_strips(evaluation: Evaluation, scores: Mapping[str, Scores], folder: Path) -> None:
    """Strips of some pictures with every method's output, see `runs.strips`."""
    from denoiser.runs.results import Score
    from denoiser.runs.strips import write_strips

    scorer = evaluation.scorer
    drawn = {method.name: scorer.on_cpu(method) for method in evaluation.methods if method.name in scores}
    usual = {
        name: {item: Score(*(figures[key] for key in Score._fields)) for item, figures in items.items()}
        for name, items in scores.items()
    }
    write_strips(drawn, scorer.pairs, usual, folder, error=False)


def describe(evaluation: Evaluation, scores: Mapping[str, Scores], errors: Sequence[DenoiserError]) -> dict[str, Any]:
    """The entries of `results.json`."""
    from denoiser.machine import hardware
    from denoiser.runs import results

    data, pairs = evaluation.data, evaluation.scorer.pairs
    scored = [method for method in evaluation.methods if method.name in scores]
    compared = {method.name: scores[method.name] for method in scored if not method.exact}  # the input is a column
    single = scored[0] if len(scored) == 1 else None
    rows = results.summarise(data.names, pairs, scores)
    differences = results.compare(data.names, pairs, compared)
    return {
        "protocol": "clipped" if data.protocol.clip else "published",
        "device": hardware.describe(evaluation.scorer.device),
        "params": single and single.params,
        "macs": single and single.macs,
        "rows": [{**row.to_json(), **data.origin(pairs)} for row in rows],
        "methods": [{**method.facts(), "leak": evaluation.leaks[method.name]} for method in scored],
        "error": "\n".join(map(str, errors)) or None,
        "comparisons": [difference.to_json() for difference in differences],
    }
