"""Synthetic training pictures of dead leaves."""
