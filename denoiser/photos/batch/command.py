"""What `denoiser denoise` does once its options are read."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.cli import failures
from denoiser.data.images import reading, writing
from denoiser.errors import INTERRUPTED, NOT_POSSIBLE, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.photos.batch.inputs import left_out
from denoiser.photos.batch.leftovers import remove
from denoiser.photos.batch.messages import kept, summary, unread
from denoiser.photos.batch.plan import FORMATS, Job, Plan, plan
from denoiser.photos.batch.processes import Ranks, joined
from denoiser.photos.batch.reader import Failure
from denoiser.photos.model_choice import Choice, Models
from denoiser.reports.tables.format import printable

if TYPE_CHECKING:
    import torch

    from denoiser.photos.batch.progress import Pace
    from denoiser.photos.batch.writer import Writer
    from denoiser.photos.before_after import Pages


KINDS = {1: "grey", 3: "colour"}


def denoise_pictures(options: argparse.Namespace) -> int:
    """Denoise what `denoiser denoise` was asked for, with the other processes of a launcher. Returns the exit code."""
    with _told_of_a_stop(), joined() as ranks:
        try:
            code = failures.guarded(lambda: _command(options, ranks))
        except SystemExit as told:  # by the first process
            code = int(told.code or 0)
        if code in (0, SOME_FAILED, NOT_POSSIBLE):  # a launcher that sees one process fail ends the others
            ranks.wait()
        return code


@contextmanager
def _told_of_a_stop() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as stop:
        raise _stopped(stop, "every file that is there is whole", "the same command goes on") from None


@_told_of_a_stop()
def _command(options: argparse.Namespace, ranks: Ranks) -> int:
    choice = Choice(options.model, options.checkpoint, options.weights)
    mine = ranks.dealt(lambda: _plan(options).shares(ranks.world))
    failures = [Failure(path, unread(path, reason)) for path, reason in mine.unread]
    if mine.others:
        _say(left_out(mine.others))
    if mine.kept:
        _say(kept(len(mine.kept), mine.older))
    if options.dry_run:
        failures += _dry_run(mine.jobs, _models(choice, options, ranks), options)
    else:
        failures += _denoised(mine, choice, options, ranks)
    if ranks.first and os.path.lexists(options.out):
        _say(str(options.out))
    if failures:
        raise summary(failures, len(mine.jobs) + len(mine.unread))
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    made = plan(options.paths, options.out, options.overwrite, FORMATS.get(options.format, ()))
    if options.compare:
        _pages(made, options.out).check()
    return made


def _denoised(mine: Plan, choice: Choice, options: argparse.Namespace, ranks: Ranks) -> list[Failure]:
    """Do the work of this process; gives back which pictures could not be done."""
    failures: list[Failure] = []
    pages = _pages(mine, options.out) if options.compare else None
    if mine.jobs:
        pace, writer = _run(mine, choice, options, ranks, pages)
        for remark in writer.remarks:
            _say(f"note: {remark}")
        if pace.done:
            _say(pace.summary())
        failures = writer.failures
    ranks.wait()  # for the pages, which are of everybody's pictures
    if ranks.first:
        remove(mine.leftovers)
        if pages:
            _show(pages, mine)
    return failures


def _show(pages: Pages, mine: Plan) -> None:
    lacking = pages.lacking(job.source for job in mine.kept)
    if lacking:
        counted = "1 result is" if lacking == 1 else f"{lacking} results are"
        _say(
            f"{counted} not on the page of before and after; --overwrite makes {'it' if lacking == 1 else 'them'} anew"
        )
    if pages.any():
        _say(f"before and after: {pages.finish()}")


def _run(
    mine: Plan, choice: Choice, options: argparse.Namespace, ranks: Ranks, pages: Pages | None
) -> tuple[Pace, Writer]:
    from denoiser.photos.batch import predict
    from denoiser.photos.batch.progress import Pace

    models = _models(choice, options, ranks)
    pace = Pace(len(mine.jobs), sum(job.size for job in mine.jobs), shown=ranks.first)
    try:
        with pace:
            limits = options.max_pixels, options.bits
            return pace, predict.run(models, mine.jobs, pace, *limits, pages, ranks.beside)
    except KeyboardInterrupt as stop:
        again = "the same command without --overwrite" if options.overwrite else "the same command"
        done = f"{pace.done} of {pace.pictures} pictures are done ({options.out})"
        raise _stopped(stop, done, f"{again} goes on with the others") from None


def _models(choice: Choice, options: argparse.Namespace, ranks: Ranks) -> Models:
    """What pictures are denoised with, loaded."""
    from denoiser.photos.restore import Options

    how = Options(options.sigma, options.strength, options.chroma_only, options.tile, options.precision)
    models = Models(choice, _device(options.device, ranks), how)
    models.check()
    return models


def _stopped(stop: KeyboardInterrupt, how_far: str, fix: str) -> DenoiserError:
    terminated = "terminated" in stop.args
    how, code = ("terminated", TERMINATED) if terminated else ("interrupted", INTERRUPTED)
    return DenoiserError(f"{how}: {how_far}", fix, code)


def _device(name: str, ranks: Ranks) -> torch.device:
    """The device of this process: several processes on one machine get a GPU each, as far as there are so many."""
    import torch

    from denoiser.machine import hardware

    try:
        device = hardware.device(name)
    except DenoiserError as error:
        raise DenoiserError(f"there is no device '{name}' here (--device {name})", "--device cpu") from error
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", ranks.local % torch.cuda.device_count())
    return device


def _pages(mine: Plan, out: Path) -> Pages:
    """In the folder of results, or beside the one file that is written."""
    from denoiser.photos.before_after import Pages

    alone = any(job.target == str(out) for job in (*mine.jobs[:1], *mine.kept[:1]))
    return Pages(out.with_name(f"{out.stem}-compare") if alone else out / "compare")


def _dry_run(jobs: Sequence[Job], models: Models, options: argparse.Namespace) -> list[Failure]:
    """Say what would be done, from the pictures' headers; gives back which of them could not be done."""
    failures = []
    for job in jobs:
        try:
            header = reading.header(Path(job.source), options.max_pixels)
            writing.check(Path(job.target), header, options.bits)
        except DenoiserError as error:
            failures.append(Failure(job.source, error))
            continue
        size = f"{header.width}x{header.height}, {KINDS[header.channels]}, {header.bits} bits"
        _say(f"{job.source} -> {job.target} ({size}, {models.name(header.channels)})")
    return failures


def _say(line: str) -> None:
    print(printable(line.replace("\n", "?")), flush=True)
