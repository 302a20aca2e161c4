"""Results of several seeds as one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from denoiser.runs.parse import Range, finite
from denoiser.runs.row import Row


@dataclass(frozen=True)
class SeedMean:
    """A result, or the mean of the same result over several seeds.

    Attributes:
        row: the figures; means over seeds have no interval over images.
        gain: PSNR of the output minus that of the input in dB.
        sd: standard deviations (n - 1) over seeds, by figure; none for one seed.
        seeds: number of seeds that the PSNR is a mean over.
        overrides: overrides that the runs have and others do not.
        trained_levels: lowest and highest noise level of the training, where it is the same for all seeds.
    """

    row: Row
    gain: float | None = None
    sd: Mapping[str, float] = field(default_factory=dict)
    seeds: int = 1
    overrides: tuple[str, ...] = ()
    trained_levels: Range | None = None


def over_seeds(
    rows: Sequence[Row], trained_levels: Sequence[Range | None], overrides: tuple[str, ...] = ()
) -> SeedMean:
    """The mean of the same result over seeds.

    Args:
        rows: a row for each seed.
        trained_levels: the training range of each row's model, of the kind of the row's level.
        overrides: overrides that these runs have and others do not.
    """
    keys = dict.fromkeys(key for row in rows for key in row.figures)
    values = {key: finite(*(row.figures.get(key) for row in rows)) for key in keys}
    gains = finite(*(row.gain for row in rows))
    means = {key: statistics.fmean(several) if several else None for key, several in values.items()}
    first = replace(rows[0], figures=means)
    return SeedMean(
        row=first if len(rows) == 1 else replace(first, intervals={}),
        gain=statistics.fmean(gains) if gains else None,
        sd={key: statistics.stdev(several) for key, several in values.items() if len(several) > 1},
        seeds=len(values.get("psnr", [])),
        overrides=overrides,
        trained_levels=trained_levels[0] if len(set(trained_levels)) == 1 else None,
    )
