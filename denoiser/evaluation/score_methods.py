"""Every method of an evaluation scored on the same pictures with the same noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denoiser.errors import DenoiserError, require
from denoiser.machine.files import write_text

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from denoiser.data.base import PairsDataModule
    from denoiser.evaluation.methods import Method
    from denoiser.evaluation.scoring import Scorer
    from denoiser.runs.results import Scores


def score_methods(cfg: DictConfig, folder: Path) -> dict[str, Any]:
    """Score every method; gives back what `results.json` gains."""
    from denoiser.data import from_config
    from denoiser.evaluation.batches import evaluation, loader
    from denoiser.evaluation.methods import methods, several
    from denoiser.evaluation.scoring import Scorer
    from denoiser.machine import hardware
    from denoiser.metrics.torchmetrics import named_metric
    from denoiser.runs import results

    device = hardware.device(cfg.device)
    extra = {str(name): named_metric(str(name)) for name in several(cfg.metrics)}
    data = from_config.evaluation_data(cfg)
    drawn = not data.real_pairs and data.protocol.noise.name != "none"
    require(drawn or cfg.draws == 1, "draws", cfg.draws, "not possible where no noise is drawn", "1")
    made = methods(cfg, data, device)
    pairs = evaluation(data, int(cfg.draws))
    leaked = _leaks(made, data, cfg.allow_leak)
    told = not data.real_pairs and data.protocol.noise.name == "gaussian"
    scorer = Scorer(pairs, loader(pairs, cfg.batch_size, cfg.num_workers), device, told, extra)
    scores: dict[str, Scores] = {}
    failed: list[DenoiserError] = []
    for method in made:
        try:
            scores[method.name] = scorer.score(method)
        except DenoiserError as error:
            failed.append(error)
            continue
        write_text(folder / "results.csv", results.per_image(data.names, pairs, scores))  # what is there is kept
    if not scores:
        raise failed[0]
    made = [method for method in made if method.name in scores]
    _draw(scorer, made, scores, folder)
    exact = [method.name for method in made if method.exact]  # their difference to others is the gain
    origin = data.origin(pairs)
    only = made[0] if len(made) == 1 else None
    return {
        "protocol": from_config.protocol_name(cfg),
        "device": hardware.describe(device),
        "params": only and only.params,
        "macs": only and only.macs,
        "rows": [{**row.to_json(), **origin} for row in results.summarise(data.names, pairs, scores)],
        "methods": [{**method.facts(), "leak": leaked[method.name]} for method in made],
        "error": "\n".join(map(str, failed)) or None,
        "comparisons": [
            row.to_json()
            for row in results.compare(
                data.names, pairs, {name: figures for name, figures in scores.items() if name not in exact}
            )
        ],
    }


def _leaks(made: Sequence[Method], data: PairsDataModule, allowed: bool) -> dict[str, list[str] | None]:
    """For each method the pictures that it was trained or selected on, None where that is not known.

    Raises:
        DenoiserError: there are some, and that is not allowed.
    """
    from denoiser.data import leaks

    found = {method.name: leaks.find(method.seen, data) if method.kind != "baseline" else [] for method in made}
    for method in made:
        keys = found[method.name]
        if keys and not allowed:
            of = f"{len(keys)} of the {len(data.split(data.evaluation_split))} pictures"
            shown = ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")
            raise DenoiserError(
                f"{method.name} was trained or selected on {of}: {shown} ({method.source})",
                "evaluate on other pictures, or allow_leak=true, which is stamped on the table",
            )
    return found


def _draw(scorer: Scorer, made: Sequence[Method], scores: Mapping[str, Scores], folder: Path) -> None:
    """Strips of some pictures with every method's output, the worst among them, see `strips`."""
    from denoiser.runs.results import Score
    from denoiser.runs.strips import write_strips

    drawn = {method.name: scorer.on_cpu(method) for method in made}
    plain = {
        name: {item: Score(*(one[key] for key in Score._fields)) for item, one in figures.items()}
        for name, figures in scores.items()
    }
    write_strips(drawn, scorer.pairs, plain, folder / "images", error=False)
