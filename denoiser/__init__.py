"""Train, compare and use image denoisers: `denoiser.load("outputs/DATE/TIME")(noisy)`."""

from denoiser.weights.load import load

__all__ = ["load"]
