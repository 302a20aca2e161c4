"""What a file of weights is, by its first bytes: a checkpoint, an export or published weights. Without torch."""

from __future__ import annotations

import zipfile
from pathlib import Path

PUBLISHED = (".pth", ".pt", ".safetensors")
"""Suffixes that files of published weights usually have."""
PICKLE = b"\x80"
"""First byte of a pickle; torch.save wrote bare pickles before it wrote zips."""
EXPORT = b'{"__metadata__":{"denoiser":'
"""What follows the 8 bytes of the length in a `.safetensors` of `denoiser export`."""
LARGEST_PICKLE = 1 << 26
"""Largest pickle in a zip that is looked into, in bytes. It holds no tensors, so that real ones are far smaller."""


def is_safetensors(content: bytes) -> bool:
    """Whether a file's content, or its first bytes, is that of a safetensors file: a length, then JSON."""
    return content[5:9] == b"\0\0\0{"


def is_export(file: Path) -> bool:
    """Whether a file is a `.safetensors` of `denoiser export`."""
    return _head(file)[8:] == EXPORT


def is_published(file: Path) -> bool:
    """Whether a file holds published weights, rather than a checkpoint or an export of this project.

    Its content decides; its suffix does where the content is damaged or of no such format.
    """
    head = _head(file)
    if is_safetensors(head):
        return head[8:] != EXPORT
    checkpoint = _is_checkpoint(file)
    if checkpoint is None:
        return head.startswith(PICKLE) or file.suffix.lower() in PUBLISHED
    return not checkpoint


def _head(file: Path) -> bytes:
    """The first bytes of a file; none where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(8 + len(EXPORT))
    except OSError:
        return b""


def _is_checkpoint(file: Path) -> bool | None:
    """Whether a zip of torch.save is a checkpoint of `denoiser run`; None where the file is no such zip."""
    try:
        with zipfile.ZipFile(file) as archive:
            (entry,) = (entry for entry in archive.infolist() if entry.filename.endswith("/data.pkl"))
            pickled = archive.read(entry) if entry.file_size < LARGEST_PICKLE else b""
    except Exception:  # zipfile raises many kinds of errors for a damaged file
        return None
    return b"hyper_parameters" in pickled and b"objective" in pickled
