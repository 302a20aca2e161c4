"""Denoising many pictures in one command: planned, distributed to processes, read ahead and written in threads."""
