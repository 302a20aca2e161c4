"""Datasets of pairs of noisy and clean pictures, one file each."""
