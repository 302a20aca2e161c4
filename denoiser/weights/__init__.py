"""Weights from files: checkpoints, exports, published files, and those that ship."""
