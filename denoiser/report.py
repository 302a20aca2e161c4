"""`denoiser report`: write the page of a run, an evaluation or a sweep again, or compare several of them."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from denoiser.cli import failures
from denoiser.cli.arguments import Parser
from denoiser.errors import DenoiserError, nearest
from denoiser.machine.files import write_text
from denoiser.machine.terminal import printable, say
from denoiser.reports.pages import write_summary
from denoiser.reports.run_page import write_run_page
from denoiser.reports.tables import render
from denoiser.runs import gather
from denoiser.runs.reading import read
from denoiser.trust import without_overrides


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    with without_overrides("report"):
        return failures.guarded(lambda: _command(command_parser().parse_args(arguments)))


def _command(options: argparse.Namespace) -> int:
    folders = gather.gather(options.runs)
    labels = dict(_label(label, [*options.runs, *folders]) for label in options.label)
    if options.out is None and len(options.runs) == 1:
        if labels:
            raise DenoiserError("a label is for a comparison (--label)", "name several runs, or -o FOLDER")
        say(_rewrite(options.runs[0]), options.runs[0], sep="\n")
        return 0
    from denoiser.reports.comparison.write import write_comparison

    out = options.out or Path("outputs", time.strftime("report-%Y-%m-%d-%H-%M-%S"))
    say(write_comparison(folders, out, options.overwrite, labels))
    say(f"report: {out / 'report.html'}", out, sep="\n")
    return 0


def _label(argument: str, runs: Sequence[Path]) -> tuple[Path, str]:
    """The folder and the name of RUN=NAME.

    Raises:
        DenoiserError: it has another form, or the folder is none of `runs`.
    """
    folder, _, name = argument.partition("=")
    if not folder or not name:
        raise DenoiserError(f"a label needs a folder and a name (--label {argument})", "--label RUN=NAME")
    if Path(folder).resolve() not in [run.resolve() for run in runs]:
        near = nearest(folder, list(map(str, runs))) or runs[0]
        what = f"no run of this comparison has the folder {folder} (--label {argument})"
        raise DenoiserError(what, shlex.join(["--label", f"{near}={name}"]))
    return Path(folder).resolve(), name


def _rewrite(folder: Path) -> Path:
    """Write the page of a run, an evaluation or a sweep again, and the tables of an evaluation."""
    if not gather.is_run(folder):
        return write_summary(folder)
    run = read(folder)
    if run.evaluation and run.rows:
        write_text(folder / "table.md", printable(render.markdown(run), "utf-8"))
        write_text(folder / "table.tex", printable(render.latex(run), "utf-8"))
    if run.status == "damaged":
        say(f"damaged: {run.error}")
    return write_run_page(run)


def command_parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    parser = Parser(
        "denoiser report",
        description="Write the page of a run, an evaluation or a sweep again, or compare several of them.",
        allow_abbrev=False,
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folder of a run, an evaluation or a sweep")
    out = "folder of the comparison: report.html, table.md, table.tex, results.csv (default: outputs/report-DATE-TIME)"
    parser.add_argument("-o", "--out", type=Path, help=out)
    label = "add [NAME] to the lines of RUN in a comparison; for two runs of one model and seed"
    parser.add_argument("--label", action="append", default=[], metavar="RUN=NAME", help=label)
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier comparison in OUT")
    return parser


if __name__ == "__main__":
    sys.exit(main())
