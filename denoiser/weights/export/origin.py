"""Where a model comes from: how it was trained, and what an evaluation measured of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from denoiser.config import RUN
from denoiser.errors import DenoiserError
from denoiser.noise.levels import LEVEL_KEYS
from denoiser.runs.folder import command_line, overrides, results, seconds
from denoiser.weights.load import Opened

EVALUATION_KEYS = ("protocol", "seed", "draws", "device", "commit")
ROW_KEYS = (
    *("data", "channels", "noise", *LEVEL_KEYS, "n_images"),
    *("psnr_noisy", "psnr", "psnr_interval", "ssim_noisy", "ssim", "ssim_interval"),
)


def training(opened: Opened) -> dict[str, Any] | None:
    """How a model was trained.

    Returns:
        `command`, `commit`, `device`, `seconds`, and of these weights `steps` and `epoch` (1 is the first), of the
        training `epochs`; each None where it is not recorded. An export holds them, and the run folder of a
        checkpoint does. None for published weights.
    """
    if "steps" not in opened.facts:
        return opened.facts.get("training")
    folder, steps, epoch = opened.file.absolute().parent, opened.facts["steps"], opened.facts["epoch"]
    run = folder.parent if folder.name == "checkpoints" else folder
    record = results(run)
    command = record.get("command")
    if command is None and (run / ".hydra" / "overrides.yaml").is_file():  # the run is not finished
        command = command_line(RUN, overrides(run))
    return {
        "command": command,
        "commit": record.get("commit"),
        "device": record.get("device"),
        "seconds": seconds(run),
        "steps": steps if isinstance(steps, int) else None,
        "epoch": epoch + 1 if isinstance(epoch, int) else None,
        "epochs": record.get("epochs"),
    }


def measured(folder: Path, sha256: str) -> list[dict[str, Any]]:
    """The rows of an evaluation that are about an exported file.

    Args:
        folder: folder of the evaluation.
        sha256: sha256 of the file, in hexadecimal.

    Raises:
        DenoiserError: the folder holds no finished evaluation, or the evaluation is of other files.
    """
    record = results(folder)
    if record.get("kind") != "evaluation" or record.get("status") != "ok":
        fix = "give the folder of a `denoiser evaluate` that finished"
        raise DenoiserError(f"no finished evaluation in the folder (--results {folder})", fix)
    methods = {method["method"]: method for method in record["methods"] if method.get("sha256") == sha256}
    if not methods:
        what = f"the evaluation is of other weights: none has sha256 {sha256[:12]}... (--results {folder})"
        raise DenoiserError(what, "export without --results, then denoiser evaluate checkpoint=NAME.safetensors")
    shared = {key: record.get(key) for key in EVALUATION_KEYS}
    return [
        {**{key: row.get(key) for key in ROW_KEYS}, **shared, "leak": methods[row["method"]]["leak"]}
        for row in record["rows"]
        if row["method"] in methods
    ]
