"""Datasets: one file each, all of them pairs of noisy and clean images."""
