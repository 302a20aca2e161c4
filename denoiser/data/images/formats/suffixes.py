"""The suffixes of picture files: which of them are read, written, and searched for in folders."""

from __future__ import annotations

SUFFIXES = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pnm"),
    "NPY": (".npy",),
}
"""The suffixes of each format that is read, the usual one first."""
READ = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
"""The suffixes of pictures that `denoiser denoise` looks for in folders."""
WRITTEN = READ - {".apng", ".mpo", ".gif"}
"""The suffixes of pictures that `denoiser denoise` writes."""
TRAINING = WRITTEN - {".jpe", ".jfif", ".dib", ".pnm", ".npy"}
"""The suffixes of the 8-bit pictures that runs and tests write."""


def format_of(suffix: str) -> str:
    """The format of a suffix in `READ`."""
    return next(format for format, suffixes in SUFFIXES.items() if suffix in suffixes)


def written(format: str) -> tuple[str, ...]:
    """The suffixes with which a format is written, the usual one first."""
    return tuple(suffix for suffix in SUFFIXES[format] if suffix in WRITTEN)


def instead(option: str) -> str:
    """How to ask for another format, whether the output is a file or a folder."""
    return f"a name ending in {SUFFIXES[option.upper()][0]} as -o, or --format {option} for a folder"


def not_written(suffix: str) -> str:
    """Why no file can be written whose name ends in this suffix, in lower case."""
    if not suffix:
        return "the name of the output has no ending such as .png, which says the format"
    return f"{suffix} files are {'read, but ' if suffix in READ else ''}not written"


def listed(suffixes: frozenset[str]) -> str:
    """The suffixes in the order of the alphabet, for messages."""
    return ", ".join(sorted(suffixes))
