"""Train, compare and use image denoisers: `denoiser.load("outputs/DATE/TIME")(noisy)`."""

from denoiser.load import load

__all__ = ["load"]
