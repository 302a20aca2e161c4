"""The work of `denoiser denoise` once its options are parsed: plan, denoise, report."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from denoiser.cli import failures
from denoiser.data.images import reading, white
from denoiser.data.images.search import unread
from denoiser.data.images.stacks import Stack
from denoiser.errors import INTERRUPTED, NOT_POSSIBLE, SOME_FAILED, TERMINATED, DenoiserError
from denoiser.inference import chroma
from denoiser.machine.files import temporary_stem
from denoiser.machine.terminal import say
from denoiser.photos import hidden
from denoiser.photos.batch import pages
from denoiser.photos.batch.leftovers import remove
from denoiser.photos.batch.messages import Failure, described, kept, summary
from denoiser.photos.batch.plan import FORMATS, Job, Plan, plan
from denoiser.photos.batch.processes import Processes, joined
from denoiser.photos.batch.reader import FileOptions, SeveralPages
from denoiser.photos.model_choice import ModelChoice, Models
from denoiser.photos.options import Options

if TYPE_CHECKING:
    import torch

    from denoiser.photos.batch.progress import BatchProgress
    from denoiser.photos.batch.writer import Writer
    from denoiser.photos.before_after import BeforeAfterPages


def denoise_pictures(options: argparse.Namespace) -> int:
    """Denoise the pictures of `denoiser denoise`, with the other processes of a launcher. Returns the exit code."""
    with _interruption_message(), joined() as processes:
        try:
            code = failures.guarded(lambda: _command(options, processes))
        except SystemExit as stop:  # the first process has failed
            code = int(stop.code or 0)
        if code in (0, SOME_FAILED, NOT_POSSIBLE):  # a launcher ends all processes as soon as one fails
            processes.wait()
        return code


@contextmanager
def _interruption_message() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise _interrupted(interrupt, "every file written so far is complete", "the same command resumes") from None


@_interruption_message()
def _command(options: argparse.Namespace, processes: Processes) -> int:
    choice = ModelChoice(options.model, options.checkpoint, options.weights)
    share = processes.share(lambda: _plan(options).shares(processes.world_size))
    failed = [Failure(path, unread(path, reason)) for path, reason in share.unread]
    for line in share.skipped.messages():
        _print(line)
    if share.kept:
        _print(kept(len(share.kept), share.older))
    if options.dry_run:
        failed += _dry_run(share.jobs, _models(choice, options, processes), options)
    else:
        failed += _denoise(share, choice, options, processes)
    if processes.is_first and os.path.lexists(options.out):
        _print(str(options.out))
    if failed:
        named = len(options.paths) == 1 and os.path.isfile(options.paths[0])
        raise summary(failed, len(share.jobs) + len(share.unread), named)
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    pictures = plan(options.paths, options.out, options.overwrite, FORMATS.get(options.format, ()), options.pages)
    if options.axes and not any(reading.is_array(job.source) for job in (*pictures.jobs, *pictures.kept)):
        what = f"--axes is for arrays in .npy files, and there is none (--axes {options.axes})"
        raise DenoiserError(what, "leave out --axes")
    if options.compare:
        _pages(pictures, options).check()
    return pictures


def _dry_run(jobs: Sequence[Job], models: Models, options: argparse.Namespace) -> list[Failure]:
    """Print what would be done, by the pictures' headers, or their noise; returns those that could not be denoised."""
    failed, files = [], _files(options)
    for job in jobs:
        try:
            stack = files.opened(job)
            route = _measured_route(stack, models) if options.verbose else models.routes(stack.headers[0])
        except DenoiserError as error:
            failed.append(Failure(job.source, error))
            continue
        _print(f"{job.source} -> {job.target} ({described(stack.headers)}, {route})")
    return failed


def _measured_route(stack: Stack, models: Models) -> str:
    """The route of a picture, or of the pages of a file, and its noise, by its pixels."""
    if len(stack) > 1:
        noise, _ = pages.noise(SeveralPages(stack, stack.levels()), models)
        header, equal_channels = stack.headers[0], False
    else:
        photo = white.exposed(hidden.filled(stack.read()))
        equal_channels, header = chroma.has_equal_channels(photo.pixels), photo.header
        noise = models.measured(photo, equal_channels)
    route = str(models.route(header, equal_channels, noise))
    return route if noise is None else f"{route}; {noise}"


