"""What is known of a network that is exported: the model itself, what it was trained on, how and at which commit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from denoiser.config import RUN
from denoiser.errors import DenoiserError
from denoiser.runs import checkpoint
from denoiser.runs.folder import command_line, results, seconds
from denoiser.weights import exported, published, rebuild
from denoiser.weights.load import content, file_of, is_exported, is_published
from denoiser.weights.published import Published

if TYPE_CHECKING:
    from denoiser.training.module import Denoiser

OF_RESULTS = ("protocol", "seed", "draws", "device", "commit")
OF_ROWS = (
    *("data", "channels", "noise", "sigma", "n_images"),
    *("psnr_noisy", "psnr", "psnr_interval", "ssim_noisy", "ssim", "ssim_interval"),
)


@dataclass(frozen=True)
class Origin:
    """A network and what is known of it.

    Attributes:
        model: on the CPU, in evaluation mode.
        name: what its files are called unless told otherwise.
        seen: what is recorded of the pictures trained and selected on.
        facts: `training` and, of what was exported before, `results` with the `sha256` that they are of.
    """

    model: Denoiser | Published
    name: str
    seen: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def origin(name_or_path: str | os.PathLike[str]) -> Origin:
    """The network behind a shipped name, a run folder, a checkpoint, an exported file or published weights.

    Raises:
        DenoiserError: see `denoiser.load`.
    """
    file = file_of(name_or_path)
    if is_published(file):
        return Origin(published.read(file), file.stem)
    found = content(file)
    model, seen = rebuild.fitted(found, file), checkpoint.seen(found, file)
    if is_exported(file):
        told = exported.facts(file)
        kept: dict[str, Any] = {key: told[key] for key in ("training", "results", "sha256") if key in told}
        return Origin(model, file.stem, seen, kept)
    return Origin(model, str(model.name), seen, {"training": _training(file, found)})


def _training(file: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Command, commit, device and duration where the checkpoint lies in its run folder; None where not recorded."""
    folder, steps = file.absolute().parent, found.get("global_step")
    run = folder.parent if folder.name == "checkpoints" else folder
    record, overrides = results(run), run / ".hydra" / "overrides.yaml"
    command = record.get("command")
    if command is None and overrides.is_file():  # the run is not finished
        command = command_line(RUN, [str(one) for one in OmegaConf.load(overrides)])
    known = {"commit": record.get("commit"), "device": record.get("device"), "seconds": seconds(run)}
    return {"command": command, **known, "steps": steps if isinstance(steps, int) else None}


def measured(folder: Path, sha256: str) -> list[dict[str, Any]]:
    """What an evaluation found of an exported file.

    Args:
        folder: of the evaluation.
        sha256: of the file.

    Raises:
        DenoiserError: the folder holds no finished evaluation, or none of this very file.
    """
    record = results(folder)
    if record.get("kind") != "evaluation" or record.get("status") != "ok":
        fix = "give a folder that `denoiser evaluate` has written"
        raise DenoiserError(f"no finished evaluation in the folder (--results {folder})", fix)
    mine = {one["method"]: one for one in record["methods"] if one.get("sha256") == sha256}
    if not mine:
        what = f"the evaluation is of other weights: none has sha256 {sha256[:12]}... (--results {folder})"
        raise DenoiserError(what, "export without --results, then denoiser evaluate checkpoint=NAME.safetensors")
    common = {key: record.get(key) for key in OF_RESULTS}
    return [
        {**{key: row.get(key) for key in OF_ROWS}, **common, "leak": mine[row["method"]]["leak"]}
        for row in record["rows"]
        if row["method"] in mine
    ]
