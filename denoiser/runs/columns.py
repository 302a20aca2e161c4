"""The columns of the result tables: heads, meanings, units, formats, and the tables that show each (`shown`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Output = Literal["run", "text", "markdown", "latex", "html", "images", "summary", "comparison"]
"""The tables: `run`, the terminal's after a training; `text`, `markdown` and `latex`, an evaluation's in the terminal,
`table.md` and `table.tex`; `html`, the results of a page, and `images`, its scores of every image; `summary`, a sweep's
`summary.csv`; `comparison`, the cells of a comparison. `results.json` and `results.csv` hold every figure."""
Style = Literal["words", "general", "count", "fixed", "gain", "short", "speed"]
"""How a value is written: `fixed` with `decimals`, `gain` with a sign too, `general` without trailing zeros, `short`
as 0.56 M, `speed` in two significant digits."""

FILES: frozenset[Output] = frozenset(("markdown", "latex"))
PAGES: frozenset[Output] = frozenset(("html", "images"))
EVALUATION: frozenset[Output] = frozenset(("text", *FILES))
TABLES = EVALUATION | PAGES
EVERY: frozenset[Output] = TABLES | {"run", "summary"}


@dataclass(frozen=True)
class Column:
    """A column of the result tables.

    Attributes:
        key: name of the figure in results.json and results.csv.
        head: head of the column.
        meaning: one sentence; pages show it when the mouse rests on the head.
        unit: unit of the values.
        style: how values are written.
        decimals: digits after the point.
        page_decimals: the same for pages and the table after a training, where it differs.
        shown: the tables that have the column.
        interval: the tables that show its 95 % interval over images; where there are any, it is computed.
        always: whether the column is there even if no row has a value.
    """

    key: str
    head: str
    meaning: str
    unit: str = ""
    style: Style = "fixed"
    decimals: int = 4
    page_decimals: int | None = None
    shown: frozenset[Output] = TABLES
    interval: frozenset[Output] = frozenset()
    always: bool = False

    @property
    def words(self) -> bool:
        """Whether the values are words, not figures."""
        return self.style == "words"


COLUMNS = (
    Column("method", "Method", "The denoiser.", style="words", shown=EVERY, always=True),
    Column("data", "Data", "The test images.", style="words", shown=EVERY, always=True),
    Column("noise", "Noise", "The noise of the input.", style="words", shown=EVERY, always=True),
    Column("sigma", "Sigma", "Noise level in grey levels of 255.", style="general", shown=EVERY, always=True),
    Column("shot", "Shot noise", "Noise level, a variance per light, where white is 1.", style="general", shown=EVERY),
    Column("n_images", "Images", "Number of test images.", style="count", shown=EVERY - {"images"}, always=True),
    Column("psnr_noisy", "PSNR noisy", "PSNR of the input.", "dB", decimals=2, shown=PAGES | {"run"}, always=True),
    Column(
        key="psnr",
        head="PSNR",
        meaning="PSNR of the output, the mean over images.",
        unit="dB",
        decimals=2,
        shown=TABLES | {"run", "comparison"},
        interval=EVALUATION | {"html"},
        always=True,
    ),
    Column(
        key="gain",
        head="Gain",
        meaning="PSNR of the output - PSNR of the input.",
        unit="dB",
        style="gain",
        decimals=2,
        shown=PAGES | {"run"},
        always=True,
    ),
    Column("ssim_noisy", "SSIM noisy", "SSIM of the input.", page_decimals=3, shown=PAGES | {"run"}, always=True),
    Column(
        key="ssim",
        head="SSIM",
        meaning="SSIM of the output, the mean over images.",
        page_decimals=3,
        shown=TABLES | {"run", "comparison"},
        interval=FILES | {"html"},
        always=True,
    ),
    Column("psnr_y", "PSNR Y", "PSNR of the luma of the output.", "dB", decimals=2),
    Column("psnr_y_noisy", "PSNR Y noisy", "PSNR of the luma of the input.", "dB", decimals=2, shown=PAGES),
    Column("sigma_estimated", "Sigma est.", "Noise level estimated from the input.", decimals=1, page_decimals=2),
    Column("params", "Parameters", "Learned numbers of the model.", style="short", shown=EVALUATION),
    Column("macs", "MACs", "Multiply-accumulates for a 256 x 256 image.", style="short", shown=EVALUATION),
    Column("seconds_per_megapixel", "Time", "Median over images, without the first.", "s/MP", style="speed"),
)
"""The columns of the result tables, from left to right. A figure without an entry, such as LPIPS, has the
column that `metric` returns."""
BY_KEY = {column.key: column for column in COLUMNS}


def metric(name: str) -> Column:
    """The column of a figure that has no entry in COLUMNS."""
    return Column(name, name, f"{name}, the mean over images.")
