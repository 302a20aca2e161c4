"""Published files of weights that `published.json` lists, known by their names, their sizes and their blocks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import missing

BLOCK = 2**16  # bytes under one digest
HERE = Path(__file__).with_name("published.json")


def absent(path: Path) -> DenoiserError:
    """The error for a file of weights that is not there: a listed one is told its address, others the nearest name."""
    told = missing("file of weights", path)
    url = next((known["url"] for known in _listed() if known["url"].rpartition("/")[2] == path.name), None)
    return DenoiserError(told.what, f"download {url}") if url else told


def refuse_altered(content: bytes, digest: str, path: Path) -> None:
    """Refuse a listed file that differs in a few places: old pickles have no checksum of their own.

    Args:
        content: of the file.
        digest: its sha256, hexadecimal.
        path: the file, for the error.

    Raises:
        DenoiserError: more than half of its blocks are those of a listed file of its size, and not all.
    """
    for known in _listed():
        if known["size"] != len(content) or known["sha256"] == digest:
            continue
        found = [hashlib.sha256(content[i : i + BLOCK]).hexdigest()[:8] for i in range(0, len(content), BLOCK)]
        same = sum(map(str.__eq__, found, known["blocks"]))
        # Of other weights of the same network no block is the same.
        if same > len(found) // 2:
            raise DenoiserError(
                f"the file is {known['name']}, but {len(found) - same} of its {len(found)} blocks are altered ({path})",
                f"download it again: {known['url']}; if it was changed on purpose, save it as .safetensors",
            )


def _listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(HERE.read_text(encoding="utf-8"))
    return found
