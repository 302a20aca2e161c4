"""Noise models, one file for each family."""
