"""Denoising networks: one file per family."""
