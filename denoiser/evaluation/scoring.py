"""The scores of methods on the same noisy pictures, image by image."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader

from denoiser.data.batch import Batch
from denoiser.data.pairs import FrozenPairs
from denoiser.errors import SOME_FAILED, DenoiserError
from denoiser.evaluation.methods import Method
from denoiser.machine.terminal import printable
from denoiser.metrics.psnr_ssim import psnr, psnr_y, ssim
from denoiser.noise.base import to_8_bit
from denoiser.noise.estimate import estimate_sigma
from denoiser.runs.results import SPEED, Figures, Scores, mean
from denoiser.training.batches import warn_of_white


class Scorer:
    """Scores one method after another on the same pairs.

    Args:
        pairs: the pairs.
        loader: batches of all pairs.
        device: device of the networks and the metrics.
        gaussian: whether the noise is additive white Gaussian, whose level methods then get; any other noise's level is
            estimated from each picture.
        metrics: further metrics by name: functions of `(B, C, H, W)` and its reference that return `(B,)`.
    """

    def __init__(
        self,
        pairs: FrozenPairs,
        loader: DataLoader[Batch],
        device: torch.device,
        gaussian: bool,
        metrics: Mapping[str, Callable[[Tensor, Tensor], Tensor]],
    ) -> None:
        self.pairs, self.loader, self.device = pairs, loader, device
        self.gaussian, self.metrics = gaussian, metrics
        self.inputs: dict[int, Figures] = {}

    def score(self, method: Method) -> Scores:
        """The figures of each picture at each noise level, means over the draws of noise.

        Raises:
            DenoiserError: an output is not finite, or of another shape.
        """
        figures: dict[int, Figures] = {}
        console = Console(stderr=True)
        label = escape(printable(method.name))  # a file's name may hold what rich or the terminal obeys
        batches = track(self.loader, label, console=console, transient=True, disable=not console.is_terminal)
        for batch in batches:
            figures |= zip(batch.item.tolist(), self._figures(method, batch), strict=True)
        return _over_draws(figures, self.pairs)

    def denoise(self, method: Method, batch: Batch) -> Tensor:
        """A method's output for a batch, `(B, C, H, W)` on the evaluation's device."""
        with torch.inference_mode():
            return method.denoise(batch.noisy.to(self.device), self._levels(method, batch).to(self.device))

    def on_cpu(self, method: Method) -> Callable[[Batch], Tensor]:
        """The method as a function of a batch, its output on the CPU."""
        return lambda batch: self.denoise(method, batch).float().cpu()

    def _figures(self, method: Method, batch: Batch) -> list[Figures]:
        self._score_inputs(batch)
        seconds, denoised = self._timed(method, batch)
        _check_output(method, denoised, batch)
        if not torch.isfinite(denoised).all():
            finite = torch.isfinite(denoised).flatten(1).all(1).tolist()
            key, level = self.pairs.describe(int(batch.item[finite.index(False)]))
            picture = key if level is None else f"{key}, {self.pairs.level_kind.text(level)}"
            what = f"the output of {method.name} is not finite ({picture})"
            raise DenoiserError(what, f"leave out {method.name}; the others are scored", SOME_FAILED)
        clean = batch.clean.to(self.device)
        output = denoised if method.exact else to_8_bit(denoised)
        columns = {"psnr": psnr(output, clean), "ssim": ssim(output, clean)}
        if clean.shape[1] == 3:
            columns["psnr_y"] = psnr_y(output, clean)
        columns |= {name: metric(output, clean) for name, metric in self.metrics.items()}
        speed = {SPEED: seconds / (clean[:, 0].numel() / 1e6)}
        inputs = (self.inputs[item] for item in batch.item.tolist())
        return [{**figures, **noisy, **speed} for figures, noisy in zip(_rows(columns), inputs, strict=True)]

    def _timed(self, method: Method, batch: Batch) -> tuple[float, Tensor]:
        start = time.perf_counter()
        denoised = self.denoise(method, batch)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter() - start, denoised

    def _score_inputs(self, batch: Batch) -> None:
        """Score the noisy pictures themselves, once for all methods."""
        if int(batch.item[0]) in self.inputs:
            return
        if not self.inputs:
            warn_of_white(batch.clean)
        columns = {"psnr_noisy": psnr(batch.noisy, batch.clean), "ssim_noisy": ssim(batch.noisy, batch.clean)}
        if batch.clean.shape[1] == 3:
            columns["psnr_y_noisy"] = psnr_y(batch.noisy, batch.clean)
        if not self.gaussian:
            columns["sigma_estimated"] = torch.tensor([estimate_sigma(image) for image in batch.noisy])
        self.inputs |= zip(batch.item.tolist(), _rows(columns), strict=True)

    def _levels(self, method: Method, batch: Batch) -> Tensor:
        """The noise levels that a method gets: those of Gaussian noise, else the estimate for each picture."""
        if self.gaussian or not method.takes_sigma:
            return batch.level
        return torch.tensor([self.inputs[item]["sigma_estimated"] for item in batch.item.tolist()])


def _check_output(method: Method, denoised: Any, batch: Batch) -> None:
    """Refuse what is no denoised batch."""
    shape = tuple(batch.noisy.shape)
    tensor = isinstance(denoised, Tensor)
    if not tensor or denoised.shape != shape or not denoised.is_floating_point():
        words = f"{str(denoised.dtype).removeprefix('torch.')} {tuple(denoised.shape)}" if tensor else None
        what = f"{method.name} makes {words or type(denoised).__name__} of float32 {shape} (methods)"
        raise DenoiserError(what, "a method from float pictures (B, C, H, W) to the same shape", SOME_FAILED)


def _rows(columns: Mapping[str, Tensor]) -> list[Figures]:
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _over_draws(figures: Mapping[int, Figures], pairs: FrozenPairs) -> Scores:
    """Means over the draws of noise, by the items of the first draw; infinite only where all draws are."""
    count = len(pairs) // pairs.draws
    drawn = {item: [figures[item + count * draw] for draw in range(pairs.draws)] for item in range(count)}
    return {item: {name: _mean([draw[name] for draw in draws]) for name in draws[0]} for item, draws in drawn.items()}


def _mean(values: Sequence[float]) -> float:
    if any(map(math.isnan, values)):
        return math.nan
    finite_mean = mean(values)
    return math.inf if finite_mean is None else finite_mean
