"""The published files of weights that `published.json` lists: where to download them, and what their blocks hash to."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from denoiser.errors import DenoiserError
from denoiser.machine.files import missing

BLOCK = 2**16
"""Bytes of a block, which has a hash of its own."""
LIST = Path(__file__).with_name("published.json")


def missing_file(path: Path) -> DenoiserError:
    """The error for a missing file of weights; its fix is the address of a listed file, else the nearest name."""
    error = missing("file of weights", path)
    url = next((entry["url"] for entry in _entries() if entry["url"].rpartition("/")[2] == path.name), None)
    return DenoiserError(error.what, f"download {url}") if url else error


def check_unaltered(content: bytes, sha256: str, path: Path) -> None:
    """Refuse a listed file that was altered in a few places: old pickles have no checksum of their own.

    Args:
        content: content of the file.
        sha256: its sha256, in hexadecimal.
        path: the file, for the error.

    Raises:
        DenoiserError: more than half of its blocks, but not all, are those of a listed file of its size.
    """
    for entry in _entries():
        if entry["size"] != len(content) or entry["sha256"] == sha256:
            continue
        hashes = [hashlib.sha256(content[i : i + BLOCK]).hexdigest()[:8] for i in range(0, len(content), BLOCK)]
        equal = sum(map(str.__eq__, hashes, entry["blocks"]))
        # Other weights of the same network share no block.
        if equal > len(hashes) // 2:
            altered = f"{len(hashes) - equal} of its {len(hashes)} blocks are altered"
            raise DenoiserError(
                f"the file is {entry['name']}, but {altered} ({path})",
                f"download it again: {entry['url']}; if it was changed on purpose, save it as .safetensors",
            )


def _entries() -> list[dict[str, Any]]:
    return json.loads(LIST.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
