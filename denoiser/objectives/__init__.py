"""Objectives, what a network is trained to do: a file for each."""
