"""Train, compare and use image denoisers."""
