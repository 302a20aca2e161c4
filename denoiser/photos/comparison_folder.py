"""The mark of a folder that holds a before/after page: the pictures in it are not denoised."""

from __future__ import annotations

COMPARED = ".denoiser-compare"
"""Name of the file that marks such a folder."""
