"""The mark of a folder of pictures before and after, which are not pictures to denoise."""

from __future__ import annotations

COMPARED = ".denoiser-compare"
"""Name of the file that marks such a folder."""
"""A file by which folders of pictures before and after are told; what is in them is not denoised."""
