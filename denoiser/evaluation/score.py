"""Scores of denoisers from Python: `denoiser.score(["noisy", "photo"], "photos", sigma=[15, 25])`."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from denoiser.data import from_config
from denoiser.data.base import PairsDataModule
from denoiser.data.protocol import Protocol
from denoiser.errors import ENVIRONMENT, DenoiserError
from denoiser.evaluation import score_methods
from denoiser.evaluation.baseline import BASELINES
from denoiser.evaluation.methods import Method, checked, of_baseline, of_model, of_opened
from denoiser.evaluation.score_methods import ScoringOptions
from denoiser.inference.evaluating import evaluating
from denoiser.machine import hardware
from denoiser.noise.base import Noise
from denoiser.reports.tables import render
from denoiser.runs import reading, results
from denoiser.training.module import Denoiser
from denoiser.weights.load import opened
from denoiser.weights.published import Published

Scored: TypeAlias = "str | os.PathLike[str] | nn.Module | Callable[[Tensor], Tensor]"
"""What can be scored: see `score`."""


@dataclass(frozen=True)
class ScoreTable:
    """Scores of methods on the same noisy pictures.

    Attributes:
        run: the table as reports take it: rows, facts of the methods, paired differences.
        per_image: a dictionary for each method, picture and noise level.
    """

    run: reading.Run
    per_image: tuple[dict[str, Any], ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """A dictionary for each method and noise level: means over pictures with 95 % intervals, as in results.json."""
        return [row.to_json() for row in self.run.rows]

    def __str__(self) -> str:
        """The table as a terminal shows it."""
        return render.text(self.run)

    def markdown(self) -> str:
        """The table in Markdown, with its notes."""
        return render.markdown(self.run)

    def latex(self) -> str:
        """The table in LaTeX (booktabs)."""
        return render.latex(self.run)

    def to_pandas(self) -> Any:
        """The rows as a `pandas.DataFrame`.

        Raises:
            DenoiserError: pandas is not installed (exit code 3).
        """
        try:
            import pandas  # type: ignore[import-untyped]
        except ImportError as error:
            raise DenoiserError("pandas is not installed (to_pandas)", "pip install pandas", ENVIRONMENT) from error
        return pandas.DataFrame(self.rows)


def score(
    methods: Scored | Sequence[Scored],
    data: str | os.PathLike[str] | PairsDataModule,
    sigma: float | Sequence[float] | None = None,
    *,
    shot: float | str | Sequence[float | str] | None = None,
    noise: Noise | None = None,
    clip: bool | None = None,
    seed: int | None = None,
    channels: int | None = None,
    device: str = "auto",
    **options: Any,
) -> ScoreTable:
    """Score denoisers on the same noisy pictures, with the numbers that `denoiser evaluate` writes.

    Args:
        methods: one or several. The name of a classical denoiser (`noisy`, `nlm`, ...), of shipped weights (`photo`,
            ...), or the path of a run folder, a checkpoint, an export or published weights; a `Denoiser` or another
            `nn.Module`; or a function. Modules and functions map noisy `(B, C, H, W)`, nominally in [0, 1], to the same
            shape. Modules are put on the device and scored in evaluation mode.
        data: the name of a dataset, the path of a folder, or a dataset of `denoiser.data`.
        sigma: noise level or levels in grey levels of 255; None for that of the noise.
        shot: the same for `noise.Camera`, whose levels are variances.
        noise: the noise; None for Gaussian noise, and for that of a dataset object.
        clip: whether the noisy pictures are clamped and rounded to 8 bits; None for as the noise is.
        seed: seed of the noise; None for 0, and for that of a dataset object.
        channels: 3 or 1, where the data has both; None for those of the first method that has only one of them.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        **options: `draws`, `metrics`, `batch_size`, `num_workers` and `allow_leak`, see `ScoringOptions`.

    Raises:
        DenoiserError: a method, the data or a level is missing or not possible; pictures were trained on; or the output
            of a method is not finite.

    >>> table = score(["noisy", "wavelet"], "photos", sigma=25)
    >>> [row["method"] for row in table.rows], table.rows[1]["psnr"] > table.rows[0]["psnr"]
    (['noisy', 'wavelet'], True)
    """
    single = isinstance(methods, str | os.PathLike) or not isinstance(methods, Sequence)
    wanted: list[Any] = [methods] if single else list(methods)  # type: ignore[arg-type]
    if not wanted:
        raise DenoiserError("nothing to score (methods)", 'score(["noisy", "photo"], ...)')
    target, scoring = hardware.device(device), ScoringOptions(**options)
    with evaluating(*(method for method in wanted if isinstance(method, nn.Module))):
        loaded = [_method(method, target) for method in wanted]
        channels = channels or next((method.channels for method in loaded if method.channels), None)
        pictures = _data(data, noise, {"sigma": sigma, "shot": shot}, clip, seed, channels)
        return _table(score_methods.assemble(pictures, lambda: checked(loaded, pictures), target, scoring), scoring)


def _table(evaluation: score_methods.Evaluation, options: ScoringOptions) -> ScoreTable:
    scores, errors = score_methods.score(evaluation)
    if errors:
        raise errors[0]
    data = evaluation.data
    content = score_methods.describe(evaluation, scores, errors)
    content |= {"kind": "evaluation", "status": "ok", "seed": data.protocol.seed, "draws": options.draws}
    per_image = results.image_rows(data.names, evaluation.scorer.pairs, scores)
    return ScoreTable(reading.from_results(content), tuple(per_image))


def _method(method: Any, device: torch.device) -> Method:
    if isinstance(method, str | os.PathLike):
        if method in BASELINES:
            return of_baseline(str(method))
        return of_opened(opened(method), os.fspath(method), device)
    if isinstance(method, Denoiser | Published):
        return of_model(method, device)
    if isinstance(method, nn.Module):
        return of_model(Denoiser(method), device)
    if not callable(method):
        raise TypeError(f"no denoiser, but {type(method).__name__}: a name, a path, an nn.Module or a function")
    name = getattr(method, "__name__", type(method).__name__)
    return Method(name, "function", lambda noisy, sigma: method(noisy), "a function")


def _data(
    data: Any, noise: Noise | None, levels: dict[str, Any], clip: bool | None, seed: int | None, channels: int | None
) -> PairsDataModule:
    """The dataset with this noise."""
    given = isinstance(data, PairsDataModule)
    dataset = copy.copy(data) if given else from_config.named(data, channels)
    dataset.prepare_data()
    tested: PairsDataModule = dataset.test or dataset
    usual = dataset.protocol
    noise = Noise() if tested.real_pairs else noise or usual.noise
    same = noise is usual.noise and all(level is None for level in levels.values())
    stored = tested.real_pairs or noise.stored
    tested = copy.copy(tested)
    tested.protocol = Protocol(
        noise,
        usual.seed if seed is None else seed,
        usual.levels if same else from_config.test_levels(levels, noise),
        (usual.clip if same else noise.clip) or stored if clip is None else clip,
    )
    return tested
