"""`denoiser report`: run folders in, pages out."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.machine.files import write_text
from denoiser.reports.run_page import write_report
from denoiser.reports.tables import render
from denoiser.reports.tables.format import printable
from denoiser.runs import gather
from denoiser.runs.reading import content, read


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    return failures.guarded(lambda: _command(_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    folders = gather.gather(options.runs)
    if options.out is None and len(options.runs) == 1:
        print(_again(options.runs[0]), options.runs[0], sep="\n")
        return 0
    from denoiser.reports.comparison.write import write_comparison

    out = options.out or Path("outputs", time.strftime("report-%Y-%m-%d-%H-%M-%S"))
    print(printable(write_comparison(folders, out, options.overwrite)))
    print(f"report: {out / 'report.html'}", out, sep="\n")
    return 0


def _again(folder: Path) -> Path:
    """Write the page of a run, an evaluation or a sweep once more, in its own folder; of an evaluation its tables too.

    What is damaged is said.
    """
    from denoiser.reports.sweep_page import write_summary

    if not gather.is_run(folder):
        return write_summary(folder)
    found, results = read(folder), content(folder)
    if found["kind"] == "evaluation" and found["rows"]:
        write_text(folder / "table.md", printable(render.markdown(results), "utf-8"))
        write_text(folder / "table.tex", printable(render.latex(results), "utf-8"))
    if found["status"] == "damaged":
        print(f"damaged: {found['error']}")
    return write_report(folder)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        "denoiser report",
        description="The page of one run, evaluation or sweep once more; of several, one comparison.",
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run, an evaluation or a sweep")
    where = (
        "folder of the comparison: report.html, table.md, table.tex, results.csv (default: outputs/report-DATE-TIME)"
    )
    parser.add_argument("-o", "--out", type=Path, help=where)
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier comparison in OUT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
