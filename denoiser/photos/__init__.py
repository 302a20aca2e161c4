"""Denoising photographs at their full depth: `batch` denoises many of them in one command."""
