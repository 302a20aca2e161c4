"""Scores of denoisers from Python: `denoiser.score(["noisy", "photo"], "photos", sigma=[15, 25])`."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from denoiser.data import from_config
from denoiser.data.base import PairsDataModule
from denoiser.data.protocol import Protocol, check_noise
from denoiser.errors import ENVIRONMENT, DenoiserError, check_whole, nearest
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
from denoiser.weights import shipped
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
    methods: Scored | Sequence[Scored] | Mapping[str, Scored],
    data: str | os.PathLike[str] | PairsDataModule,
    sigma: float | Sequence[float] | None = None,
    *,
    shot: float | str | Sequence[float | str] | None = None,
    noise: Noise | None = None,
    clip: bool | None = None,
    seed: int | None = None,
    channels: int | None = None,
    device: str = "auto",
    split: str | None = None,
    **options: Any,
) -> ScoreTable:
    """Score denoisers on the same noisy pictures, with the numbers that `denoiser evaluate` writes.

    Args:
        methods: one or several, or a dictionary of them by the names of their rows. The name of a classical denoiser
            (`noisy`, `nlm`, ...), of shipped weights (`photo`, ...), or the path of a run folder, a checkpoint, an
            export or published weights; an `nn.Module`, put on the device and scored in evaluation mode; or a function.
            Modules and functions map noisy float `(B, C, H, W)`, nominally in [0, 1], to the same shape.
        data: the name of a dataset, the path of a folder, or a dataset of `denoiser.data`.
        sigma: noise level or levels in grey levels of 255; None for that of the noise.
        shot: the same for `noise.Camera`, whose levels are variances.
        noise: the noise; None for Gaussian noise, and for that of a dataset object.
        clip: whether the noisy pictures are clamped and rounded to 8 bits; None for as the noise is.
        seed: seed of the noise; None for 0, and for that of a dataset object.
        channels: 3 or 1, where the data has both; None for those of the first method that has only one of them.
        device: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        split: `train`, `val`, `test` (as `Trainer.test`) or `all`; None for `all` of a folder, else for `test`.
        **options: `draws`, `metrics`, `batch_size`, `num_workers` and `allow_leak`, see `ScoringOptions`.

    Raises:
        DenoiserError: a method, the data or a level is missing or not possible; pictures were trained on; or an output
            is not finite, or of another shape.
        TypeError: a method, the data or the noise is none.

    >>> table = score(["noisy", "wavelet"], "photos", sigma=25)
    >>> [row["method"] for row in table.rows], table.rows[1]["psnr"] > table.rows[0]["psnr"]
    (['noisy', 'wavelet'], True)
    """
    wanted = _wanted(methods)
    target, scoring = hardware.device(device), ScoringOptions(**options)
    with evaluating(*(method for _, method in wanted if isinstance(method, nn.Module))):
        loaded = [_method(method, target, name) for name, method in wanted]
        dataset, levels = _data(data, channels, loaded), {"sigma": sigma, "shot": shot}
        pictures = _split(dataset, split)
        pictures.protocol = _protocol(dataset.protocol, pictures.real_pairs, noise, levels, clip, seed)
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


def _wanted(methods: Any) -> list[tuple[str | None, Any]]:
    """The methods, each with the name that it is given."""
    if isinstance(methods, Mapping):
        wanted: list[tuple[str | None, Any]] = [(str(name), method) for name, method in methods.items()]
    elif isinstance(methods, str | os.PathLike) or not isinstance(methods, Sequence):
        wanted = [(None, methods)]
    else:
        wanted = [(None, method) for method in methods]
    if not wanted:
        raise DenoiserError("nothing to score (methods)", 'score(["noisy", "photo"], ...)')
    return wanted


def _method(method: Any, device: torch.device, name: str | None) -> Method:
    made = _made(method, device)
    return made if name is None else replace(made, name=name)


def _made(method: Any, device: torch.device) -> Method:
    if isinstance(method, str | os.PathLike):
        if method in BASELINES:
            return of_baseline(str(method))
        _check_name(method)
        return of_opened(opened(method), os.fspath(method), device)
    if isinstance(method, Denoiser | Published):
        return of_model(method, device)
    if isinstance(method, nn.Module):
        return of_model(Denoiser(method), device)
    if not callable(method):
        raise TypeError(f"no denoiser, but {type(method).__name__}: a name, a path, an nn.Module or a function")
    name = getattr(method, "__name__", type(method).__name__)
    return Method(name, "function", lambda noisy, sigma: method(noisy), "a function")


def _check_name(method: str | os.PathLike[str]) -> None:
    """Refuse a name, which is no path, of nothing."""
    path, names = Path(method), (*BASELINES, *shipped.NAMES)
    bare = path.name == method and not path.suffix
    if bare and method not in names and not path.expanduser().exists():
        what = f"no method '{method}' (methods)"
        raise DenoiserError(what, f"{nearest(str(method), names) or 'noisy'}, of {', '.join(names)}, or a path")


def _data(data: Any, channels: int | None, methods: Sequence[Method]) -> PairsDataModule:
    """The dataset, which is not changed; of a name in these channels, or in those of the methods."""
    if isinstance(data, PairsDataModule):
        if channels not in (None, data.channels):
            what = f"the dataset has {data.channels} channel(s), not {channels} (channels)"
            raise DenoiserError(what, f"{type(data).__name__}(..., channels={channels})")
        dataset = copy.copy(data)
    elif isinstance(data, str | os.PathLike):
        theirs = (method.channels for method in methods if method.channels)
        dataset = from_config.named(data, channels or next(theirs, None))
    else:
        raise TypeError(f"no dataset, but {type(data).__name__}: a name, a folder or a dataset of denoiser.data")
    dataset.prepare_data()
    return dataset


def _split(dataset: PairsDataModule, split: str | None) -> PairsDataModule:
    """A copy of the dataset, or of the one that it is tested on, whose evaluation uses the split."""
    tested = copy.copy(dataset if split in ("train", "val") else dataset.test or dataset)
    if split not in (None, "train", "val", "test", tested.evaluation_split):
        kinds = dict.fromkeys(("train", "val", "test", tested.evaluation_split))
        near = nearest(str(split), kinds) or "test"
        raise DenoiserError(f"no split '{split}' of {tested.label} (split)", f"split={near}, of {', '.join(kinds)}")
    tested.evaluation_split = split or tested.evaluation_split
    tested.name = tested.folder_name or tested.name
    return tested


def _protocol(
    usual: Protocol, real: bool, noise: Noise | None, levels: dict[str, Any], clip: bool | None, seed: int | None
) -> Protocol:
    """How the pictures become noisy: as usual, but for what is given; `real` pairs are noisy."""
    check_noise(noise)
    noise = Noise() if real else noise or usual.noise
    same = noise is usual.noise and all(level is None for level in levels.values())
    stored = real or noise.stored
    return Protocol(
        noise,
        usual.seed if seed is None else check_whole("seed", seed, 0),
        usual.levels if same else from_config.test_levels(levels, noise),
        (usual.clip if same else noise.clip) or stored if clip is None else clip,
    )