def _files(options: argparse.Namespace) -> FileOptions:
    return FileOptions(options.max_pixels, options.bits, options.pages, options.axes, keep_times(options))


def _denoise(share: Plan, choice: ModelChoice, options: argparse.Namespace, processes: Processes) -> list[Failure]:
    """Do the work of this process; returns the pictures that failed."""
    failed: list[Failure] = []
    shown = _pages(share, options) if options.compare else None
    if share.jobs:
        progress, writer = _run(share, choice, options, processes, shown)
        for note in writer.notes:
            _print(f"note: {note}")
        if progress.done:
            _print(progress.summary())
        failed = writer.failures
    processes.wait()  # the before/after pages show the pictures of all processes
    if processes.is_first:
        remove(share.leftovers)
        if shown:
            _finish(shown, share)
    return failed


def _run(
    share: Plan,
    choice: ModelChoice,
    options: argparse.Namespace,
    processes: Processes,
    shown: BeforeAfterPages | None,
) -> tuple[BatchProgress, Writer]:
    from denoiser.photos.batch import predict
    from denoiser.photos.batch.progress import BatchProgress

    models, plain = _models(choice, options, processes), None
    if shown and models.options != models.options.plain:
        shown.settings, plain = models.options.settings, Models(choice, models.device, models.options.plain)
    progress = BatchProgress(len(share.jobs), sum(job.size for job in share.jobs), shown=processes.is_first)
    try:
        with progress:
            files, local = _files(options), processes.local_world_size
            return progress, predict.run(models, share.jobs, progress, files, shown, local, plain)
    except KeyboardInterrupt as interrupt:
        command = "the same command without --overwrite" if options.overwrite else "the same command"
        done = f"{progress.done} of {progress.pictures} pictures are done ({options.out})"
        raise _interrupted(interrupt, done, f"{command} resumes with the others") from None


def keep_times(options: argparse.Namespace) -> bool:
    """Whether outputs get the modification times of their inputs: by default unless each PATH is a picture itself."""
    if options.keep_times is not None:
        return bool(options.keep_times)
    return not all(os.path.isfile(path) for path in options.paths)


def _models(choice: ModelChoice, options: argparse.Namespace, processes: Processes) -> Models:
    """The models, loaded and checked against the options."""
    keys = {field.name: getattr(options, field.name) for field in dataclasses.fields(Options)}
    models = Models(choice, _device(options.device, processes), Options(**keys))
    models.check()
    return models


def _device(name: str, processes: Processes) -> torch.device:
    """The device of this process: the processes on one machine share its GPUs in turn."""
    import torch

    from denoiser.machine import hardware

    try:
        device = hardware.device(name)
    except DenoiserError as error:
        raise DenoiserError(f"this machine has no device '{name}' (--device {name})", "--device cpu") from error
    if device.type == "cuda" and device.index is None:
        return torch.device("cuda", processes.local_rank % torch.cuda.device_count())
    return device


def _pages(share: Plan, options: argparse.Namespace) -> BeforeAfterPages:
    """The before/after pages, in the output folder or beside the one output file."""
    from denoiser.photos.before_after import BeforeAfterPages

    out: Path = options.out
    single = any(job.target == str(out) for job in (*share.jobs[:1], *share.kept[:1]))
    folder = out.with_name(f"{temporary_stem(out.stem)}-compare") if single else out / "compare"
    return BeforeAfterPages(folder, options.pages)


def _finish(pages: BeforeAfterPages, share: Plan) -> None:
    missing = pages.missing(job.source for job in share.kept)
    if missing == 1:
        _print("1 output is not on the before/after page; --overwrite denoises it again")
    elif missing:
        _print(f"{missing} outputs are not on the before/after page; --overwrite denoises them again")
    if pages.any():
        _print(f"before and after: {pages.finish()}")


def _interrupted(interrupt: KeyboardInterrupt, done: str, fix: str) -> DenoiserError:
    terminated = "terminated" in interrupt.args
    name, code = ("terminated", TERMINATED) if terminated else ("interrupted", INTERRUPTED)
    return DenoiserError(f"{name}: {done}", fix, code)


def _print(line: str) -> None:
    say(line.replace("\n", "?"))
